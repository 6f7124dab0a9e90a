// Where numbers are from, told by the records of the tasks that found them: settings, machine, date, seconds, and the
// command that finds them again.
#pragma once

#include <string>
#include <vector>

#include "study/harness/task.hpp"

namespace study {

/// Processor seconds of some tasks, as their records have them.
struct Times {
  double training = 0, sampling = 0, other = 0;
  int tasks = 0;  ///< that say how long they took

  double all() const { return training + sampling + other; }
};

Times times(const std::vector<std::string>& tasks, const Results& results);

struct Provenance {
  int tasks = 0;                      ///< that have a record
  std::vector<std::string> settings;  ///< as "steps 3,120–3,400"
  std::string machine, date;          ///< several machines with commas, dates from the first to the last; may be empty
  Times times;
  std::string command;
};

/// `command` stands for records that have none.
Provenance provenance(const std::vector<std::string>& tasks, const Results& results,
                      const std::string& command = "./dev study");

/// What `--only` must be told to select these tasks: their common beginnings, by the first part of their names.
std::string selection(const std::vector<std::string>& tasks);

}  // namespace study
