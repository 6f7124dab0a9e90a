// The mean digits: what least squares answers when nothing but the class, or nothing at all, is known.
#pragma once

#include <array>

#include "study/harness/judge.hpp"

namespace study {

/// The mean of the digits of each class, and of all, in [−1, 1]: (11, 28, 28, 1).
inline Images mean_digits(const ink::data::ImageDataset& digits) {
  Images means({11, 28, 28, 1});
  std::array<double, 11> counts{};
  constexpr ink::Index pixels = 784;
  for (ink::Index n = 0; n < digits.size(); ++n) {
    for (const ink::Index row : {ink::Index{digits.labels(n)}, ink::Index{10}}) ++counts[static_cast<std::size_t>(row)];
  }
  for (ink::Index n = 0; n < digits.size(); ++n) {
    for (const ink::Index row : {ink::Index{digits.labels(n)}, ink::Index{10}}) {
      const auto share = static_cast<float>(1 / counts[static_cast<std::size_t>(row)]);
      for (ink::Index i = 0; i < pixels; ++i) {
        const float v = static_cast<float>(digits.images.data()[n * pixels + i]) / 127.5f - 1;
        means.mutable_data()[row * pixels + i] += share * v;
      }
    }
  }
  return means;
}

}  // namespace study
