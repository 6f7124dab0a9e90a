// The engine of the sweep: runs a formula over many floats or doubles, on every instruction set and thread, and holds
// value and slope against a reference in more digits.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>
#include <type_traits>
#include <vector>

#include "formulas.hpp"
#include "inkling/autograd/dual.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/core/philox.hpp"
#include "inkling/kernels/elementwise.hpp"
#include "inkling/kernels/isa.hpp"

namespace sweep {

using ink::Index;

template <class T>
using Pattern = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// How many ulps the worst result is off, as its bound counts them, and for which argument.
struct Worst {
  double ulps = 0, at = 0;

  void take(const Worst& other) {
    if (other.ulps > ulps) *this = other;
  }
};

/// Of value and slopes.
template <std::size_t N>
struct Result {
  std::array<Worst, N> worst{};
  void take(const Result& other) {
    for (std::size_t i = 0; i < N; ++i) worst[i].take(other.worst[i]);
  }
};

inline std::vector<ink::kernels::Isa> isas() {
  using ink::kernels::Isa;
  const Isa before = ink::kernels::isa();
  std::vector<Isa> all;
  for (const Isa wish : {Isa::portable, Isa::avx2, Isa::avx512}) {
    ink::kernels::set_isa(wish);
    if (ink::kernels::isa() == wish) all.push_back(wish);
  }
  ink::kernels::set_isa(before);
  return all;
}

/// The exponent of the last place of a positive x.
template <class R>
int last_place(R x, int digits, int min_exponent, int max_exponent) {
  int exponent = 0;
  if constexpr (sizeof(R) == 8) {  // a sweep spends its time here
    exponent = static_cast<int>(std::bit_cast<std::uint64_t>(x) >> 52) - 1022;
  } else {
    std::frexp(x, &exponent);
  }
  return std::clamp(exponent, min_exponent, max_exponent) - digits;
}

template <class R>
R power_of_two(int exponent) {
  if constexpr (sizeof(R) == 8) {
    return exponent < -1000 ? std::ldexp(1.0, exponent)
                            : std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
  } else {
    return std::ldexp(R{1}, exponent);
  }
}

/// How far `actual` is from `right`, in ulps of T, as the bound counts them; not a number is further than any bound.
template <class T, class R>
double distance(T actual, R right, double x, const Bound& bound) {
  using Limits = std::numeric_limits<T>;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (std::isnan(right)) return std::isnan(actual) ? 0 : infinity;
  if (std::isnan(actual)) return infinity;
  const R size = std::abs(right), least = static_cast<R>(bound.tiny) * static_cast<R>(Limits::min());
  if (size < least && actual == 0) return 0;
  R scale = std::max(size, least);
  if (bound.scale > 0 && x >= bound.low && x <= bound.high) scale = std::max(scale, static_cast<R>(bound.scale));
  if (std::isinf(right)) return static_cast<R>(actual) == right ? 0 : infinity;
  if (std::isinf(actual)) {  // rounded to an infinity: right up to the bound
    const R last = std::ldexp(R{1}, Limits::max_exponent - Limits::digits);
    const R short_of_it = static_cast<R>(Limits::max()) + last / 2 - size;
    return (actual > 0) == (right > 0) ? std::max(0.0, static_cast<double>(short_of_it / last)) : infinity;
  }
  const R last = power_of_two<R>(last_place(scale, Limits::digits, Limits::min_exponent, Limits::max_exponent));
  const double ulps = static_cast<double>(std::abs(static_cast<R>(actual) - right) / last);
  if (bound.per_log == 0 || size >= 1) return ulps;
  return ulps * bound.ulps / (bound.ulps + bound.per_log * -static_cast<double>(std::log(size)));
}

/// The worst of a part of the arguments x (each an array), on the instruction set in use. What looks worst by a
/// reference of type R is looked at again with one of type Finer.
template <class R, class Finer, std::size_t N, class T, std::size_t Inputs, class F, class Reference>
Result<N> compare(const F& formula, const Reference& reference, const std::array<Bound, N>& bounds, Index count,
                  const std::array<const T*, Inputs>& x, const std::array<R, N>* right) {
  constexpr Index most = 2048;
  static_assert(N == Inputs + 1);
  T out[N][most], plain[most];
  Result<N> result;
  for (Index begin = 0; begin < count; begin += most) {
    const Index n = std::min(most, count - begin);
    auto from = x;
    for (auto& pointer : from) pointer += begin;
    std::array<T*, N> to;
    for (std::size_t i = 0; i < N; ++i) to[i] = out[i];
    using D = ink::Dual<T, static_cast<int>(Inputs)>;
    if constexpr (Inputs == 1) {
      ink::kernels::apply_many_serial(n, [formula](T v) INKLING_LAMBDA_INLINE {
        const D y = formula(D::variable(v, 0));
        return std::array<T, 2>{y.v, y.d[0]};
      }, to, from);
      ink::kernels::apply_serial(n, [formula](T v) INKLING_LAMBDA_INLINE {
        return ink::Dual<T, 0>(formula(ink::Dual<T, 0>(v))).v;
      }, plain, from[0]);
    } else {
      ink::kernels::apply_many_serial(n, [formula](T v, T w) INKLING_LAMBDA_INLINE {
        const D y = formula(D::variable(v, 0), D::variable(w, 1));
        return std::array<T, 3>{y.v, y.d[0], y.d[1]};
      }, to, from);
      ink::kernels::apply_serial(n, [formula](T v, T w) INKLING_LAMBDA_INLINE {
        return ink::Dual<T, 0>(formula(ink::Dual<T, 0>(v), ink::Dual<T, 0>(w))).v;
      }, plain, from[0], from[1]);
    }
    for (Index i = 0; i < n; ++i) {
      const auto& r = right[begin + i];
      const auto at = static_cast<double>(from[0][i]);
      const auto take = [&](T actual, std::size_t part) {
        Worst& worst = result.worst[part];
        double ulps = distance(actual, r[part], at, bounds[part]);
        if (ulps <= worst.ulps) return;
        if constexpr (!std::is_same_v<R, Finer>) {
          const auto fine = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return reference(static_cast<Finer>(from[I][i])...);
          }(std::make_index_sequence<Inputs>{});
          ulps = distance(actual, fine[part], at, bounds[part]);
          if (ulps <= worst.ulps) return;
        }
        worst = {ulps, at};
      };
      take(out[0][i], 0);
      take(plain[i], 0);
      // Where there is no value there is no slope, and of two arguments none where the value has lost its digits.
      if (std::isnan(r[0]) || (Inputs > 1 && out[0][i] != 0 && !std::isnormal(out[0][i]))) continue;
      for (std::size_t part = 1; part < N; ++part) take(out[part][i], part);
    }
  }
  return result;
}

/// The worst results of each instruction set.
template <class R, class Finer, std::size_t N, class T, std::size_t Inputs, class F, class Reference>
void run(const F& formula, const Reference& reference, const std::array<Bound, N>& bounds,
         const std::array<std::vector<T>, Inputs>& x, std::vector<Result<N>>& worst) {
  constexpr Index piece = 1 << 16;
  const auto all = isas();
  const auto count = static_cast<Index>(x[0].size());
  worst.resize(all.size());
  std::vector<std::array<R, N>> right(x[0].size());
  ink::parallel_for(count, piece, [&](Index begin, Index end) {
    for (Index at = begin; at < end; ++at) {
      const auto i = static_cast<std::size_t>(at);
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        right[i] = reference(static_cast<R>(x[I][i])...);
      }(std::make_index_sequence<Inputs>{});
    }
  });
  const auto before = ink::kernels::isa();
  std::mutex mutex;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ink::kernels::set_isa(all[i]);
    ink::parallel_for(count, piece, [&](Index begin, Index end) {
      std::array<const T*, Inputs> from;
      for (std::size_t k = 0; k < Inputs; ++k) from[k] = x[k].data() + begin;
      const auto result = compare<R, Finer>(formula, reference, bounds, end - begin, from, right.data() + begin);
      const std::lock_guard lock(mutex);
      worst[i].take(result);
    });
  }
  ink::kernels::set_isa(before);
}

template <class T, class Entry>
std::array<Bound, 2> bounds_of(const Entry& entry) {
  const Bounds& bounds = sizeof(T) == 4 ? entry.in_float : entry.in_double;
  return {bounds.value, bounds.slope};
}

/// A formula of one argument: float against double, and where that decides against long double; double against the
/// latter alone.
template <class T, class Entry>
void run(const Entry& entry, const std::array<std::vector<T>, 1>& x, std::vector<Result<2>>& worst) {
  using R = std::conditional_t<sizeof(T) == 4, double, long double>;
  run<R, long double>(entry.formula, entry.reference, bounds_of<T>(entry), x, worst);
}

/// A formula of two.
template <class T, class Entry>
void run(const Entry& entry, const std::array<std::vector<T>, 2>& x, std::vector<Result<3>>& worst) {
  run<long double, long double>(entry.formula, entry.reference,
                                std::array<Bound, 3>{entry.value, entry.slope_a, entry.slope_b}, x, worst);
}

/// Appends the finite numbers among `count` patterns from `first` on, `step` apart.
template <class T>
void append_every(std::vector<T>& x, Pattern<T> first, Pattern<T> step, Index count) {
  for (Index i = 0; i < count; ++i, first = static_cast<Pattern<T>>(first + step)) {
    const T v = std::bit_cast<T>(first);
    if (std::isfinite(v)) x.push_back(v);
  }
}

/// Zero, and the ends of every power of two, of both signs.
template <class T>
std::vector<T> edges() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> x{T(0), -T(0), Limits::max(), Limits::lowest()};
  for (int e = Limits::min_exponent - Limits::digits; e < Limits::max_exponent; ++e) {
    const T power = std::ldexp(T(1), e);
    for (const T v : {power, std::nextafter(power, T(0)), std::nextafter(power, Limits::max()), T(1.5) * power}) {
      x.push_back(v);
      x.push_back(-v);
    }
  }
  return x;
}

/// Pairs of arguments: numbers of all magnitudes at random, numbers close to each other, and all edges with some.
template <class T>
std::array<std::vector<T>, 2> pairs(Index count, ink::Key key) {
  std::array<std::vector<T>, 2> x;
  const auto add = [&](T a, T b) {
    if (!std::isfinite(a) || !std::isfinite(b)) return;
    x[0].push_back(a);
    x[1].push_back(b);
  };
  ink::Stream stream(key);
  for (Index i = 0; i < count; ++i) {
    const T a = std::bit_cast<T>(static_cast<Pattern<T>>(stream.bits()));
    const T b = std::bit_cast<T>(static_cast<Pattern<T>>(stream.bits()));
    add(a, b);
    add(a, a * (T(1) + static_cast<T>(stream.uniform() - 0.5)));
  }
  for (const T a : edges<T>()) {
    for (const T b :
         {T(0), -T(0), T(1), T(-3), std::numeric_limits<T>::max(), std::numeric_limits<T>::denorm_min(), a}) {
      add(a, b);
      add(b, a);
    }
  }
  return x;
}

}  // namespace sweep
