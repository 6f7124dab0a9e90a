// Random tensors, drawn with a Key.
//
// Row b (along the first axis) is drawn from its own counters: it does not change with the number of rows, the number
// of threads, or the platform. Draws are made in double and rounded, so float and double agree.
//
// uniform      in [low, high)
// normal       mean 0, standard deviation 1, by the inverse distribution function
// bernoulli    1 with probability p, element by element
// categorical  row b draws k with probability proportional to weights(b, k)
// permutation  a uniformly random order of 0 … n−1
//
// SampleKeys   one key for each row, in place of one for all: row n is then the only row of a batch of one that is
// drawn
//              with its key. `fold` derives from all of them.
//
// Errors: ValueError for an empty range or one beyond the type, a probability outside [0, 1], or weights that are
// negative or sum to zero; ShapeError for more or fewer keys than rows.
//
// Example:
//     Key key{42};
//     auto noise = normal<float>(Shape{64, 28, 28, 1}, key.fold(0));
//     auto order = permutation(60000, key.fold(1));
//     auto two = normal<float>(Shape{2, 28, 28, 1}, SampleKeys({Key{7}, Key{9}}));
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "inkling/core/inverse_normal.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/core/philox.hpp"
#include "inkling/core/tensor.hpp"

namespace ink {

class SampleKeys {
 public:
  explicit SampleKeys(std::vector<Key> keys) : keys_(std::move(keys)) {}

  Index size() const { return static_cast<Index>(keys_.size()); }

  SampleKeys fold(std::uint64_t i) const {
    SampleKeys derived = *this;
    for (Key& key : derived.keys_) key = key.fold(i);
    return derived;
  }

  /// Of a row, or of one of the rows that a batch of one has in its place.
  Philox::Words block(std::uint64_t index, std::uint64_t row, std::uint64_t within = 0) const {
    return keys_[static_cast<std::size_t>(row)].block(index, within);
  }

 private:
  std::vector<Key> keys_;
};

/// What rows are drawn with: one key for all, or one for each.
template <class K>
concept RandomKey = std::same_as<K, Key> || std::same_as<K, SampleKeys>;

namespace detail {

inline void check_rows(const Key&, Index) {}
inline void check_rows(const SampleKeys& keys, Index rows) {
  if (keys.size() != rows) {
    throw ShapeError(text("SampleKeys: keys are ", keys.size(), ", rows are ", rows, "; both must be equal"));
  }
}

inline Philox::Words block_of_row(const Key& key, Index row, Index) {
  return key.block(0, static_cast<std::uint64_t>(row));
}
inline Philox::Words block_of_row(const SampleKeys& keys, Index row, Index rows_per_key) {
  return keys.block(0, static_cast<std::uint64_t>(row / rows_per_key), static_cast<std::uint64_t>(row % rows_per_key));
}

/// Fills a tensor with f(u), u uniform in [0, 1); two draws a block.
template <class T, int R, class K, class F>
Tensor<T, R> draw(const Shape<R>& shape, const K& key, F f) {
  auto out = Tensor<T, R>::uninitialized(shape);
  check_rows(key, R > 0 ? shape[0] : 1);
  if (out.empty()) return out;
  const Index rows = R > 0 ? shape[0] : 1, row = out.size() / rows;
  const Index pairs = (row + 1) / 2;
  T* data = out.mutable_data();
  parallel_for(rows * pairs, 4096, [&](Index begin, Index end) {
    for (Index p = begin; p < end; ++p) {
      const Index r = p / pairs, i = p % pairs * 2;
      const auto w = key.block(static_cast<std::uint64_t>(i / 2), static_cast<std::uint64_t>(r));
      data[r * row + i] = f(unit_interval(w[0], w[1]));
      if (i + 1 < row) data[r * row + i + 1] = f(unit_interval(w[2], w[3]));
    }
  });
  return out;
}

}  // namespace detail

template <class T, int R, RandomKey K>
Tensor<T, R> uniform(const Shape<R>& shape, const K& key, double low = 0, double high = 1) {
  if (!(low < high)) throw ValueError(text("uniform: range is [", low, ", ", high, "); low must be below high"));
  constexpr double most = static_cast<double>(std::numeric_limits<T>::max());
  if (low < -most || high > most) {
    throw ValueError(text("uniform: range is [", low, ", ", high, "); both ends must be finite numbers of the type"));
  }
  const T top = std::nextafter(static_cast<T>(high), static_cast<T>(low));  // rounding to T must not reach `high`
  const double width = high - low;
  return detail::draw<T>(shape, key, [=](double u) {
    const double scaled = detail::rounded(u * width);
    const T x = static_cast<T>(std::isfinite(width) ? low + scaled : low * (1 - u) + high * u);
    return x < static_cast<T>(high) ? x : top;
  });
}

template <class T, int R, RandomKey K>
Tensor<T, R> normal(const Shape<R>& shape, const K& key) {
  return detail::draw<T>(shape, key, [](double u) { return static_cast<T>(inverse_normal(u > 0 ? u : 0x1p-54)); });
}

/// 1 with probability p(i), otherwise 0.
template <class T, int R, RandomKey K>
Tensor<T, R> bernoulli(const Tensor<T, R>& p, const K& key) {
  for (const T& x : p.values()) {
    if (!(x >= 0 && x <= 1)) {
      throw ValueError(text("bernoulli: ", detail::element_text("p", p.shape(), &x - p.data()), " is ", x,
                            "; probabilities lie in [0, 1]"));
    }
  }
  auto out = Tensor<T, R>::uninitialized(p.shape());
  const auto u = uniform<double>(p.shape(), key);
  T* data = out.mutable_data();
  for (Index i = 0; i < out.size(); ++i) data[i] = u.data()[i] < static_cast<double>(p.data()[i]) ? T{1} : T{0};
  return out;
}

/// With SampleKeys, each key is for as many consecutive rows as it is given: rows of one image, say.
template <class T, RandomKey K>
Tensor<std::int32_t, 1> categorical(const Tensor<T, 2>& weights, const K& key, Index rows_per_key = 1) {
  const Index rows = weights.extent(0), classes = weights.extent(1);
  if (rows_per_key < 1 || rows % rows_per_key != 0) {
    throw ShapeError(text("categorical: weights are ", weights.shape(), ", rows per key are ", rows_per_key,
                          "; they must divide weights[0]"));
  }
  detail::check_rows(key, rows / rows_per_key);
  auto out = Tensor<std::int32_t, 1>::uninitialized({rows});
  std::int32_t* drawn = out.mutable_data();
  parallel_for(rows, 64, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const T* w = weights.data() + r * classes;
      double total = 0;
      for (Index k = 0; k < classes; ++k) {
        if (!(w[k] >= 0))
          throw ValueError(
              text("categorical: weights", Shape{r, k}, " is ", w[k], "; weights must not be negative, nor nan"));
        total += static_cast<double>(w[k]);
      }
      if (!(total > 0 && std::isfinite(total))) {
        throw ValueError(text("categorical: weights of row ", r, " sum to ", total, "; the sum must be positive"));
      }
      const auto b = detail::block_of_row(key, r, rows_per_key);
      double left = detail::unit_interval(b[0], b[1]) * total;
      Index k = 0, last = 0;
      for (; k < classes; ++k) {
        if (w[k] > 0) last = k;
        left -= static_cast<double>(w[k]);
        if (left < 0) break;
      }
      drawn[r] = static_cast<std::int32_t>(k < classes ? k : last);
    }
  });
  return out;
}

inline std::vector<Index> permutation(Index n, Key key) {
  if (!detail::Extent(n).fits()) {
    throw ValueError(text("permutation: n is ", n, "; it must ", n < 0 ? "not be negative" : "be at most 2^48"));
  }
  std::vector<Index> order(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
  Stream stream(key);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[stream.below(i)]);
  return order;
}

}  // namespace ink
