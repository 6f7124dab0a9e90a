// ScaledLinearBeta: √β rises evenly, so that β stays small for longer than in DDPM.
//
//   β_i = (√β_0 + (√β_T − √β_0)·i/(T − 1))²
//
// R. Rombach et al., "High-resolution image synthesis with latent diffusion models", 2021, arXiv:2112.10752; Stable
// Diffusion has {.first = 0.00085, .last = 0.012}. β_0 and β_T are scaled by 1000/T.
//
// Errors: ValueError for fewer than two steps, or a β outside (0, 1).
//
// Example:
//     ScaledLinearBeta schedule({.steps = 1000, .first = 0.00085, .last = 0.012});
#pragma once

#include "inkling/gen/schedule/beta_table.hpp"

namespace ink {

class ScaledLinearBeta : public BetaTable {
 public:
  using Options = BetaRange;

  ScaledLinearBeta() : ScaledLinearBeta(Options{}) {}
  explicit ScaledLinearBeta(const Options& options)
      : BetaTable(detail::betas_between("ScaledLinearBeta", options, 2)) {}
};

}  // namespace ink
