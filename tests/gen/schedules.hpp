// Every schedule, and some with other options.
#pragma once

#include "inkling/gen/schedule/beta_table.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/exponential.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/gen/schedule/rectified_flow.hpp"
#include "inkling/gen/schedule/scaled_linear_beta.hpp"
#include "inkling/gen/schedule/sigmoid.hpp"
#include "inkling/gen/schedule/variance_exploding.hpp"
#include "inkling/gen/schedule/variance_preserving.hpp"
#include "inkling/gen/schedule/zero_terminal_snr.hpp"

namespace schedules {

/// Calls f(name, schedule) for the variance-preserving ones.
template <class F>
void for_preserving(const F& f) {
  using namespace ink;
  f("LinearBeta", LinearBeta{});
  f("LinearBeta of 50", LinearBeta({.steps = 50}));
  f("ScaledLinearBeta", ScaledLinearBeta{});
  f("BetaTable", BetaTable({0.3, 0.05, 0.6, 0.9}));
  f("Cosine", Cosine{});
  f("Sigmoid", Sigmoid{});
  f("Sigmoid to the end", Sigmoid{.start = 0, .end = 3, .tau = 0.7, .floor = 0});
  f("VariancePreserving", VariancePreserving{});
  f("ZeroTerminalSnr of LinearBeta", ZeroTerminalSnr{LinearBeta{}});
  f("ZeroTerminalSnr of Cosine", ZeroTerminalSnr{Cosine{}});
  f("ZeroTerminalSnr of VarianceExploding", ZeroTerminalSnr{VarianceExploding{}});
}

/// Calls f(name, schedule) for all.
template <class F>
void for_all(const F& f) {
  using namespace ink;
  for_preserving(f);
  f("Karras", Karras{});
  f("Exponential", Exponential{});
  f("VarianceExploding", VarianceExploding{});
  f("RectifiedFlow", RectifiedFlow{});
}

}  // namespace schedules
