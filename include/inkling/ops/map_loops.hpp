// The loops behind `map` (ops/map.hpp): a formula over blocks of memory, forward and backward.
//
//   map_loop               out[i] = f(x₁[i], x₂[i], …)
//   value_and_slope_loop   y[i] = f(x[i]), dx[i] *= f'(x[i])
//   gradient_loop          dx_k[i] = dy[i] · ∂f/∂x_k(x₁[i], x₂[i], …) for the inputs that are differentiated
//   MapGradients           where these go: to memory, or added up where an input was repeated
//
// None of them knows a rank: a formula is compiled once for tensors of all ranks, and for each instruction set.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "inkling/autograd/dual.hpp"
#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/broadcast.hpp"
#include "inkling/kernels/elementwise.hpp"
#include "inkling/kernels/reduce.hpp"

namespace ink::detail {

inline constexpr Index map_block = 2048;  // elements, of each operand: they stay in the first-level cache

/// Where the elements [begin, end) of every operand lie: in place, or in its buffer.
template <class T, std::size_t N>
std::array<const T*, N> read_all(const std::array<kernels::BroadcastReader<T>, N>& x, Index begin, Index end,
                                 T (&buffers)[N][map_block]) {
  std::array<const T*, N> at;
  for (std::size_t i = 0; i < N; ++i) at[i] = x[i].read(begin, end, buffers[i]);
  return at;
}

/// `out` may be where an operand lies that is not stretched.
template <class T, std::size_t N, class F>
void map_loop(Index size, const F& f, T* out, const std::array<kernels::BroadcastReader<T>, N>& x) {
  const auto numbers = [f](auto... v)
                           INKLING_LAMBDA_INLINE { return std::array<T, 1>{Dual<T, 0>(f(Dual<T, 0>(v)...)).v}; };
  parallel_for(size, 8 * map_block, [&](Index first, Index last) {
    T buffers[N][map_block];
    for (Index begin = first; begin < last; begin += map_block) {
      const Index end = std::min(begin + map_block, last);
      kernels::apply_many_serial(end - begin, numbers, std::array<T*, 1>{out + begin},
                                 read_all(x, begin, end, buffers));
    }
  });
}

/// y[i] = f(x[i]) and dx[i] *= f'(x[i]). `y` may be where x lies.
template <class T, class F>
void value_and_slope_loop(Index size, const F& f, const T* x, T* y, T* dx) {
  kernels::apply_many(size, [f](T v, T upstream) INKLING_LAMBDA_INLINE {
    const auto fv = f(Dual<T, 1>::variable(v, 0));
    return std::array<T, 2>{fv.v, upstream * fv.d[0]};
  }, std::array<T*, 2>{y, dx}, x, static_cast<const T*>(dx));
}

/// A result seen as (outer, repeat, inner) and an input as (outer, 1, inner) of it.
struct Repetition {
  Index outer = 1, repeat = 1, inner = 1;
  bool operator==(const Repetition&) const = default;
};

/// The gradients of one map: where an input is as large as the result they go to memory at once. Where it is repeated,
/// and all such inputs in the same way, they are added up while they are in the cache; the partial sums are of fixed
/// ranges, added in order.
template <class T, std::size_t Active>
class MapGradients {
 public:
  using Pointers = std::array<T*, Active>;

  /// `repetitions`: of each active input, nothing if it is as large as the result or repeated in a way of its own. The
  /// gradient of the first large one is written over dy, unless dy is shared.
  MapGradients(Index size, Storage dy, const std::array<std::optional<Repetition>, Active>& repetitions)
      : dy_(std::move(dy)), rows_{1, 1, size} {
    for (const auto& r : repetitions) {
      if (r && r->inner >= shortest_row && r->inner <= map_block) rows_ = *r;
    }
    for (std::size_t i = 0; i < Active; ++i) {
      folded_[i] = rows_.repeat > 1 && repetitions[i] && *repetitions[i] == rows_;
      if (folded_[i]) continue;
      const bool over_dy = dy_ && dy_.unique();
      whole_[i] = over_dy ? std::move(dy_) : Storage(static_cast<std::size_t>(size) * sizeof(T));
      whole_data_[i] = reinterpret_cast<T*>(whole_[i].data());
    }
    piece_ = rows_.repeat > 1 ? std::max<Index>(1, 8 * map_block / rows_.inner) : 1;
    pieces_ = (rows_.repeat + piece_ - 1) / piece_;
  }

  /// Calls body(begin, end, pointers to the gradients of the elements [begin, end)) for blocks that cover the shape.
  void for_each_block(FunctionRef<void(Index, Index, const Pointers&)> body) {
    if (std::find(folded_.begin(), folded_.end(), true) == folded_.end()) {
      parallel_for(rows_.inner * rows_.repeat * rows_.outer, 8 * map_block, [&](Index first, Index last) {
        for (Index begin = first; begin < last; begin += map_block) {
          Pointers out = whole_data_;
          for (auto& pointer : out) pointer += begin;
          body(begin, std::min(begin + map_block, last), out);
        }
      });
      return;
    }
    const Index inner = rows_.inner, tasks = rows_.outer * pieces_;
    partial_.emplace(std::max<Index>(1, tasks * active * inner));
    const Index elements = std::min(piece_, rows_.repeat) * inner;
    parallel_for(tasks, std::max<Index>(1, 8 * map_block / elements), [&](Index begin, Index end) {
      for (Index task = begin; task < end; ++task) fold(task, body);
    });
  }

  bool is_folded(std::size_t i) const { return folded_[i]; }

  /// The gradient of active input i for every element of the result, if it was not folded.
  Storage take_whole(std::size_t i) { return std::move(whole_[i]); }

  /// The gradient of active input i, added up, if it was.
  void add_up(std::size_t i, T* out) {
    const Index inner = rows_.inner;
    for (Index o = 0; o < rows_.outer; ++o) {
      const T* from = partial_->data() + (o * pieces_ * active + static_cast<Index>(i)) * inner;
      kernels::detail::add_partial_sums(pieces_, inner, from, active * inner, out + o * inner);
    }
  }

 private:
  static constexpr Index active = static_cast<Index>(Active);
  static constexpr Index shortest_row = 16;  // below, a row is not worth a loop of its own

  void fold(Index task, FunctionRef<void(Index, Index, const Pointers&)> body) {
    const Index inner = rows_.inner, o = task / pieces_, first = task % pieces_ * piece_;
    const Index last = std::min(rows_.repeat, first + piece_), step = map_block / inner;
    T* sums = partial_->data() + task * active * inner;
    std::fill_n(sums, active * inner, T(0));
    T local[Active][map_block];
    for (Index row = first; row < last; row += step) {
      const Index rows = std::min(step, last - row), begin = (o * rows_.repeat + row) * inner;
      Pointers out = whole_data_;
      for (std::size_t i = 0; i < Active; ++i) out[i] = folded_[i] ? local[i] : out[i] + begin;
      body(begin, begin + rows * inner, out);
      for (std::size_t i = 0; i < Active; ++i) {
        T* sum = sums + static_cast<Index>(i) * inner;
        for (Index r = 0; folded_[i] && r < rows; ++r) {
          kernels::apply_serial(inner, [](T a, T b) INKLING_LAMBDA_INLINE { return a + b; }, sum, sum,
                                local[i] + r * inner);
        }
      }
    }
  }

  Storage dy_;  // kept until all is computed, if nothing is written over it
  Repetition rows_;
  Index piece_ = 1, pieces_ = 1;  // rows of a partial sum, partial sums of each outer position
  std::array<bool, Active> folded_{};
  std::array<Storage, Active> whole_;
  Pointers whole_data_{};
  std::optional<Scratch<T>> partial_;  // (outer, pieces, Active, inner)
};

/// How many of the inputs are differentiated, where each has its position among these, or −1.
template <std::size_t N>
constexpr std::size_t active_count(const std::array<int, N>& positions) {
  std::size_t count = 0;
  for (const int position : positions) count += position >= 0 ? 1 : 0;
  return count;
}

/// The position is a constant: an index of its own would keep clang from vectorising loops over duals.
template <class T, int N, int Position>
INKLING_INLINE Dual<T, N> seed(T value) {
  return Dual<T, N>::with(
      value, [](std::size_t i) INKLING_LAMBDA_INLINE { return static_cast<int>(i) == Position ? T{1} : T{0}; });
}

/// `Position`: of every input, as in active_count.
template <int... Position, class T, std::size_t Active, std::size_t N, class F>
void gradient_loop(MapGradients<T, Active>& gradients, const F& f, const T* dy,
                   const std::array<kernels::BroadcastReader<T>, N>& x) {
  constexpr int count = static_cast<int>(Active);
  const auto slopes = [f](T dv, auto... v) INKLING_LAMBDA_INLINE {
    const auto partials = Dual<T, count>(f(seed<T, count, Position>(v)...)).d;
    return [&]<std::size_t... P>(std::index_sequence<P...>) INKLING_LAMBDA_INLINE {  // a loop keeps clang scalar
      return std::array<T, Active>{dv * partials[P]...};
    }(std::make_index_sequence<Active>{});
  };
  gradients.for_each_block([&](Index begin, Index end, const std::array<T*, Active>& out) {
    T buffers[N][map_block];
    const auto read = read_all(x, begin, end, buffers);
    std::array<const T*, N + 1> in{dy + begin};
    std::copy(read.begin(), read.end(), in.begin() + 1);
    kernels::apply_many_serial(end - begin, slopes, out, in);
  });
}

}  // namespace ink::detail
