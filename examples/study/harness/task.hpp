// Tasks and claims: the study is a list of claims; each has tasks, which train and measure and keep a Record, and a
// report, which makes a section of the page from the records.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "study/harness/record.hpp"
#include "study/harness/settings.hpp"
#include "study/page/blocks.hpp"

namespace study {

class Bench;

struct Task {
  std::string name;      ///< as "map.unet.noise.loss_noise.2": also the name of its files
  double training = 0;   ///< its part of the time for training: systems that are compared have equal parts
  double measuring = 0;  ///< processor seconds that the rest will take, about
  std::vector<std::string> needs = {};  ///< tasks that must be finished before
  std::function<Record(Bench&)> run;
};

/// Records of finished tasks.
class Results {
 public:
  explicit Results(const Settings& settings) : settings_(settings) {}

  const Settings& settings() const { return settings_; }
  bool has(const std::string& task) const { return records_.count(task) > 0; }
  const Record& operator[](const std::string& task) const {
    const auto at = records_.find(task);
    if (at == records_.end()) throw ink::ValueError("study: there is no result of '" + task + "'");
    return at->second;
  }
  void add(const std::string& task, Record record) { records_.insert_or_assign(task, std::move(record)); }
  const std::map<std::string, Record>& all() const { return records_; }

  /// A number of the tasks <name>.1 … <name>.3, those that are there.
  std::vector<double> of_seeds(const std::string& task, const std::string& number) const {
    std::vector<double> values;
    for (int seed = 1; seed <= seeds; ++seed) {
      const auto at = records_.find(task + "." + std::to_string(seed));
      if (at != records_.end()) values.push_back(at->second.number(number));
    }
    return values;
  }
  /// Where a task has left a picture.
  std::string picture(const std::string& name) const { return settings_.out + "/pictures/" + name + ".png"; }

 private:
  Settings settings_;
  std::map<std::string, Record> records_;
};

struct Claim {
  int number;
  std::string says;  ///< the claim, as a sentence
  std::function<std::vector<Task>(const Settings&)> tasks;
  std::function<Section(const Results&)> report;  ///< called when all tasks have a result
};

}  // namespace study
