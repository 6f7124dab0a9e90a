// Conversion: the answer to one prediction target from the answer to another, at the same noisy image and time.
//
//   y_B = a_B·x̂₀ + b_B·ε̂ = ((a_B·b_A − b_B·a_A)·x_t + (α·b_B − σ·a_B)·y_A) / (α·b_A − σ·a_A)
//
// where y = a·x₀ + b·ε (gen/target.hpp) and x̂₀, ε̂ are what y_A and x_t say: the clean image can be computed from the
// predicted noise, and so on. It does not make them equally good: from noise, an error of the answer is multiplied by
// σ/α, which is 3.4 in the middle of DDPM's linear schedule and 157 at its end.
//
// Shapes: x_t, the answer and the result (N, …), all the same.
//
// Errors: ValueError where y_A and x_t do not determine y_B, as for anything but the noise from noise at α = 0.
//
// Example:
//     auto x = normal<float>(Shape{4, 8, 8, 1}, Key{1});
//     auto velocity = normal<float>(Shape{4, 8, 8, 1}, Key{2});
//     auto noise = convert(VelocityTarget{}, NoiseTarget{}, x, velocity, 0.5, Cosine{}(0.5));
#pragma once

#include <cmath>

#include "inkling/gen/sampler.hpp"
#include "inkling/gen/target.hpp"

namespace ink {

/// y_B = input·x_t + output·y_A
struct Conversion {
  double input, output;
};

inline Conversion conversion(Mix from, Mix to, Scales s) {
  const double input = to.clean * from.noise - to.noise * from.clean;
  // Multiples of one another convert at any signal-to-noise ratio, with no need of the image.
  if (input == 0) return {0, std::abs(from.noise) > 0 ? to.noise / from.noise : to.clean / from.clean};
  const double determinant = s.alpha * from.noise - s.sigma * from.clean;
  if (!(std::abs(determinant) > 0 && std::isfinite(determinant))) {
    throw ValueError(text("convert: alpha is ", s.alpha, ", sigma is ", s.sigma,
                          "; one target cannot be told from the other at this signal-to-noise ratio"));
  }
  return {input / determinant, (s.alpha * to.noise - s.sigma * to.clean) / determinant};
}

template <PredictionTarget A, PredictionTarget B, TensorLike X>
X convert(const A& from, const B& to, const X& x, const X& answer, double t, Scales s) {
  const Conversion c = conversion(target_mix(from, t, s), target_mix(to, t, s), s);
  return detail::combine(c.input, x, c.output, answer);
}

}  // namespace ink
