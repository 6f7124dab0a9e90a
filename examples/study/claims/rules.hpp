// The rules of the verdicts, one a claim: numbers in, verdict out. Each is defined beside its claim.
#pragma once

#include "study/harness/verdict.hpp"

namespace study {

/// Mean squared errors relative to those of the best possible guess, and the share of grey among inked pixels.
Verdict rule_01(double told_ratio, double untold_ratio, double greyness, double real_greyness);

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
