// Training batches that bring their condition along: digits with captions, or with sketches.
//
// What caption_data and sketch_data return is called with a step and a key, as train() calls its data, and gives a
// batch of images, labels and `condition`. Images are drawn as by data::batch_at; a digit's caption is phrased anew
// every time it is shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "inkling/data/batches.hpp"
#include "inkling/data/caption_tokenizer.hpp"
#include "inkling/data/captions.hpp"
#include "inkling/data/skeleton.hpp"
#include "inkling/nn/condition.hpp"

template <class Condition>
struct ConditionedBatch {
  ink::Tensor<float, 4> images;         ///< (size, H, W, 1) in [-1, 1]
  ink::Tensor<std::int32_t, 1> labels;  ///< (size)
  Condition condition;                  ///< one row per image

  ink::Index size() const { return images.extent(0); }
};

/// Batches of digits; tell(rows, key) is the condition of the digits with these numbers.
template <class Tell>
class ConditionedDigits {
 public:
  ConditionedDigits(const ink::data::ImageDataset& digits, ink::Index batch_size, Tell tell)
      : labels_(digits.labels), numbered_(numbered(digits)), batch_size_(batch_size), tell_(std::move(tell)) {}

  auto operator()(ink::Index step, ink::Key key) const {
    auto batch = ink::data::batch_at(numbered_, step, batch_size_, key);
    std::vector<ink::Index> rows(batch.labels.values().begin(), batch.labels.values().end());
    for (std::int32_t& label : batch.labels.mutable_values()) label = labels_.data()[label];
    // The orders of the epochs are drawn with key.fold(epoch), the words with a key that no epoch has.
    auto condition = tell_(rows, key.fold(~std::uint64_t{0}).fold(static_cast<std::uint64_t>(step)));
    return ConditionedBatch<decltype(condition)>{std::move(batch.images), std::move(batch.labels),
                                                 std::move(condition)};
  }

 private:
  /// The same images, each labelled by its row.
  static ink::data::ImageDataset numbered(const ink::data::ImageDataset& digits) {
    ink::Tensor<std::int32_t, 1> rows(digits.labels.shape());
    std::int32_t row = 0;
    for (std::int32_t& label : rows.mutable_values()) label = row++;
    return {digits.images, rows};
  }

  ink::Tensor<std::int32_t, 1> labels_;
  ink::data::ImageDataset numbered_;
  ink::Index batch_size_;
  Tell tell_;
};

/// Digits with captions in changing words.
inline auto caption_data(const ink::data::ImageDataset& digits, ink::Index batch_size,
                         const ink::data::CaptionTokenizer& tokenizer = {}) {
  auto tell = [all = ink::data::describe(digits), tokenizer](std::span<const ink::Index> rows, ink::Key key) {
    std::vector<ink::data::Description> some;
    for (const ink::Index row : rows) some.push_back(all[static_cast<std::size_t>(row)]);
    return ink::Captions{tokenizer.encode(ink::data::captions(some, key))};
  };
  return ConditionedDigits(digits, batch_size, std::move(tell));
}

/// Digits with sketches of themselves: sketch(images) is data::skeleton, data::edges, or alike.
template <class Sketcher>
auto sketch_data(const ink::data::ImageDataset& digits, ink::Index batch_size, const Sketcher& sketch) {
  auto tell = [all = ink::data::ImageDataset(sketch(digits.images), digits.labels)](std::span<const ink::Index> rows,
                                                                                    ink::Key) {
    return ink::Sketch{ink::data::normalize<float>(all.take(rows).images)};
  };
  return ConditionedDigits(digits, batch_size, std::move(tell));
}

inline auto sketch_data(const ink::data::ImageDataset& digits, ink::Index batch_size) {
  return sketch_data(digits, batch_size, [](const auto& images) { return ink::data::skeleton(images); });
}
