// LinearBeta: the schedule of DDPM, β from 1e-4 to 0.02 in T steps.
//
//   β_i = β_0 + (β_T − β_0)·i/(T − 1)
//
// J. Ho, A. Jain, P. Abbeel, "Denoising diffusion probabilistic models", 2020, arXiv:2006.11239. With T other than
// 1000, β_0 and β_T are scaled by 1000/T, so that it ends with as much signal (A. Nichol, P. Dhariwal 2021).
//
// Errors: ValueError for fewer than two steps, or a β outside (0, 1).
//
// Example:
//     LinearBeta schedule({.steps = 1000});
#pragma once

#include "inkling/gen/schedule/beta_table.hpp"

namespace ink {

class LinearBeta : public BetaTable {
 public:
  using Options = BetaRange;

  LinearBeta() : LinearBeta(Options{}) {}
  explicit LinearBeta(const Options& options) : BetaTable(detail::betas_between("LinearBeta", options, 1)) {}
};

}  // namespace ink
