// The rules of the verdicts, one a claim: numbers in, verdict out. Each is defined beside its claim.
#pragma once

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
/// Nats between the training's estimator and the chain; changes of a logit when unknown pixels change, and when known
/// ones are missing; the share of the steps at which the network is of use.
Verdict rule_04(double estimator_gap, double unknown_change, double missing_change, double steps_served);

/// The largest influence of a pixel that is not earlier; nats between one evaluation and pixel after pixel; pairs of
/// earlier pixels and outputs without influence, of one stack and of two.
Verdict rule_05(double later_influence, double nats_gap, double hidden_one, double hidden_two);

/// Nats after as many pixels asked for, and how many times as fast the causal network comes to the other's last nats.
Verdict rule_06(const Spread& causal, const Spread& not_causal, const Spread& times_faster);

/// Pixels that differ with and without a cache, and with another seed; how many times as fast a cache makes drawing.
Verdict rule_07(double different_pixels, double of_another_seed, double faster_convolutions, double faster_transformer);

}  // namespace study
