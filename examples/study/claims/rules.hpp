// The rules of the verdicts, one a claim: numbers in, verdict out. Each is defined beside its claim.
#pragma once

#include <string>
#include <vector>

#include "study/harness/verdict.hpp"

namespace study {

/// Mean squared errors relative to those of the best possible guess, and the share of grey among inked pixels.
Verdict rule_01(double told_ratio, double untold_ratio, double greyness, double real_greyness);

/// How many times less the variance of a batch's loss is with stratified times: the same images, and other ones.
Verdict rule_11(const Spread& same_images, const Spread& other_images);

/// The largest relative error there and back, and in roundings; how much larger than the answer numbers on the way may
/// be; how many conversions are the same to 1e-12, of how many.
Verdict rule_13(double error, double roundings, double safe, int within, int conversions);

/// FD-CNN of three sets for each sampler of so many steps, and of the first expected clean image.
struct FamilyQuality {
  int steps;
  Spread renoise, ddpm, ddim, one_step;
};
/// The largest difference from the formulas, and what re-noising keeps of a Gaussian's standard deviation.
Verdict rule_14(double exact_error, double renoised_share, const std::vector<FamilyQuality>& digits);

/// Differences from the mean digit of single answers to pure noise, of their mean, and of the exact answers; greyness
/// at both ends of the way, and its rank correlation with the step.
Verdict rule_15(double rmse, double rmse_of_mean, double exact_rmse, double first_greyness, double last_greyness,
                double rank_correlation);

/// Standard deviations of the predicted noise by noise level, the strongest first; and how much of the difference
/// between digits is left in the expected clean images there.
Verdict rule_16(const std::vector<double>& sigma, const std::vector<double>& deviation, double clean_left);

/// A rank correlation of drawn digits with what was asked for, and that of real digits.
struct Followed {
  double drawn, real;
};

/// The share of digits that are right, and how thickness and slant follow the words.
Verdict rule_17(double digit_right, const Followed& thickness, const Followed& slant);

/// The share of right classes; overlap of sketch and drawing; distance of two drawings of one sketch, and of two real
/// digits of one class.
Verdict rule_18(double class_right, double overlap, double sketch_distance, double class_distance);

/// What a system does at ascending guidance scales: the share of right digits, the distance within a class, and their
/// standard errors.
struct GuidedSystem {
  std::string name;
  std::vector<double> scales, right, right_error, distance, distance_error;
};

Verdict rule_19(const std::vector<GuidedSystem>& systems);

}  // namespace study
