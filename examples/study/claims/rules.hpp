// The rules of the verdicts, one a claim: numbers in, verdict out. Each is defined beside its claim.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "study/harness/verdict.hpp"

namespace study {

/// Mean squared errors relative to those of the best possible guess, and the share of grey among inked pixels.
Verdict rule_01(double told_ratio, double untold_ratio, double greyness, double real_greyness);

/// Quality of diffusion within 40 evaluations and of autoregression; what diffusion needs for autoregression's FD-CNN
/// (infinite if it never has it), and what autoregression needs with its cache, for one image.
struct Headline {
  Spread diffusion_cnn, ar_cnn, diffusion_pca, ar_pca;
  double evaluations = std::numeric_limits<double>::infinity(), flops = evaluations, seconds = evaluations;
  double ar_evaluations = 784, ar_flops = 0, ar_seconds = 0;
};
Verdict rule_20(const Headline& h);

/// One measure of diffusion and of autoregression, less is better.
struct Comparison {
  std::string where;
  Spread diffusion, autoregression;
};
Verdict rule_25(const std::vector<Comparison>& comparisons);

/// Shares of copies among drawn digits, after training on all digits, 600 and 60; how well a machine that sees patches
/// predicts a network's digits (r²), and digits from other noise.
Verdict rule_28(double copies_of_all, const Spread& copies_of_600, const Spread& copies_of_60, double r2,
                double r2_of_other_noise);

}  // namespace study
