// The study's harness: records, spreads, the order and the budget of tasks, and runs that fail or are repeated.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/data/mnist.hpp"
#include "study/harness/bench.hpp"
#include "study/harness/run.hpp"

namespace study::harness_test {

Settings settings(const std::string& folder) {
  Settings s;
  s.data = std::string(INKLING_SOURCE_DIR) + "/examples/data/mnist";
  s.weights = std::string(INKLING_SOURCE_DIR) + "/examples/weights";
  s.out = std::string(INKLING_TEST_TMP) + "/" + folder;
  s.steps = 2;
  std::filesystem::remove_all(s.out);
  return s;
}

Claim claim(std::vector<Task> tasks) {
  return {1, "A claim.", [tasks](const Settings&) { return tasks; }, {}};
}

Task found(const std::string& name, double value, std::vector<std::string> needs = {}) {
  return {.name = name, .needs = std::move(needs), .run = [value](Bench&) {
    Record r;
    r.set("value", value);
    return r;
  }};
}

TEST_CASE("a record comes back as it was written") {
  Record r;
  r.set("third", 1.0 / 3);
  r.set("curve", std::vector<double>{1, -0.0, 1e-300, std::numeric_limits<double>::infinity()});
  r.set("word", "two words");
  r.set("third", 2.0 / 3);
  const Record back = Record::parse(r.text());
  CHECK(back.entries() == r.entries());
  CHECK(back.number("third") == 2.0 / 3);
  CHECK(back.series("curve") == r.series("curve"));
  CHECK(std::signbit(back.series("curve")[1]));
  CHECK(back.word("word") == "two words");
  CHECK(std::isnan([] {
    Record n;
    n.set("x", std::nan(""));
    return Record::parse(n.text()).number("x");
  }()));
}

TEST_CASE("a record says what it does not have") {
  Record r;
  r.set("word", "seven");
  CHECK_THROWS_WITH_AS(r.number("nats"), "record: has no 'nats'", ink::ValueError);
  CHECK_THROWS_AS(r.number("word"), ink::ValueError);
  CHECK_THROWS_AS(r.set("a\tb", 1.0), ink::ValueError);
  CHECK_THROWS_AS(Record::parse("no tab\n"), ink::ValueError);
  CHECK_THROWS_AS(Record::parse("cut\t1"), ink::ValueError);
}

TEST_CASE("spread: mean, and standard error of the mean") {
  const Spread s = spread({1, 2, 3});
  CHECK(s.mean == 2);
  CHECK(s.error == doctest::Approx(1 / std::sqrt(3.0)));
  CHECK(s.low == 1);
  CHECK(s.high == 3);
  CHECK(std::isnan(spread({}).mean));
}

TEST_CASE("clearly below is more than chance") {
  CHECK(clearly_below(spread({1, 1.1, 1.2}), spread({2, 2.1, 2.2})));
  CHECK_FALSE(clearly_below(spread({2, 2.1, 2.2}), spread({1, 1.1, 1.2})));
  CHECK_FALSE(clearly_below(spread({1, 2, 3}), spread({2, 3, 4})));
  CHECK_FALSE(clearly_below(spread({1}), spread({2})));
}

TEST_CASE("tasks are chosen by name, with what they need") {
  const Settings s = settings("chosen");
  const auto all = claim({found("a.1", 1), found("b", 2, {"a.1"}), found("c", 3)});
  const auto some = tasks_of({all}, s, {"b"});
  REQUIRE(some.size() == 2);
  CHECK(some[0].name == "a.1");
  CHECK(some[1].name == "b");
  CHECK(tasks_of({all}, s).size() == 3);
  CHECK_THROWS_AS(tasks_of({claim({found("a", 1), found("a", 2)})}, s), ink::ValueError);
  CHECK_THROWS_AS(tasks_of({claim({found("a", 1, {"z"})})}, s), ink::ValueError);
}

TEST_CASE("the budget is shared by weight, after what measuring takes") {
  Settings s = settings("budget");
  s.minutes = 1;
  s.workers = 2;
  const std::vector<Task> tasks{{.name = "a", .training = 3, .measuring = 10, .run = {}},
                                {.name = "b", .training = 1, .measuring = 4, .run = {}}};
  CHECK(seconds_per_weight(tasks, s) == doctest::Approx((0.95 * 120 - 14) / 4));
  const std::vector<Task> slow{{.name = "a", .training = 1, .measuring = 1000, .run = {}}};
  CHECK(seconds_per_weight(slow, s) == doctest::Approx(0.4 * 120));
}

TEST_CASE("a run keeps what is done, and tries again what failed") {
  const Settings s = settings("again");
  const auto broken = [](Bench&) -> Record { throw std::runtime_error("no luck"); };
  const auto first =
      run(tasks_of({claim({found("good", 1), {.name = "bad", .run = broken}, found("after", 3, {"bad"})})}, s), s);
  CHECK(first.results["good"].number("value") == 1);
  CHECK(first.results["good"].word("machine") != "");
  CHECK(first.errors.at("bad") == "no luck");
  CHECK(first.errors.at("after") == "it needs bad, which failed");
  CHECK_FALSE(first.interrupted);

  const auto second = run(tasks_of({claim({found("good", 10), found("bad", 2), found("after", 3, {"bad"})})}, s), s);
  CHECK(second.errors.empty());
  CHECK(second.results["good"].number("value") == 1);
  CHECK(second.results["bad"].number("value") == 2);
  CHECK(second.results["after"].number("value") == 3);
}

TEST_CASE("a folder that was begun with other settings is refused") {
  Settings s = settings("settings");
  const auto tasks = tasks_of({claim({found("good", 1)})}, s);
  run(tasks, s);
  s.minutes = 10;
  CHECK_THROWS_AS(run(tasks, s), ink::IoError);
}

TEST_CASE("the judge knows real digits from smudges") {
  const Settings s = settings("judge");
  const auto train = ink::data::mnist(s.data, ink::data::Split::train);
  const auto test = ink::data::mnist(s.data, ink::data::Split::test);
  const Judge judge(train, test, s.weights + "/judge.safetensors");
  CHECK(judge.agreement(first_images(test, 1000), test.labels) >= 0.993);
  const Quality real = judge.floor_quality(500), grey = judge.quality(Images({50, 28, 28, 1}, 0.0f));
  CHECK(real.fd.cnn < 0.5);
  CHECK(real.fd.pca < 5);
  CHECK(real.coverage > 0.7);
  CHECK(real.balance > 0.95);
  CHECK(real.nearest > 0.1);
  CHECK(grey.fd.cnn > 10 * real.fd.cnn);
  CHECK(grey.fd.pca > 10 * real.fd.pca);
  CHECK(grey.coverage < 0.05);
  CHECK(judge.quality(first_images(train, 50)).nearest == doctest::Approx(0).epsilon(1e-6));
}

}  // namespace study::harness_test
