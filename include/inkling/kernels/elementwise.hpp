// Fused element-wise loops: out[i] = f(in[i]…) for any inlinable scalar f, vectorised for the machine's instruction
// set.
//
// The loop runs over blocks of a fixed number of elements that are copied to local arrays and back. The constant trip
// count and the locals leave a compiler at plain -O2 no doubt about lengths or overlaps, so that it vectorises the
// inlined formula. A block of one AVX-512 vector never leaves the registers; shorter vectors are not trusted to (g++
// 12 makes scalar code of a loop over 8 floats), and the copies of 64 elements are a few moves in the first-level
// cache. `f` runs on class types that wrap a number (dual numbers) as well as on numbers. Outputs may be one of the
// inputs.
//
// apply, apply_serial              one output; the serial form is for use inside of a parallel region
// apply_many, apply_many_serial    f returns std::array<T, outputs>
//
// Example:
//     std::vector<float> x(1000, 0.5f), y(1000);
//     kernels::apply(1000, [](float v) { return v * kernels::vsigmoid(v); }, y.data(), x.data());
#pragma once

#include <array>
#include <cstring>
#include <utility>

#include "inkling/core/parallel.hpp"
#include "inkling/kernels/isa.hpp"

namespace ink::kernels {
namespace detail {

template <class T, int Width>
inline constexpr Index element_block = Width == 64 ? Width / static_cast<Index>(sizeof(T)) : 64;
inline constexpr Index element_grain = 16384;

template <Index Block, class T, std::size_t Outputs, std::size_t Inputs, class F, std::size_t... I>
INKLING_INLINE void apply_block(const F& f, const std::array<T*, Outputs>& out, const std::array<const T*, Inputs>& in,
                                Index begin, std::index_sequence<I...>) {
  T inputs[Inputs][Block];
  T outputs[Outputs][Block];
  (std::memcpy(inputs[I], in[I] + begin, sizeof(inputs[I])), ...);
#pragma GCC unroll 1  // unrolled before it is vectorised, a short loop might stay scalar
  for (Index i = 0; i < Block; ++i) {
    const std::array<T, Outputs> y = f(inputs[I][i]...);
    [&]<std::size_t... K>(std::index_sequence<K...>)
        INKLING_LAMBDA_INLINE { ((outputs[K][i] = y[K]), ...); }(std::make_index_sequence<Outputs>{});
  }
  [&]<std::size_t... K>(std::index_sequence<K...>) INKLING_LAMBDA_INLINE {
    (std::memcpy(out[K] + begin, outputs[K], sizeof(outputs[K])), ...);
  }(std::make_index_sequence<Outputs>{});
}

}  // namespace detail

template <class T, std::size_t Outputs, class F, class... In>
void apply_many_serial(Index count, F f, const std::array<T*, Outputs>& out, const In*... in) {
  const std::array<const T*, sizeof...(In)> inputs{in...};
  dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
    constexpr Index block = detail::element_block<T, Width>;
    Index i = 0;
    for (; i + block <= count; i += block) {
      detail::apply_block<block>(f, out, inputs, i, std::index_sequence_for<In...>{});
    }
    if (i < count) {
      // The formula runs on a full block; what lies behind the end is a copy of the last element.
      T padded[sizeof...(In)][block];
      std::array<const T*, sizeof...(In)> tail{};
      for (std::size_t k = 0; k < sizeof...(In); ++k) {
        for (Index j = 0; j < block; ++j) padded[k][j] = inputs[k][i + j < count ? i + j : count - 1];
        tail[k] = padded[k];
      }
      T results[Outputs][block];
      std::array<T*, Outputs> tail_out{};
      for (std::size_t k = 0; k < Outputs; ++k) tail_out[k] = results[k];
      detail::apply_block<block>(f, tail_out, tail, 0, std::index_sequence_for<In...>{});
      for (std::size_t k = 0; k < Outputs; ++k) {
        std::memcpy(out[k] + i, results[k], static_cast<std::size_t>(count - i) * sizeof(T));
      }
    }
  });
}

template <class T, class F, class... In>
void apply_serial(Index count, F f, T* out, const In*... in) {
  apply_many_serial(count, [f](auto... v) INKLING_LAMBDA_INLINE { return std::array<T, 1>{static_cast<T>(f(v...))}; },
                    std::array<T*, 1>{out}, in...);
}

template <class T, std::size_t Outputs, class F, class... In>
void apply_many(Index count, F f, const std::array<T*, Outputs>& out, const In*... in) {
  parallel_for(count, detail::element_grain, [&](Index begin, Index end) {
    std::array<T*, Outputs> shifted = out;
    for (auto& pointer : shifted) pointer += begin;
    apply_many_serial(end - begin, f, shifted, (in + begin)...);
  });
}

template <class T, class F, class... In>
void apply(Index count, F f, T* out, const In*... in) {
  parallel_for(count, detail::element_grain,
               [&](Index begin, Index end) { apply_serial(end - begin, f, out + begin, (in + begin)...); });
}

}  // namespace ink::kernels
