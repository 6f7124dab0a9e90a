// Class balance: whether all classes occur alike among what a generator draws.
//
//   −Σ_c p_c·ln p_c / ln C,     p_c the share of class c
//
// 1 if all C classes occur equally often, 0 if only one does.
//
// Shapes: labels (N), those that a classifier names.
//
// Errors: ValueError for fewer than two classes, no labels, and a label outside [0, classes), with its row.
//
// Example:
//     double balance = metrics::class_balance(Tensor<std::int32_t, 1>(Shape{4}, {0, 1, 1, 0}), 2);     // 1
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "inkling/core/tensor.hpp"

namespace ink::metrics {

inline double class_balance(const Tensor<std::int32_t, 1>& labels, Index classes) {
  if (classes < 2) throw ValueError(text("class_balance: classes are ", classes, "; there must be at least 2"));
  if (labels.empty()) throw ValueError("class_balance: there are no labels; at least one is needed");
  std::vector<Index> counts(static_cast<std::size_t>(classes));
  for (Index n = 0; n < labels.size(); ++n) {
    if (labels(n) < 0 || labels(n) >= classes) {
      throw ValueError(text("class_balance: label ", n, " is ", labels(n), "; it must be in [0, ", classes, ")"));
    }
    ++counts[static_cast<std::size_t>(labels(n))];
  }
  double entropy = 0;
  for (const Index count : counts) {
    const double p = static_cast<double>(count) / static_cast<double>(labels.size());
    if (count > 0) entropy -= p * std::log(p);
  }
  return entropy / std::log(static_cast<double>(classes));
}

}  // namespace ink::metrics
