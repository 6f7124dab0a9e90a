// Runge-Kutta integration with error control: Bogacki and Shampine's pair of orders 3 and 2.
//
//   k₁ = f(u, y),   k₂ = f(u + ½h, y + ½h·k₁),   k₃ = f(u + ¾h, y + ¾h·k₂)
//   y' = y + h·(2/9·k₁ + 1/3·k₂ + 4/9·k₃),   k₄ = f(u + h, y')
//   error = h·(−5/72·k₁ + 1/12·k₂ + 1/9·k₃ − 1/8·k₄),   against atol + rtol·max(|y|, |y'|)
//
// Three evaluations a step: k₄ is the next k₁. The error of a batch is the largest of its rows' root mean squares.
// P. Bogacki, L. Shampine, "A 3(2) pair of Runge-Kutta formulas", 1989.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "inkling/gen/sampler/multistep.hpp"

namespace ink::detail {

/// The error over what is tolerated: at most 1 for a step that will do.
template <class X>
double relative_error(const X& error, const X& before, const X& after, double atol, double rtol) {
  const Index rows = error.extent(0), columns = rows == 0 ? 0 : error.size() / rows;
  double worst = 0;
  for (Index n = 0; n < rows; ++n) {
    double sum = 0;
    for (Index i = n * columns; i < (n + 1) * columns; ++i) {
      const auto size = std::max(std::abs(before.data()[i]), std::abs(after.data()[i]));
      const double ratio = static_cast<double>(error.data()[i]) / (atol + rtol * static_cast<double>(size));
      sum += ratio * ratio;
    }
    const double mean = std::sqrt(sum / static_cast<double>(columns));
    if (!(mean <= worst)) worst = mean;
  }
  return worst;
}

/// y at `end` of dy/du = f(u, y). Nothing but f limits the number of evaluations.
template <class X, class F>
X integrate(const F& f, X y, double u, double end, double atol, double rtol) {
  double h = (end - u) / 20;
  std::array<X, 4> k{f(u, y)};
  const auto ahead = [&](std::initializer_list<double> weights) {
    return combine(1, y, h, weighted_sum<X>({weights.begin(), weights.size()}, {k.data(), weights.size()}));
  };
  while (u != end) {
    const bool last = std::abs(h) >= std::abs(end - u);
    if (last) h = end - u;
    k[1] = f(u + 0.5 * h, ahead({0.5}));
    k[2] = f(u + 0.75 * h, ahead({0, 0.75}));
    X next = ahead({2. / 9, 1. / 3, 4. / 9});
    const double there = last ? end : u + h;
    k[3] = f(there, next);
    const X error = ahead({-5. / 72, 1. / 12, 1. / 9, -1. / 8}) - y;
    const double ratio = relative_error(error, y, next, atol, rtol);
    if (ratio <= 1) {
      u = there;
      y = std::move(next);
      k[0] = k[3];
    }
    h *= std::isfinite(ratio) ? std::clamp(0.9 / std::cbrt(std::max(ratio, 1e-9)), 0.2, 5.0) : 0.2;
  }
  return y;
}

}  // namespace ink::detail
