// MostConfident: the next pixels to be revealed are those of which the model is most certain.
//
//   confidence = log max_k p(k) + noise·(fraction still missing)·g,    g standard Gumbel
//   confidence = log p(drawn) + noise·(fraction still missing)·g       with `of_drawn`
//
// H. Chang et al., "MaskGIT", 2022, arXiv:2202.04200: with `of_drawn`, noise 4.5 and CosinePlan.
//
// Trap: to choose by the probability of what was drawn prefers pixels that happened to draw something likely. Its
// images are biased, as by a temperature below 1, even one pixel at a time (S. Hayakawa et al. 2025,
// arXiv:2510.04525). So the default looks at the prediction alone, and one pixel at a time is exact.
//
// Errors: ValueError for a prediction that is NaN.
//
// Example:
//     Reveal fast{MostConfident{}, CosinePlan{.steps = 12}};
#pragma once

#include <algorithm>
#include <cmath>

#include "inkling/core/random.hpp"
#include "inkling/ops/rows.hpp"
#include "inkling/ops/softmax.hpp"

namespace ink {

struct MostConfident {
  bool of_drawn = false;
  double noise = 0;

  template <class P, RandomKey K>
  Tensor<double, 3> operator()(const P& prediction, const Tensor<std::int32_t, 3>& drawn, double left,
                               const K& key) const {
    const auto pixels = prediction.as_categorical();
    const auto p = softmax(pixels.logits());
    const Index levels = pixels.levels();
    auto confidence = uniform<double>(drawn.shape(), key);
    double* c = confidence.mutable_data();
    for (Index i = 0; i < drawn.size(); ++i) {
      const auto* row = p.data() + i * levels;
      const auto likely = of_drawn ? row[drawn.data()[i]] : *std::max_element(row, row + levels);
      if (std::isnan(likely)) {  // as then the whole row is
        throw ValueError(text("MostConfident: the prediction is nan in ", detail::row_text(drawn.shape(), i),
                              "; it must be a number"));
      }
      const double gumbel = noise == 0 ? 0 : -std::log(-std::log(std::max(c[i], 0x1p-54)));
      c[i] = std::log(static_cast<double>(likely)) + noise * left * gumbel;
    }
    return confidence;
  }
};

}  // namespace ink
