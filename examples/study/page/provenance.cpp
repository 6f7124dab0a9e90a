#include "study/page/provenance.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "study/page/format.hpp"

namespace study {

namespace {

constexpr std::size_t most_values = 4, longest_word = 60, most_settings = 16;

/// Numbers that say how something was made, not what was found; also after a prefix, as "small.steps".
constexpr std::array<std::string_view, 11> setting_names = {"steps",      "images", "parameters",    "training_seconds",
                                                            "batch_size", "lr",     "learning_rate", "drawn",
                                                            "count",      "seed",   "evaluations"};

std::vector<std::string> known(const std::vector<std::string>& tasks, const Results& results) {
  std::vector<std::string> there;
  for (const auto& task : tasks) {
    if (results.has(task) && std::find(there.begin(), there.end(), task) == there.end()) there.push_back(task);
  }
  return there;
}

std::optional<double> number_of(const Record& record, const std::string& name) {
  if (!record.has(name) || record.word(name).empty()) return {};
  try {
    return record.number(name);
  } catch (const ink::ValueError&) {
    return {};
  }
}

/// Whether a value is one number, several, or none but words.
bool is_word(const Record& record, const std::string& name) {
  try {
    return record.series(name).empty() && !record.word(name).empty();
  } catch (const ink::ValueError&) {
    return true;
  }
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

/// The different values of a word among the tasks, in their order.
std::vector<std::string> values(const std::string& name, const std::vector<std::string>& tasks,
                                const Results& results) {
  std::vector<std::string> all;
  for (const auto& task : tasks) {
    const Record& record = results[task];
    if (!record.has(name) || record.word(name).empty()) continue;
    if (std::find(all.begin(), all.end(), record.word(name)) == all.end()) all.push_back(record.word(name));
  }
  return all;
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

/// "2026-01-02 to 2026-01-05"
std::string period(std::vector<std::string> dates) {
  std::sort(dates.begin(), dates.end());
  if (dates.empty()) return {};
  return dates.front() + (dates.size() > 1 ? " to " + dates.back() : "");
}

std::string readable(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string range(const std::string& name, const std::vector<std::string>& tasks, const Results& results) {
  std::vector<double> numbers;
  for (const auto& task : tasks) {
    if (const auto n = number_of(results[task], name)) numbers.push_back(*n);
  }
  if (numbers.empty()) return {};
  const auto ends = std::minmax_element(numbers.begin(), numbers.end());
  const std::string low = number(*ends.first), high = number(*ends.second);
  return readable(name) + " " + (low == high ? low : low + "–" + high);
}

std::string setting(const std::string& name, const std::vector<std::string>& tasks, const Results& results) {
  constexpr std::array<std::string_view, 3> told_apart = {"machine", "date", "command"};
  if (std::find(told_apart.begin(), told_apart.end(), name) != told_apart.end()) return {};
  for (const auto& task : tasks) {
    if (!results[task].has(name) || results[task].word(name).empty()) continue;
    if (!is_word(results[task], name)) {
      const bool asked = std::find(setting_names.begin(), setting_names.end(), last_part(name)) != setting_names.end();
      return asked ? range(name, tasks, results) : "";
    }
    break;
  }
  const auto words = values(name, tasks, results);
  if (words.empty() || words.size() > most_values) return {};
  for (const auto& word : words) {
    if (word.size() > longest_word) return {};
  }
  return readable(name) + " " + joined(words);
}

std::vector<std::string> settings_of(const std::vector<std::string>& tasks, const Results& results) {
  std::vector<std::string> names, settings;
  for (const auto& task : tasks) {
    for (const auto& [name, value] : results[task].entries()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const auto& name : names) {
    if (auto s = setting(name, tasks, results); !s.empty() && settings.size() < most_settings) settings.push_back(s);
  }
  return settings;
}

/// A command without its own --only.
std::string without_selection(std::string command) {
  const auto at = command.find(" --only");
  if (at == std::string::npos) return command;
  const auto value = command.find_first_not_of(" =", at + 7);
  const auto end = value == std::string::npos ? value : command.find(' ', value);
  return command.substr(0, at) + (end == std::string::npos ? "" : command.substr(end));
}

std::string common_beginning(const std::string& a, const std::string& b) {
  if (a == b) return a;
  std::size_t end = 0;
  for (std::size_t i = 0; i <= a.size() && i <= b.size(); ++i) {
    const bool ends_a = i == a.size() || a[i] == '.', ends_b = i == b.size() || b[i] == '.';
    if (ends_a && ends_b) end = i;
    if (i == a.size() || i == b.size() || a[i] != b[i]) break;
  }
  return a.substr(0, end);
}

}  // namespace

Times times(const std::vector<std::string>& tasks, const Results& results) {
  Times sum;
  for (const auto& task : known(tasks, results)) {
    const Record& record = results[task];
    const auto training = number_of(record, "training_time"), sampling = number_of(record, "sampling_time"),
               other = number_of(record, "other_time");
    sum.training += training.value_or(0);
    sum.sampling += sampling.value_or(0);
    sum.other += other.value_or(0);
    sum.tasks += training || sampling || other ? 1 : 0;
  }
  return sum;
}

std::string selection(const std::vector<std::string>& tasks) {
  std::map<std::string, std::string> beginnings;  // by the first part of the name
  for (const auto& task : tasks) {
    const std::string first = task.substr(0, task.find('.'));
    const auto [at, is_new] = beginnings.emplace(first, task);
    if (!is_new) at->second = common_beginning(at->second, task);
  }
  std::string all;
  for (const auto& [first, beginning] : beginnings) all += (all.empty() ? "" : ",") + beginning;
  return all;
}

Provenance provenance(const std::vector<std::string>& tasks, const Results& results, const std::string& command) {
  const auto there = known(tasks, results);
  Provenance p;
  p.tasks = static_cast<int>(there.size());
  p.settings = settings_of(there, results);
  p.machine = joined(values("machine", there, results));
  p.date = period(values("date", there, results));
  p.times = times(there, results);
  const auto commands = values("command", there, results);
  const std::string only = selection(tasks);
  p.command = without_selection(commands.empty() ? command : commands.front());
  if (!only.empty()) p.command += " --only " + only;
  return p;
}

}  // namespace study
