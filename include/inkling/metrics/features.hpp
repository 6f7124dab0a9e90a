// features: what a classifier decides by, of many images: the vectors that sets of images are compared by.
//
// The images are shown in pieces, so that many do not need much memory; the result does not depend on the size of the
// pieces.
//
// images (N, H, W, C) -> (N, D), for a classifier with features(images), as models::Classifier has. Errors: ValueError
// for no images.
//
// Example:
//     models::Classifier<float> judge({}, Key{1});
//     auto images = uniform<float>(Shape{20, 28, 28, 1}, Key{2}, -1, 1);
//     auto set = metrics::moments(metrics::features(judge, images));
#pragma once

#include <algorithm>

#include "inkling/core/view.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink::metrics {

template <class Classifier, class T>
Tensor<T, 2> features(const Classifier& classifier, const Tensor<T, 4>& images, Index piece = 250) {
  const Index count = images.extent(0);
  if (count == 0) throw ValueError("features: there are no images; at least one is needed");
  if (piece < 1) throw ValueError(text("features: piece is ", piece, "; it must be at least 1"));
  std::vector<Tensor<T, 2>> parts;
  for (Index begin = 0; begin < count; begin += piece) {
    parts.push_back(classifier.features(dense(view(images).slice(0, begin, std::min(begin + piece, count)))));
  }
  return concat(0, parts);
}

}  // namespace ink::metrics
