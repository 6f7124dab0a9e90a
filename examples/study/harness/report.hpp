// report: the page of a run: every claim with its section, and the answer, made of what the claims' rules said.
#pragma once

#include <string>
#include <vector>

#include "study/harness/run.hpp"
#include "study/page/page.hpp"

namespace study {

/// Claims whose tasks are not all done are "not measured", and say which are missing.
Page make_page(const std::vector<Claim>& claims, const Run& run, const Settings& settings);

/// A line for every claim: its number, its verdict, itself.
std::string verdicts(const Page& page);

}  // namespace study
