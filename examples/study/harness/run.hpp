// run: works through the tasks of the claims, several processes at a time, and returns what they found.
//
// What is kept in the folder settings.out:
//   results/<task>.txt         the record of a finished task: it is not done again
//   results/<task>.error       why it failed: it is tried again by the next run
//   checkpoints/               of trainings that were interrupted, which go on where they were
//   weights/, pictures/        what tasks leave for others and for the page
//   settings.txt               what the folder was begun with: a run with other settings is refused
//
// Workers are forked, each computes on one thread, and each takes the next task that nobody has locked; so several
// runs may work in one folder, and one that is killed loses the tasks that it was at, no other. Where there is no fork,
// the program does the tasks one after the other.
//
// Errors: ValueError for a task that needs one that is not there, or two of one name; IoError for files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "study/harness/task.hpp"

namespace study {

struct Run {
  Results results;
  std::map<std::string, std::string> errors;  ///< by task
  bool interrupted = false;
};

/// The tasks of all claims whose name begins with one of `only`, and those that they need; all if it is empty.
std::vector<Task> tasks_of(const std::vector<Claim>& claims, const Settings& settings,
                           const std::vector<std::string>& only = {});

/// Seconds of training for a weight of 1: what is left of the budget after all measuring, shared.
double seconds_per_weight(const std::vector<Task>& tasks, const Settings& settings);

Run run(const std::vector<Task>& tasks, const Settings& settings);

/// The records and errors that are there already.
Run finished(const std::vector<Task>& tasks, const Settings& settings);

/// What share of the processor time went into training and into sampling, as a sentence.
std::string time_spent(const Results& results);

}  // namespace study
