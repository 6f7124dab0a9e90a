// The map of targets: which cells there are, with how many seeds, and which of them tests do.
#include "study/claims/targets_map.hpp"

#include <limits>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace targets_map_test {

using study::cell_name;
using study::map_losses;
using study::map_networks;
using study::map_targets;
using study::Record;
using study::Results;
using study::Settings;

std::set<std::string> names(const Settings& settings) {
  std::set<std::string> all;
  for (const auto& task : study::map_tasks(settings)) CHECK(all.insert(task.name).second);
  return all;
}

TEST_CASE("the map has every network, target and loss, for equal parts of the time") {
  const auto tasks = study::map_tasks({});
  const auto all = names({});
  for (const auto& network : map_networks()) {
    for (const auto& target : map_targets()) {
      for (const auto& loss : map_losses()) CHECK(all.count(cell_name({network, target, loss}) + ".1") == 1);
    }
  }
  // 90 cells, two more seeds of 18 of them, and two targets with losses of their own.
  CHECK(all.size() == 90 + 2 * 18 + 2 * 3);
  CHECK(all.count("map.patch28.noise.noise.3") == 1);
  CHECK(all.count("map.patch28.noise.clean.2") == 0);
  CHECK(all.count("map.unet.next.own.3") == 1);
  for (const auto& task : tasks) CHECK(task.training == tasks.front().training);
}

TEST_CASE("tests of the map do a few cells: every network, every target with every loss, and what claims draw with") {
  Settings quick;
  quick.steps = 2;
  const auto all = names(quick);
  CHECK(all.size() < 30);
  const auto any = [&](const std::string& begin, const std::string& end) {
    for (const auto& name : all) {
      if (name.rfind(begin, 0) == 0 && name.size() >= end.size() &&
          name.compare(name.size() - end.size(), end.size(), end) == 0) {
        return true;
      }
    }
    return false;
  };
  for (const auto& network : map_networks()) CHECK(any("map." + network + ".", ".1"));
  for (const auto& target : map_targets()) {
    for (const auto& loss : map_losses()) CHECK(any("map.", "." + target + "." + loss + ".1"));
  }
  for (const char* name : {"clean.clean", "noise.noise", "velocity.velocity", "flow.velocity", "next.noise"}) {
    CHECK(all.count(std::string("map.unet.") + name + ".1") == 1);
  }
}

TEST_CASE("a cell's network follows from its name") {
  const auto unet = study::cell_spec({"unet", "noise", "clean"}, true);
  CHECK(unet.network == "unet");
  CHECK(unet.blind);
  const auto dit = study::cell_spec({"patch14", "clean", "velocity"});
  CHECK(dit.network == "dit");
  CHECK(dit.patch == 14);
  CHECK(dit.target == "clean");
  CHECK(dit.loss == "velocity");
  CHECK(study::network_title("patch14") == "patch 14");
}

TEST_CASE("a cell of which one seed failed to learn is infinitely far off") {
  Results results{Settings{}};
  const double values[] = {3, std::numeric_limits<double>::infinity(), 4};
  for (int seed = 1; seed <= 3; ++seed) {
    Record record;
    record.set("fd_cnn", values[seed - 1]);
    results.add("map.unet.noise.clean." + std::to_string(seed), record);
  }
  const auto failed = study::cell_distance(results, "map.unet.noise.clean");
  CHECK(failed.mean == std::numeric_limits<double>::infinity());
  CHECK(failed.error == 0);
  CHECK(study::distance_text(failed) == "failed");
  const study::Spread good = study::spread({1, 2});
  CHECK(study::clearly_below(good, failed));
  CHECK_FALSE(study::clearly_below(failed, good));
  CHECK_FALSE(study::clearly_below(failed, failed));
  CHECK(study::first_distance(results, "map.unet.noise.clean") == 3);
  CHECK_FALSE(study::first_distance(results, "map.unet.noise.noise").has_value());
}

}  // namespace targets_map_test
