// The rules of the verdicts, one a claim: numbers in, verdict out. Each is defined beside its claim.
#pragma once

#include <string>
#include <vector>

#include "study/harness/verdict.hpp"

namespace study {

/// Mean squared errors relative to those of the best possible guess, and the share of grey among inked pixels.
Verdict rule_01(double told_ratio, double untold_ratio, double greyness, double real_greyness);

/// FD-CNN of three targets, each with its own loss; in how many comparisons with one loss for all the order holds.
Verdict rule_12(const Spread& next, const Spread& clean, const Spread& noise, int fair_holds, int fair_cells);

/// Distances of what was drawn by asking for the clean image and for the noise, with one network.
struct TargetPair {
  std::string name;
  Spread clean, noise;
};

/// Networks named "UNet", "patch 4", "patch 28" among others; a spiral in few dimensions and in many.
Verdict rule_21(const std::vector<TargetPair>& networks, const TargetPair& flat, const TargetPair& deep);
/// Two sentences: with which networks the noise is the better thing to predict, and with which it is not.
std::string when_noise_wins(const std::vector<TargetPair>& networks);

/// What a network reaches that is told the step, and one that is not; lower is better.
struct BlindPair {
  std::string name;
  Spread told, blind;
};

/// FD-CNN of diffusion by target, and the bound of masked diffusion.
Verdict rule_22(const std::vector<BlindPair>& targets, const BlindPair& masked);

}  // namespace study
