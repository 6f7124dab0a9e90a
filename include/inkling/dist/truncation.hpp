// Truncation: which levels of a categorical distribution may be drawn, and how boldly.
//
//   temperature   p(k)^{1/temperature}: below 1 sharper, above 1 flatter; 0 is the likeliest level
//   top_k         the k likeliest levels; 0: all               A. Fan, M. Lewis, Y. Dauphin 2018, arXiv:1805.04833
//   top_p         the fewest of the likeliest levels that have the mass p together (nucleus sampling); 1: all
//                                                              A. Holtzman et al. 2019, arXiv:1904.09751
//   min_p         the levels at least min_p times as likely as the likeliest; 0: all
//                                                              M. Nguyen et al. 2024, arXiv:2407.01082
//
// They act in this order, each on what the one before it left, renormalised. The likeliest level is always kept; of
// equals the lower level counts as the likelier. The default changes nothing.
//
// `truncation(distribution)` is the truncated Categorical: a level that may not be drawn has the logit −∞.
// `truncation.sample(distribution, key)` draws, from any distribution with as_categorical().
//
// Errors: ValueError for a temperature or top_k below 0, a top_p outside (0, 1], a min_p outside [0, 1], and a logit
// that is not a number.
//
// Example:
//     Categorical pixel{normal<float>(Shape{4, 256}, Key{1})};
//     Truncation nucleus{.temperature = 0.9, .top_p = 0.95};
//     auto kept = nucleus(pixel);                            // a Categorical
//     auto drawn = nucleus.sample(pixel, Key{2});            // (4)
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "inkling/dist/categorical.hpp"

namespace ink {

struct Truncation {
  double temperature = 1;
  int top_k = 0;
  double top_p = 1;
  double min_p = 0;

  void check() const {
    if (!(temperature >= 0)) {
      throw ValueError(text("Truncation: temperature is ", temperature, "; it must not be negative"));
    }
    if (top_k < 0) throw ValueError(text("Truncation: top_k is ", top_k, "; it must not be negative"));
    if (!(top_p > 0 && top_p <= 1)) throw ValueError(text("Truncation: top_p is ", top_p, "; it must be in (0, 1]"));
    if (!(min_p >= 0 && min_p <= 1)) throw ValueError(text("Truncation: min_p is ", min_p, "; it must be in [0, 1]"));
  }

  template <class T, int R>
  Categorical<Tensor<T, R>> operator()(const Categorical<Tensor<T, R>>& distribution) const {
    check();
    if (keeps_all()) return distribution.tempered(temperature);
    Tensor<T, R> logits = temperature > 0 ? distribution.tempered(temperature).logits() : distribution.logits();
    const Index levels = distribution.levels(), rows = levels > 0 ? logits.size() / levels : 0;
    T* data = logits.mutable_data();
    parallel_for(rows, 64, [&](Index begin, Index end) {
      std::vector<Index> order(static_cast<std::size_t>(levels));
      for (Index r = begin; r < end; ++r) truncate(r, data + r * levels, order);
    });
    return Categorical(std::move(logits));
  }

  /// Levels drawn from the truncated distribution.
  template <class D, RandomKey K>
  auto sample(const D& distribution, const K& key) const {
    check();
    if (temperature == 1 && keeps_all()) return distribution.sample(key);
    return (*this)(distribution.as_categorical()).sample(key);
  }

 private:
  bool keeps_all() const { return temperature > 0 && top_k == 0 && top_p == 1 && min_p == 0; }

  template <class T>
  void truncate(Index r, T* row, std::vector<Index>& order) const {
    for (std::size_t k = 0; k < order.size(); ++k) {
      if (std::isnan(row[k])) {
        throw ValueError(text("Truncation: logit ", k, " of row ", r, " is nan; it must be a number"));
      }
      order[k] = static_cast<Index>(k);
    }
    std::sort(order.begin(), order.end(),
              [row](Index a, Index b) { return row[a] > row[b] || (row[a] == row[b] && a < b); });
    const double top = static_cast<double>(row[order.front()]);
    const auto weight = [&](std::size_t i) {  // relative to the likeliest
      const auto logit = static_cast<double>(row[order[i]]);
      return logit == top ? 1.0 : std::exp(logit - top);
    };
    std::size_t kept = order.size();
    if (temperature == 0) {
      kept = 1;
    } else if (top_k > 0) {
      kept = std::min(kept, static_cast<std::size_t>(top_k));
    }
    if (top_p < 1) {
      double total = 0, mass = 0;
      for (std::size_t i = 0; i < kept; ++i) total += weight(i);
      std::size_t needed = 0;
      while (needed < kept && mass < top_p * total) mass += weight(needed++);
      kept = needed;
    }
    while (kept > 1 && weight(kept - 1) < min_p) --kept;
    for (std::size_t i = kept; i < order.size(); ++i) row[order[i]] = -std::numeric_limits<T>::infinity();
  }
};

}  // namespace ink
