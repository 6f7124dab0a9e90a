#include "inkling/data/batches.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace batches_test {

using namespace ink;
using data::BatchOptions;
using data::ImageDataset;

namespace {

/// n images of one pixel whose value and label are their index.
ImageDataset numbered(Index n) {
  Tensor<std::uint8_t, 4> images({n, 1, 1, 1});
  Tensor<std::int32_t, 1> labels(Shape{n});
  for (Index i = 0; i < n; ++i) {
    images(i, 0, 0, 0) = static_cast<std::uint8_t>(i);
    labels(i) = static_cast<std::int32_t>(i);
  }
  return {images, labels};
}

std::vector<std::int32_t> labels_of(const BatchOptions& options, Key key, Index items) {
  std::vector<std::int32_t> seen;
  for (const auto& [step, batch] : data::batches(numbered(items), options, key)) {
    CHECK(batch.size() == options.size);
    seen.insert(seen.end(), batch.labels.values().begin(), batch.labels.values().end());
  }
  return seen;
}

std::string error_of(Index items, const BatchOptions& options) {
  try {
    data::batches(numbered(items), options, Key{1});
  } catch (const ValueError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the steps are the concatenated epochs, whatever the batch size") {
  const Key key{42};
  std::vector<std::int32_t> expected;
  for (std::uint64_t epoch = 0; epoch < 12; ++epoch) {
    for (const Index row : permutation(10, key.fold(epoch))) expected.push_back(static_cast<std::int32_t>(row));
  }
  for (const Index size : {1, 3, 4, 10, 30}) {  // within an epoch, straddling, whole, several epochs in one batch
    auto seen = labels_of({.size = size, .steps = 120 / size}, key, 10);
    CHECK(seen == expected);
  }
  CHECK(std::vector(expected.begin(), expected.begin() + 10) !=
        std::vector(expected.begin() + 10, expected.begin() + 20));
}

TEST_CASE("every epoch shows every image once") {
  auto seen = labels_of({.size = 7, .steps = 20}, Key{3}, 20);
  for (std::size_t epoch = 0; epoch < 7; ++epoch) {
    std::vector<std::int32_t> one(seen.begin() + static_cast<std::ptrdiff_t>(epoch * 20),
                                  seen.begin() + static_cast<std::ptrdiff_t>(epoch * 20 + 20));
    std::sort(one.begin(), one.end());
    for (std::size_t i = 0; i < 20; ++i) CHECK(one[i] == static_cast<std::int32_t>(i));
  }
}

TEST_CASE("a resumed run and random access see the same batches") {
  const auto set = numbered(10);
  const Key key{5};
  std::vector<std::int32_t> whole = labels_of({.size = 4, .steps = 20}, key, 10);
  const auto rest = labels_of({.size = 4, .steps = 20, .start = 13}, key, 10);
  CHECK(rest == std::vector(whole.begin() + 52, whole.end()));
  Index expected_step = 13;
  for (auto [step, batch] : data::batches(set, {.size = 4, .steps = 20, .start = 13}, key)) {
    CHECK(step == expected_step++);
    const auto again = data::batch_at(set, step, 4, key);
    CHECK(again.labels == batch.labels);
    CHECK(again.images == batch.images);
  }
  CHECK(expected_step == 20);
  CHECK(labels_of({.size = 4, .steps = 20, .start = 20}, key, 10).empty());
}

TEST_CASE("images are scaled to [-1, 1] and belong to their labels") {
  const auto batch = data::batch_at<double>(numbered(200), 3, 16, Key{1});
  CHECK(batch.images.shape() == Shape{16, 1, 1, 1});
  for (Index i = 0; i < 16; ++i) CHECK(batch.images(i, 0, 0, 0) == doctest::Approx(batch.labels(i) / 127.5 - 1));
}

TEST_CASE("a range may outlive the set it was made from, and be walked twice") {
  const auto range = [] { return data::batches(numbered(5), {.size = 2, .steps = 3}, Key{9}); }();
  std::vector<std::int32_t> first, second;
  for (auto [step, batch] : range) first.push_back(batch.labels(0));
  for (auto [step, batch] : range) second.push_back(batch.labels(0));
  CHECK(first.size() == 3);
  CHECK(first == second);
}

TEST_CASE("wrong options are named") {
  CHECK(error_of(0, {}) == "batches: the data set is empty; it needs at least one image");
  CHECK(error_of(3, {.size = 0}) == "batches: size is 0; it must be at least 1");
  CHECK(error_of(3, {.steps = -1}) == "batches: steps are [0, -1); 0 <= start <= steps must hold");
  CHECK(error_of(3, {.steps = 4, .start = 5}) == "batches: steps are [5, 4); 0 <= start <= steps must hold");
  CHECK(error_of(3, {.size = 2, .steps = std::numeric_limits<Index>::max() / 2}).find("overflow") != std::string::npos);
  CHECK(error_of(3, {.size = std::numeric_limits<Index>::max()}) ==
        "batches: size is 9223372036854775807; it must be at most 2^48");
  // As a training loop draws its rows: the step comes from a checkpoint.
  detail::BatchRows rows(3, Key{1});
  CHECK_THROWS_WITH_AS(rows(std::numeric_limits<Index>::max() / 4, 64),
                       "batches: step is 2305843009213693951, size is 64; the images up to the step must be counted by "
                       "63 bits",
                       ValueError);
  CHECK_THROWS_AS(rows(-1, 64), ValueError);
  CHECK(rows(std::numeric_limits<Index>::max() / 64 - 1, 64).size() == 64);
  CHECK_THROWS_WITH_AS(data::batch_at(numbered(3), -1, 2, Key{1}), "batch_at: step is -1; it must not be negative",
                       ValueError);
}

}  // namespace batches_test
