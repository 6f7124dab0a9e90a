// LocalMachine: a denoiser without training. What a pixel is expected to be is the mean of the centres of all patches
// of the training digits, weighted by how likely each would have become what is seen around the pixel:
//
//   x̂₀(i) = Σ_p w_p · centre(p) / Σ_p w_p,     w_p = exp(−|x(around i) − p|² / 2σ²),     x = x₀ + σ·noise
//
// `Places::same` takes the patches at the pixel's own place, `Places::any` those of every place: what a convolutional
// network can tell apart, which sees a neighbourhood and, by the zeros around the image, how far its border is. So
// beyond the border a patch matches only patches with the border at the same distance. A patch of 55 sees everything:
// with Places::same that is the ideal denoiser, which knows nothing but the training digits.
//
// M. Kamb, S. Ganguli 2024, arXiv:2412.20292.
#pragma once

#include <vector>

#include "inkling/core/tensor.hpp"

namespace study {

enum class Places { same, any };

class LocalMachine {
 public:
  /// Digits (N, 28, 28, 1) in [−1, 1].
  explicit LocalMachine(ink::Tensor<float, 4> digits) : digits_(std::move(digits)) {}

  /// The clean images expected behind x (N, 28, 28, 1), for an odd patch.
  ink::Tensor<float, 4> expected(const ink::Tensor<float, 4>& x, double sigma, int patch, Places places) const;

 private:
  void same_places(const float* x, double sigma, int patch, float* clean) const;
  void any_places(const float* x, double sigma, int patch, float* clean) const;

  ink::Tensor<float, 4> digits_;
};

}  // namespace study
