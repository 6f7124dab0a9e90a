// Rank correlation: whether one quantity rises with another, along whatever curve.
//
//   rho = sum_n (r_n - m) (s_n - m) / sqrt(sum_n (r_n - m)^2  sum_n (s_n - m)^2),     m = (N + 1) / 2
//
// r and s are the ranks of x and y, 1 to N; equal values share the mean of their ranks. C. Spearman, "The proof and
// measurement of association between two things", American Journal of Psychology 15, 1904. With groups, ranks are taken
// within each, and the result is the mean of the groups' correlations, weighted by their sizes.
//
// x (N), y (N) -> a number in [-1, 1]. Errors: ShapeError for numbers of values that differ; ValueError for values that
// are not finite, and where nothing varies (fewer than two values, or all equal), for then there is no correlation.
//
// Example:
//     std::vector<double> asked{-1, -1, 0, 1}, measured{1.9, 2.0, 2.4, 3.5};
//     double rho = metrics::spearman(asked, measured);                      // 0.95
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inkling/core/shape.hpp"
#include "inkling/core/sorted_order.hpp"

namespace ink {
namespace detail {

inline std::vector<double> ranks(std::span<const double> values) {
  const auto order = sorted_order(values.size(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double shared = static_cast<double>(begin + end + 1) / 2;  // the mean of begin + 1 ... end
    for (; begin < end; ++begin) out[order[begin]] = shared;
  }
  return out;
}

}  // namespace detail

namespace metrics {

inline double spearman(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size()) {
    throw ShapeError(text("spearman: x has ", x.size(), " values, y has ", y.size(), "; they must be as many"));
  }
  for (const auto values : {x, y}) {
    for (const double value : values) {
      if (!std::isfinite(value)) throw ValueError(text("spearman: a value is ", value, "; all must be finite"));
    }
  }
  const auto r = detail::ranks(x), s = detail::ranks(y);
  const double middle = static_cast<double>(x.size() + 1) / 2;
  double rr = 0, ss = 0, rs = 0;
  for (std::size_t i = 0; i < r.size(); ++i) {
    rr += (r[i] - middle) * (r[i] - middle);
    ss += (s[i] - middle) * (s[i] - middle);
    rs += (r[i] - middle) * (s[i] - middle);
  }
  if (rr == 0 || ss == 0) {
    throw ValueError(
        text("spearman: all ", x.size(), " values of ", rr == 0 ? 'x' : 'y', " are equal; at least two must differ"));
  }
  return rs / std::sqrt(rr * ss);
}

inline double spearman(std::span<const double> x, std::span<const double> y, std::span<const std::int32_t> groups) {
  if (x.size() != y.size() || x.size() != groups.size()) {
    throw ShapeError(text("spearman: x has ", x.size(), " values, y has ", y.size(), ", groups has ", groups.size(),
                          "; they must be as many"));
  }
  if (groups.empty()) throw ValueError("spearman: there are no values; at least two are needed");
  const auto order = sorted_order(groups.size(), [&](std::size_t a, std::size_t b) { return groups[a] < groups[b]; });
  double sum = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    std::vector<double> of_x, of_y;
    for (const std::int32_t group = groups[order[begin]]; begin < order.size() && groups[order[begin]] == group;
         ++begin) {
      of_x.push_back(x[order[begin]]);
      of_y.push_back(y[order[begin]]);
    }
    sum += spearman(of_x, of_y) * static_cast<double>(of_x.size());
  }
  return sum / static_cast<double>(x.size());
}

}  // namespace metrics
}  // namespace ink
