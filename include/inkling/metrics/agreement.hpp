// Agreement: how often a classifier names the class that was asked for.
//
//   mean over n of  [argmax_k classifier(x_n)_k = label_n]
//
// The images are shown in pieces, so that many do not need much memory; the result does not depend on the size of the
// pieces.
//
// images (N, H, W, C), labels (N) -> a rate in [0, 1]. `classifier(images)` gives logits (N, classes). Errors:
// ShapeError for images and labels that differ in number; ValueError for none, and for logits that are NaN: such a
// classifier names no class.
//
// Example:
//     models::Classifier<float> judge({}, Key{1});
//     auto images = uniform<float>(Shape{20, 28, 28, 1}, Key{2}, -1, 1);
//     double rate = metrics::agreement(judge, images, Tensor<std::int32_t, 1>(Shape{20}, 7));
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "inkling/core/view.hpp"
#include "inkling/dist/categorical.hpp"

namespace ink::metrics {

template <class Classifier, class T>
double agreement(const Classifier& classifier, const Tensor<T, 4>& images, const Tensor<std::int32_t, 1>& labels,
                 Index piece = 250) {
  const Index count = images.extent(0);
  if (labels.extent(0) != count) {
    throw ShapeError(text("agreement: images are ", images.shape(), ", labels are ", labels.shape(),
                          "; images[0] must equal labels[0]"));
  }
  if (count == 0) throw ValueError("agreement: there are no images; at least one is needed");
  if (piece < 1) throw ValueError(text("agreement: piece is ", piece, "; it must be at least 1"));
  Index right = 0;
  for (Index begin = 0; begin < count; begin += piece) {
    const Index end = std::min(begin + piece, count);
    const auto logits = classifier(dense(view(images).slice(0, begin, end)));
    for (Index i = 0; i < logits.size(); ++i) {
      if (std::isnan(logits.data()[i])) {
        throw ValueError(
            text("agreement: logits have nan for image ", begin + i / logits.extent(-1), "; they must be numbers"));
      }
    }
    const auto named = Categorical(logits).mode();
    for (Index i = begin; i < end; ++i) right += named.data()[i - begin] == labels.data()[i];
  }
  return static_cast<double>(right) / static_cast<double>(count);
}

}  // namespace ink::metrics
