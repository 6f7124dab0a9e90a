// All numbers of a run as files that programs read.
//
// JSON: {"title", "answer", "run": {name: value}, "verdicts": [{"claim", "says", "outcome", "rule", "because"}],
// "tasks": {task: {name: value}}}. A value is a number, an array of numbers, or a string; what is not a number (NaN,
// infinity) is null. CSV (RFC 4180): task, name, value, as recorded.
#pragma once

#include <string>

#include "study/page/page.hpp"

namespace study {

std::string json(const Page& page, const Results& results);
std::string csv(const Results& results);

}  // namespace study
