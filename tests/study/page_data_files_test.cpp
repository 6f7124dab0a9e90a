#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/io/json.hpp"
#include "markup_check.hpp"
#include "study/page/data_files.hpp"

namespace page_data_files_test {

using namespace study;
using markup_check::has;

namespace {

Results with(const std::string& task, const Record& record) {
  Results results{Settings{}};
  results.add(task, record);
  return results;
}

Record record_of(const std::string& name, const std::string& value) {
  Record record;
  record.set(name, value);
  return record;
}

/// How a value stands in the JSON file.
std::string value(const std::string& recorded) {
  const std::string all = json(Page{}, with("t", record_of("v", recorded)));
  const std::string before = "\"v\": ";
  const auto at = all.find(before) + before.size();
  return all.substr(at, all.find("}\n", at) - at);
}

}  // namespace

TEST_CASE("JSON: numbers are numbers, words are strings, what is no number is null") {
  CHECK(value("0.10000000000000001") == "0.10000000000000001");
  CHECK(value("-1.5e-07") == "-1.5e-07");
  CHECK(value("1 2.5 nan -inf") == "[1, 2.5, null, null]");
  CHECK(value("nan") == "null");
  CHECK(value("-nan") == "null");
  CHECK(value("cosine") == "\"cosine\"");
  CHECK(value("") == "\"\"");
  CHECK(value("1 and 2") == "\"1 and 2\"");
}

TEST_CASE("JSON: what C takes as a number and JSON does not is a string") {
  for (const std::string text : {"007", "+1", ".5", "5.", "0x10", "1e", "-", "1  2", " 1", "2026-11-29", "infinity"}) {
    CHECK(value(text) == "\"" + text + "\"");
  }
}

TEST_CASE("JSON: the whole can be read, with everything in it that must be escaped") {
  Record record;
  record.set("steps", 120.0);
  record.set("series", std::vector<double>{1, 2});
  record.set("say \"it\"", "back\\slash, \xC3( and \x01");
  Page page;
  page.title = "A \"title\"";
  page.answer = "One.\n\nTwo.";
  page.run = {{"Workers", "2"}, {"Seed", "1"}};
  Entry first{7, "It is \"so\"", {}};
  first.section.verdict = {Outcome::conditional, "a rule", "because"};
  page.entries = {first, Entry{8, "And so", {}}};
  Results results = with("a.1", record);
  results.add("b", Record{});

  const auto all = ink::io::parse_json(json(page, results));
  CHECK(all.find("title")->string() == "A \"title\"");
  CHECK(all.find("answer")->string() == "One.\n\nTwo.");
  CHECK(all.find("run")->find("Workers")->string() == "2");
  CHECK(all.find("verdicts")->items().size() == 2);
  const auto verdict = *all.find("verdicts")->items().begin();
  CHECK(verdict.find("claim")->integer() == 7);
  CHECK(verdict.find("outcome")->string() == "supported only when");
  CHECK(verdict.find("rule")->string() == "a rule");
  const auto task = *all.find("tasks")->find("a.1");
  CHECK(task.find("steps")->integer() == 120);
  CHECK(task.find("series")->items().size() == 2);
  CHECK(task.find("say \"it\"")->string() == "back\\slash, \xEF\xBF\xBD( and \x01");
  CHECK(all.find("tasks")->find("b")->members().empty());
}

TEST_CASE("JSON: an empty study can be read") {
  CHECK(ink::io::parse_json(json(Page{}, Results{Settings{}})).find("tasks"));
}

TEST_CASE("CSV: a line a number, quoted where it must be") {
  Record record;
  record.set("fd", 0.5);
  record.set("loss", std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()});
  record.set("a,b", "say \"it\"");
  CHECK(csv(with("t.1", record)) == "task,name,value\nt.1,fd,0.5\nt.1,loss,1 nan\nt.1,\"a,b\",\"say \"\"it\"\"\"\n");
  CHECK(csv(Results{Settings{}}) == "task,name,value\n");
}

}  // namespace page_data_files_test
