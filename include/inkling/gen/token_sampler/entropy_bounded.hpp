// EntropyBounded: reveals as many pixels in a step as are nearly certain: those of the lowest entropy H, as long as
//
//   Σ H_i − max H_i ≤ bound     over the pixels i of the step, in nats
//
// The left side bounds what drawing them independently loses. With bound 0 that is one pixel at a time, and with it
// those that are determined already; ln K per pixel and more reveals everything at once. The model decides how many
// steps an image takes: at most as many as pixels. H. Ben-Hamu et al. 2025, arXiv:2505.24857.
//
// Errors: ValueError for a negative bound, or a prediction that is NaN.
//
// Example:
//     EntropyBounded careful{.bound = 0.1};
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "inkling/gen/token_sampler/reveal.hpp"
#include "inkling/ops/rows.hpp"
#include "inkling/ops/softmax.hpp"

namespace ink {

struct EntropyBounded {
  double bound = 0.1;
  Truncation truncation = {};

  template <class M>
  std::vector<double> times(const M& model, const Tokens& x) const {
    if (!(bound >= 0)) throw ValueError(text("EntropyBounded: bound is ", bound, "; it must not be negative"));
    return Reveal<>{.truncation = truncation}.times(model, x);
  }

  template <class M, class C>
  NoMemory begin(const M&, const Tokens&, const C&) const {
    return {};
  }

  template <class M, RandomKey K, class C>
  Tokens step(const M& model, Tokens x, double known, double, NoMemory&, const K& key, const C& condition) const {
    if (detail::most_missing(x) == 0) return x;
    const auto prediction = model.posterior(x, known, condition);
    const Tokens drawn = truncation.sample(prediction, key);
    const auto pixels = prediction.as_categorical();
    const auto p = softmax(pixels.logits());
    Tensor<double, 3> certainty(x.shape());
    double* c = certainty.mutable_data();  // −H
    for (Index i = 0; i < p.size(); ++i) {
      const auto v = static_cast<double>(p.data()[i]);
      if (std::isnan(v)) {
        throw ValueError(text("EntropyBounded: the prediction is nan in ",
                              detail::row_text(x.shape(), i / pixels.levels()), "; it must be a number"));
      }
      if (v > 0) c[i / pixels.levels()] += v * std::log(v);
    }
    return detail::fill_missing(std::move(x), drawn, certainty, [&](const std::vector<Index>& places) {
      double sum = 0;  // of all but the last, which is the most uncertain
      Index count = 0;
      for (const Index place : places) {
        if (!(sum <= bound)) break;
        sum -= c[place];
        ++count;
      }
      return count;
    });
  }
};

}  // namespace ink
