// interpolate: images on the way from one to another, through the noise that they come from.
//
//   slerp(a, b, w) = sin((1 − w)·ω)/sin ω·a + sin(w·ω)/sin ω·b,     ω the angle between a and b
//
// Both images are inverted (gen/editing/ddim_inversion.hpp), their noises are mixed along the great circle, on which
// noise stays as strong as noise is, and the mixtures are sampled. K. Shoemake, "Animating rotation with quaternion
// curves", 1985; J. Song, C. Meng, S. Ermon 2020, arXiv:2010.02502. Noises that point the same way are mixed evenly.
//
// Shapes: first, second (N, H, W, C) -> one (N, H, W, C) for every weight: 0 is the first, 1 the second.
//
// Errors: ShapeError if the two differ in shape.
//
// Example:
//     auto a = normal<float>(Shape{4, 8, 8, 1}, Key{1}), b = normal<float>(Shape{4, 8, 8, 1}, Key{2});
//     auto middle = slerp(a, b, 0.5);
//     auto frames = [&](const auto& model) {
//       return interpolate(DdimInversion{}, Ddim{}, model, a, b, {0, 0.25, 0.5, 0.75, 1}, Key{3});
//     };
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/dist/dirac.hpp"
#include "inkling/gen/editing/ddim_inversion.hpp"
#include "inkling/gen/sample.hpp"

namespace ink {

/// Row by row.
template <class X>
X slerp(const X& a, const X& b, double weight) {
  using T = scalar_t<X>;
  if (!(a.shape() == b.shape())) {
    throw ShapeError(text("slerp: a is ", a.shape(), ", b is ", b.shape(), "; both must be equal"));
  }
  Shape<rank_v<X>> per_row;
  for (int axis = 0; axis < rank_v<X>; ++axis) per_row[axis] = axis == 0 ? a.extent(0) : 1;
  X of_a(per_row), of_b(per_row);
  const auto aa = detail::row_totals(a * a), bb = detail::row_totals(b * b), ab = detail::row_totals(a * b);
  for (Index n = 0; n < a.extent(0); ++n) {
    const double lengths = std::sqrt(static_cast<double>(aa(n))) * std::sqrt(static_cast<double>(bb(n)));
    const double angle = std::acos(std::clamp(static_cast<double>(ab(n)) / lengths, -1.0, 1.0));
    const bool round = std::sin(angle) > 1e-6;  // not if one is 0 or they are parallel
    of_a.mutable_data()[n] = static_cast<T>(round ? std::sin((1 - weight) * angle) / std::sin(angle) : 1 - weight);
    of_b.mutable_data()[n] = static_cast<T>(round ? std::sin(weight * angle) / std::sin(angle) : weight);
  }
  return map([](auto u, auto v, auto p, auto q) INKLING_LAMBDA_INLINE { return p * u + q * v; }, a, b, of_a, of_b);
}

template <class S, class M, class X, class C = Unconditional>
std::vector<X> interpolate(const DdimInversion& inversion, const S& sampler, const M& model, const X& first,
                           const X& second, const std::vector<double>& weights, Key key, const C& condition = {}) {
  const X from = sample(inversion, model, first, key, condition), to = sample(inversion, model, second, key, condition);
  std::vector<X> frames;
  for (const double w : weights) frames.push_back(sample(sampler, model, slerp(from, to, w), key, condition));
  return frames;
}

}  // namespace ink
