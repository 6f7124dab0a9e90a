#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/io/apng.hpp"
#include "inkling/io/png_reader.hpp"
#include "markup_check.hpp"
#include "study/page/base64.hpp"
#include "study/page/page.hpp"
#include "study/page/png_file.hpp"
#include "study/page/provenance.hpp"

namespace page_html_test {

using namespace study;
using markup_check::count;
using markup_check::has;

namespace {

std::string scratch(const std::string& name) {
  const std::string folder = INKLING_TEST_TMP "/page";
  std::filesystem::create_directories(folder);
  return folder + "/" + name;
}

using Frame = ink::Tensor<float, 3>;

std::string animation() {
  const std::string path = scratch("animation.png");
  ink::io::write_apng(path,
                      std::vector<Frame>{Frame({4, 6, 1}, -1.0f), Frame({4, 6, 1}, 0.0f), Frame({4, 6, 1}, 1.0f)});
  return path;
}

std::string still() {
  const std::string path = scratch("still.png");
  ink::io::write_png(path, Frame({4, 6, 1}, 1.0f));
  return path;
}

Record record(double steps, double training) {
  Record r;
  r.set("steps", steps);
  r.set("fd_cnn", 2.5);
  r.set("loss", std::vector<double>{1, 2});
  r.set("schedule", "cosine");
  r.set("machine", "a machine of 2 cores");
  r.set("date", "2026-01-02");
  r.set("command", "./dev study --full --budget 60");
  r.set("training_time", training);
  r.set("sampling_time", 20.0);
  r.set("other_time", 1.0);
  return r;
}

Results results() {
  Results all{Settings{}};
  all.add("map.unet.noise.1", record(100, 60));
  all.add("map.unet.noise.2", record(120, 65));
  Record bare;
  bare.set("fd_cnn", 3.0);
  all.add("bare", bare);
  return all;
}

Page page_of(const std::vector<Block>& blocks, Outcome outcome = Outcome::supported) {
  Page page;
  page.title = "Why?";
  page.answer = "Because.";
  page.entries = {Entry{12, "It is <so> & so", Section{{outcome, "the rule", "the numbers"}, blocks}}};
  return page;
}

Picture picture(const std::string& file) {
  Picture p;
  p.file = file;
  p.alternative = "Digits.";
  p.caption = "What was drawn.";
  return p;
}

Table table(const std::vector<std::string>& tasks) {
  return {"Numbers", {"system", "FD-CNN", "note"}, {{"a", "0.134 ± 0.006", "good"}, {"b", "–", ""}}, tasks};
}

}  // namespace

TEST_CASE("a page of every block is well made, and needs nothing else") {
  Chart chart;
  chart.title = "Quality";
  chart.y.label = "FD-CNN";
  chart.series = {Series{"a", {{0, 1, 0.5, 2}, {1, 2}}}};
  CellMap map;
  map.rows = {"r"};
  map.columns = {"c"};
  map.values = {{1.0}};
  const std::vector<std::string> tasks = {"map.unet.noise.1", "bare"};
  Page page =
      page_of({Paragraph{"Use `x<y`."}, table(tasks), chart, map, picture(still()), picture(animation()), chart});
  page.headline = {chart};
  page.entries.push_back(Entry{13, "Another", {}, "The second part"});
  const std::string all = html(page, results());
  CHECK(markup_check::nesting_fault(all) == "");
  CHECK(markup_check::id_fault(all) == "");
  CHECK(has(all, "<!DOCTYPE html>\n<html lang=\"en\">"));
  for (const auto& source : markup_check::attributes(all, "src")) CHECK(source.rfind("data:image/png;base64,", 0) == 0);
  CHECK(count(all, "http") == count(all, "http://www.w3.org/2000/svg"));
  CHECK_FALSE(has(all, "<script"));
  CHECK(has(all, "Use <code>x&lt;y</code>."));
  CHECK(has(all, "It is &lt;so&gt; &amp; so"));
  CHECK(has(all, "<h2 class=\"part\">The second part</h2>"));
  for (const char* id : {"figure-1", "figure-12-4", "figure-12-5", "table-12-1", "claim-13"}) {
    CHECK(has(all, "id=\"" + std::string(id) + "\""));
  }
}

TEST_CASE("each outcome has its badge, in the list and in its section") {
  const auto badges = [](Outcome outcome, const std::string& words) {
    return count(html(page_of({}, outcome), results()), "</span> " + words + "<");
  };
  CHECK(badges(Outcome::supported, "Supported") == 2);
  CHECK(badges(Outcome::conditional, "Supported only when …") == 2);
  CHECK(badges(Outcome::not_supported, "Not supported") == 2);
  CHECK(badges(Outcome::not_measured, "Not measured") == 2);
  CHECK(badges(Outcome::not_supported, "Supported") == 0);
}

TEST_CASE("a verdict stands with its rule and its numbers; a condition in the list as well") {
  const std::string all = html(page_of({}), results());
  CHECK(has(all, "<p>the numbers</p>"));
  CHECK(has(all, "The rule.</b> the rule"));
  CHECK(has(all, "Of 1 claim, 1 is supported."));
  CHECK_FALSE(has(all, "class=\"because\""));
  CHECK(has(html(page_of({}, Outcome::conditional), results()), "<div class=\"because\">the numbers</div>"));
}

TEST_CASE("a table names its rows and columns, and puts numbers to the right") {
  const std::string all = html(page_of({table({})}), results());
  CHECK(has(all, "<th scope=\"row\">a</th><td class=\"value\">0.134 ± 0.006</td><td>good</td>"));
  CHECK(has(all, "<th scope=\"col\" class=\"value\">FD-CNN</th>"));
}

TEST_CASE("a picture is within the page, as large as its scale says") {
  const PngFile file = read_png_file(still());
  const std::string all = html(page_of({picture(still())}), results());
  CHECK(has(all, "src=\"data:image/png;base64," + base64(file.bytes) + "\" alt=\"Digits.\" width=\"12\" height=\"8\""));
  CHECK(count(all, "<source") == 0);
}

TEST_CASE("an animation has its last frame for readers who want less motion") {
  const PngFile file = read_png_file(animation());
  CHECK(file.frames == 3);
  CHECK(file.width == 6);
  CHECK(file.height == 4);
  const auto last = ink::io::decode_png<float>(file.last);
  CHECK(last.shape() == ink::Shape{4, 6, 1});
  CHECK(std::all_of(last.values().begin(), last.values().end(), [](float v) { return v == 1.0f; }));
  const std::string all = html(page_of({picture(animation())}), results());
  CHECK(has(all,
            "<source media=\"(prefers-reduced-motion: reduce)\" srcset=\"data:image/png;base64," + base64(file.last)));
}

TEST_CASE("a picture that is not there does not cost the page") {
  const std::string broken = scratch("broken.png");
  auto bytes = read_png_file(still()).bytes;
  bytes.resize(bytes.size() - 5);
  ink::io::write_file_atomic(broken, bytes);
  const std::string all = html(page_of({picture(scratch("nowhere.png")), picture(broken)}), results());
  CHECK(has(all, "This picture is missing (there is no such file): Digits."));
  CHECK(has(all, "This picture is missing (is truncated): Digits."));
  CHECK(markup_check::nesting_fault(all) == "");
}

TEST_CASE("provenance: settings, machine, date, seconds and command are from the records") {
  const Provenance p = provenance({"map.unet.noise.1", "map.unet.noise.2", "map.unet.noise.2", "gone"}, results());
  CHECK(p.tasks == 2);
  CHECK(p.settings == std::vector<std::string>{"steps 100–120", "schedule cosine"});
  CHECK(p.machine == "a machine of 2 cores");
  CHECK(p.date == "2026-01-02");
  CHECK(p.times.training == 125);
  CHECK(p.times.sampling == 40);
  CHECK(p.times.other == 2);
  const std::string all = html(page_of({table({"map.unet.noise.1", "map.unet.noise.2"})}), results());
  CHECK(has(all,
            "From 2 tasks · steps 100–120, schedule cosine · a machine of 2 cores · 2026-01-02 · processor time: "
            "2 min 5 s training, 40 s sampling, 2.0 s other. To make it again: "));
  CHECK(has(all, "<span>--only</span> <span>map.unet.noise</span></code>"));
}

TEST_CASE("provenance: the command is that of the run, with its selection put in the place of another") {
  const auto command = [](const std::string& recorded) {
    Results all{Settings{}};
    Record r;
    r.set("command", recorded);
    all.add("a.b.1", r);
    return provenance({"a.b.1"}, all).command;
  };
  CHECK(command("./dev study --full") == "./dev study --full --only a.b.1");
  CHECK(command("./dev study --only x --full") == "./dev study --full --only a.b.1");
  CHECK(command("./dev study --only=x") == "./dev study --only a.b.1");
}

TEST_CASE("provenance: records may say nothing") {
  const Provenance p = provenance({"bare"}, results(), "./dev study --budget 10");
  CHECK(p.settings.empty());
  CHECK(p.times.tasks == 0);
  CHECK(p.command == "./dev study --budget 10 --only bare");
  const std::string all = html(page_of({table({"bare"})}), results());
  CHECK(has(all, "From 1 task. To make it again: "));
  CHECK(provenance({}, results()).command == "./dev study");
}

TEST_CASE("provenance: several days are a period, several machines a list; tasks may not have been run") {
  Results all{Settings{}};
  int i = 0;
  for (const std::string date : {"2026-01-04", "2026-01-02", "2026-01-03"}) {
    Record r;
    r.set("date", date);
    r.set("machine", "machine " + std::to_string(i % 2));
    all.add("t." + std::to_string(++i), r);
  }
  const Provenance p = provenance({"t.1", "t.2", "t.3"}, all);
  CHECK(p.date == "2026-01-02 to 2026-01-04");
  CHECK(p.machine == "machine 0, machine 1");
  CHECK(has(html(page_of({table({"never.1", "never.2"})}), all), "From tasks that were not run. To make it again: "));
}

TEST_CASE("tasks are selected by what their names have in common") {
  CHECK(selection({"a.b.1", "a.b.2"}) == "a.b");
  CHECK(selection({"a.bc.1", "a.bd.1"}) == "a");
  CHECK(selection({"a.b", "a.b.1"}) == "a.b");
  CHECK(selection({"a.b.1"}) == "a.b.1");
  CHECK(selection({"b.x.1", "a.b.1", "b.x.2"}) == "a.b.1,b.x");
  CHECK(selection({}) == "");
}

TEST_CASE("the run says how much of its time went into training and sampling") {
  const std::string all = html(page_of({}), results());
  CHECK(has(all, "2 min 47 s: 2 min 5 s training, 40 s sampling and evaluating networks, 2.0 s other"));
  CHECK(has(all, "98.8 %"));
}

TEST_CASE("the page and its numbers are written side by side") {
  Settings settings;
  settings.out = scratch("study");
  Results all(settings);
  all.add("t", record(1, 2));
  write_page(page_of({}), all);
  for (const char* ending : {".html", ".json", ".csv"}) CHECK(std::filesystem::file_size(settings.out + ending) > 100);
}

}  // namespace page_html_test
