// Told: one type for everything that a network may be told of an image, so that every network is compiled once.
//
// It has a class, a caption and a sketch for every image; what is not told is "not told" (nn/condition.hpp).
#pragma once

#include <utility>

#include "inkling/core/view.hpp"
#include "inkling/data/caption_tokenizer.hpp"
#include "inkling/nn/condition.hpp"

namespace systems {

using Told = ink::Conditions<ink::ClassLabels, ink::Captions, ink::Sketch>;

inline Told tell_nothing(ink::Index count) {
  return Told{
      ink::ClassLabels{ink::Tensor<std::int32_t, 1>(ink::Shape{count}, ink::null_label)},
      ink::Captions{ink::Tensor<std::int32_t, 2>({count, ink::data::CaptionTokenizer{}.length}, ink::null_token)},
      ink::Sketch{ink::Tensor<float, 4>({count, 28, 28, 1})}};
}

inline Told tell_classes(ink::Tensor<std::int32_t, 1> ids) {
  Told told = tell_nothing(ids.size());
  std::get<ink::ClassLabels>(told.parts).ids = std::move(ids);
  return told;
}

/// Image i is told digit i mod 10.
inline Told tell_every_class(ink::Index count) {
  ink::Tensor<std::int32_t, 1> ids(ink::Shape{count});
  for (ink::Index i = 0; i < count; ++i) ids(i) = static_cast<std::int32_t>(i % 10);
  return tell_classes(std::move(ids));
}

inline Told tell_captions(ink::Captions captions) {
  Told told = tell_nothing(captions.ids.extent(0));
  std::get<ink::Captions>(told.parts) = std::move(captions);
  return told;
}

inline Told tell_sketches(ink::Sketch sketches) {
  Told told = tell_nothing(sketches.image.extent(0));
  std::get<ink::Sketch>(told.parts) = std::move(sketches);
  return told;
}

inline const ink::Tensor<std::int32_t, 1>& classes_of(const Told& told) {
  return std::get<ink::ClassLabels>(told.parts).ids;
}

/// The rows [begin, end).
inline Told rows_of(const Told& told, ink::Index begin, ink::Index end) {
  const auto rows = [&](const auto& x) { return ink::dense(ink::view(x).slice(0, begin, end)); };
  const auto& [labels, captions, sketches] = told.parts;
  return Told{ink::ClassLabels{rows(labels.ids)}, ink::Captions{rows(captions.ids)}, ink::Sketch{rows(sketches.image)}};
}

}  // namespace systems
