// The rules of the verdicts, one a claim: numbers in, verdict out. Each is defined beside its claim.
#pragma once

#include "study/harness/verdict.hpp"

namespace study {

/// Mean squared errors relative to those of the best possible guess, and the share of grey among inked pixels.
Verdict rule_01(double told_ratio, double untold_ratio, double greyness, double real_greyness);

}  // namespace study
