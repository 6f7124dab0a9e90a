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

template <class T, std::size_t Outputs, std::size_t Inputs, class F>
void apply_many_serial(Index count, F f, std::array<T*, Outputs> out, std::array<const T*, Inputs> in) {
  dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
    constexpr Index block = detail::element_block<T, Width>;
    const Index whole = count / block * block, rest = count - whole;
    const std::array<T*, Outputs> end = out;
    T padded[Inputs][block], results[Outputs][block];
    for (int part = 0; part < 2; ++part) {  // the full blocks, then the rest: one copy of the code
      if (part == 1) {
        // The formula runs on a full block; what lies behind the end is a copy of the last element.
        if (rest == 0) return;
        for (std::size_t k = 0; k < Inputs; ++k) {
          for (Index j = 0; j < block; ++j) padded[k][j] = in[k][whole + (j < rest ? j : rest - 1)];
          in[k] = padded[k];
        }
        for (std::size_t k = 0; k < Outputs; ++k) out[k] = results[k];
      }
      for (Index i = 0; i < (part == 0 ? whole : block); i += block) {
        detail::apply_block<block>(f, out, in, i, std::make_index_sequence<Inputs>{});
      }
    }
    for (std::size_t k = 0; k < Outputs; ++k) {
      std::memcpy(end[k] + whole, results[k], static_cast<std::size_t>(rest) * sizeof(T));
    }
  });
}

template <class T, std::size_t Outputs, class F, class... In>
void apply_many_serial(Index count, F f, const std::array<T*, Outputs>& out, const In*... in) {
  apply_many_serial(count, f, out, std::array<const T*, sizeof...(In)>{in...});
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
