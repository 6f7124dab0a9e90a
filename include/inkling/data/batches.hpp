// Batches: a data set in a new random order every epoch, cut into steps.
//
// The epochs' orders, permutation(n, key.fold(epoch)), are one endless sequence; step s holds its items
// [s size, (s + 1) size). A batch may therefore hold the end of one epoch and the start of the next, every epoch shows
// every image exactly once, and any step can be computed by itself: a run that starts at step 1000 sees what a run from
// step 0 sees from there on.
//
// Batch: images (size, H, W, C) in [-1, 1] and labels (size). Errors: ValueError for an empty set, a size below 1 or a
// negative step.
//
// Example:
//     Tensor<std::uint8_t, 4> images({100, 28, 28, 1});
//     data::ImageDataset digits(images, {Shape{100}, 3});
//     for (auto [step, batch] : data::batches(digits, {.size = 32, .steps = 10}, Key{1})) {
//       Tensor<float, 4> x = batch.images;                             // step 0, 1, ... 9
//     }
//     auto batch = data::batch_at(digits, 7, 32, Key{1});              // step 7 of the same sequence
#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/data/dataset.hpp"

namespace ink {
namespace data {

template <class T>
struct Batch {
  Tensor<T, 4> images;             ///< (size, H, W, C) in [-1, 1]
  Tensor<std::int32_t, 1> labels;  ///< (size)

  Index size() const { return images.extent(0); }
};

struct BatchOptions {
  Index size = 64;  ///< images a batch
  Index steps = 1;  ///< steps of the whole run, including those before `start`
  Index start = 0;  ///< first step: where an earlier run stopped
};

}  // namespace data

namespace detail {

/// Draws the rows of steps; keeps the order of the last epoch it needed, which saves time and changes no result.
class BatchRows {
 public:
  BatchRows(Index items, Key key) : items_(items), key_(key) {}

  std::vector<Index> operator()(Index step, Index size) {
    if (step < 0 || step >= std::numeric_limits<Index>::max() / size) {
      throw ValueError(text("batches: step is ", step, ", size is ", size,
                            "; the images up to the step must be counted by 63 bits"));
    }
    std::vector<Index> rows(static_cast<std::size_t>(size));
    for (Index i = 0; i < size; ++i) {
      const Index at = step * size + i, epoch = at / items_;
      if (epoch != epoch_) {
        order_ = permutation(items_, key_.fold(static_cast<std::uint64_t>(epoch)));
        epoch_ = epoch;
      }
      rows[static_cast<std::size_t>(i)] = order_[static_cast<std::size_t>(at % items_)];
    }
    return rows;
  }

 private:
  Index items_;
  Key key_;
  Index epoch_ = -1;
  std::vector<Index> order_;
};

inline void check_batches(const char* operation, Index items, Index size, Index first, Index last) {
  if (items < 1) throw ValueError(text(operation, ": the data set is empty; it needs at least one image"));
  if (size < 1 || !Extent(size).fits()) {
    throw ValueError(text(operation, ": size is ", size, "; it must be ", size < 1 ? "at least 1" : "at most 2^48"));
  }
  if (first < 0 || last < first) {
    throw ValueError(text(operation, ": steps are [", first, ", ", last, "); 0 <= start <= steps must hold"));
  }
  if (last >= std::numeric_limits<Index>::max() / size) {
    throw ValueError(text(operation, ": ", last, " steps of ", size, " overflow"));
  }
}

template <class T>
data::Batch<T> gather_batch(const data::ImageDataset& dataset, const std::vector<Index>& rows) {
  auto part = dataset.take(rows);
  return {data::normalize<T>(part.images), std::move(part.labels)};
}

}  // namespace detail

namespace data {

/// The batch of one step.
template <class T = float>
Batch<T> batch_at(const ImageDataset& dataset, Index step, Index size, Key key) {
  if (step < 0) throw ValueError(text("batch_at: step is ", step, "; it must not be negative"));
  detail::check_batches("batch_at", dataset.size(), size, 0, step);
  return detail::gather_batch<T>(dataset, detail::BatchRows(dataset.size(), key)(step, size));
}

/// What `batches` returns: a range of (step, batch). It shares the data set's storage, so it may outlive the variable.
template <class T>
class Batches {
 public:
  struct Item {
    Index step;
    Batch<T> batch;
  };
  struct End {};

  class Iterator {
   public:
    Iterator(const Batches& range, Index step)
        : range_(&range), rows_(range.dataset_.size(), range.key_), step_(step) {}

    Item operator*() { return {step_, detail::gather_batch<T>(range_->dataset_, rows_(step_, range_->options_.size))}; }
    Iterator& operator++() {
      ++step_;
      return *this;
    }
    bool operator==(End) const { return step_ >= range_->options_.steps; }

   private:
    const Batches* range_;
    detail::BatchRows rows_;
    Index step_;
  };

  Batches(ImageDataset dataset, const BatchOptions& options, Key key)
      : dataset_(std::move(dataset)), options_(options), key_(key) {
    detail::check_batches("batches", dataset_.size(), options.size, options.start, options.steps);
  }

  Iterator begin() const { return {*this, options_.start}; }
  End end() const { return {}; }

 private:
  ImageDataset dataset_;
  BatchOptions options_;
  Key key_;
};

template <class T = float>
Batches<T> batches(ImageDataset dataset, const BatchOptions& options, Key key) {
  return {std::move(dataset), options, key};
}

}  // namespace data
}  // namespace ink
