// The rules of the verdicts, one a claim: numbers in, verdict out. Each is defined beside its claim.
#pragma once

#include <limits>
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
/// What a network needs for an image of two levels, and the best table, with standard errors over the test digits.
struct PixelNats {
  double nats = 0, error = 0, table_nats = 0, table_error = 0;
};
/// Also bits per pixel of 256 levels, of a network and a table, and FD-CNN of what is drawn, chained and not.
Verdict rule_02(const PixelNats& two, double bits, double table_bits, double fd, double unchained_fd);

/// Of one alphabet: the ink of sampled digits in standard errors from real ones', the share of pixels whose means are
/// within 4; FD-CNN; of the most likely values the share of images that are new, and FD-CNN.
struct Sampled {
  double ink_errors = 0, pixels_within = 0, fd = 0, likeliest_distinct = 0, likeliest_fd = 0;
};
Verdict rule_03(const Sampled& two, const Sampled& grey);

/// Nats a pixel that drawing several at once costs, and its standard error.
struct CostError {
  double cost = 0, error = 0;
};
struct TogetherCost {
  int pixels = 0;
  CostError block, run, random, spread;
};
/// And FD-CNN of what is drawn, by seeds of sampling.
Verdict rule_08(const std::vector<TogetherCost>& costs, const Spread& block, const Spread& run, const Spread& spread);

/// FD-CNN at one number of network evaluations, by seeds of sampling.
struct LimitStep {
  int evaluations = 0;
  Spread diffusion, spread, run;
};
Verdict rule_09(const std::vector<LimitStep>& steps);

struct BridgeStep {
  int evaluations = 0;
  Spread any_order, masked;
};
/// Largest difference of the losses; how far two orders of the network are apart, in nats; FD-CNN of both samplings.
Verdict rule_10(double largest_difference, double orders_differ, const std::vector<BridgeStep>& steps);
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
