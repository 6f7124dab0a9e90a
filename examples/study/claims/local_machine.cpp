#include "study/claims/local_machine.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "inkling/core/error.hpp"
#include "inkling/kernels/elementwise.hpp"
#include "inkling/kernels/gemm.hpp"
#include "inkling/kernels/math.hpp"

namespace study {
namespace {

using namespace ink;

constexpr Index side = 28, pixels = side * side;

/// Means of numbers whose weights are given by their logarithms, of one pixel.
struct WeightedMean {
  float top = -1e30f;
  double weight = 0, sum = 0;

  /// logs is overwritten.
  void add(Index count, float* logs, const float* numbers) {
    const float highest = *std::max_element(logs, logs + count);
    if (highest < top - 30) return;
    if (highest > top) {
      const double shrink = std::exp(static_cast<double>(top - highest));
      weight *= shrink;
      sum *= shrink;
      top = highest;
    }
    kernels::apply_serial(count, [t = top](float l) INKLING_LAMBDA_INLINE { return kernels::vexp(l - t); }, logs,
                          static_cast<const float*>(logs));
    for (Index i = 0; i < count; ++i) {
      weight += static_cast<double>(logs[i]);
      sum += static_cast<double>(logs[i]) * static_cast<double>(numbers[i]);
    }
  }
  float mean() const { return static_cast<float>(sum / weight); }
};

/// The patch around every pixel, a row each; `beyond` stands for what is outside of the image.
void unfold(const float* image, int patch, float beyond, float* rows) {
  const Index r = patch / 2;
  for (Index i = 0; i < side; ++i) {
    for (Index j = 0; j < side; ++j) {
      for (Index u = i - r; u <= i + r; ++u) {
        for (Index v = j - r; v <= j + r; ++v) {
          const bool inside = u >= 0 && u < side && v >= 0 && v < side;
          *rows++ = inside ? image[u * side + v] : beyond;
        }
      }
    }
  }
}

/// Of every pixel, the sum over the patch around it, as far as it is in the image.
void sum_around(const std::array<double, pixels>& values, int patch, double* sums) {
  constexpr Index wide = side + 1;
  std::array<double, wide * wide> whole{};  // sums of everything above and to the left
  for (Index i = 0; i < side; ++i) {
    for (Index j = 0; j < side; ++j) {
      whole[static_cast<std::size_t>((i + 1) * wide + j + 1)] =
          values[static_cast<std::size_t>(i * side + j)] + whole[static_cast<std::size_t>(i * wide + j + 1)] +
          whole[static_cast<std::size_t>((i + 1) * wide + j)] - whole[static_cast<std::size_t>(i * wide + j)];
    }
  }
  const Index r = patch / 2;
  for (Index i = 0; i < side; ++i) {
    for (Index j = 0; j < side; ++j) {
      const Index top = std::max<Index>(0, i - r), bottom = std::min(side, i + r + 1);
      const Index left = std::max<Index>(0, j - r), right = std::min(side, j + r + 1);
      *sums++ =
          whole[static_cast<std::size_t>(bottom * wide + right)] - whole[static_cast<std::size_t>(top * wide + right)] -
          whole[static_cast<std::size_t>(bottom * wide + left)] + whole[static_cast<std::size_t>(top * wide + left)];
    }
  }
}

}  // namespace

Tensor<float, 4> LocalMachine::expected(const Tensor<float, 4>& x, double sigma, int patch, Places places) const {
  if (patch < 1 || patch % 2 == 0 || !(sigma > 0)) {
    throw ValueError(text("local machine: patch is ", patch, ", sigma is ", sigma,
                          "; the patch must be odd and at least 1, sigma above 0"));
  }
  Tensor<float, 4> clean(x.shape());
  for (Index n = 0; n < x.extent(0); ++n) {
    const float* from = x.data() + n * pixels;
    float* to = clean.mutable_data() + n * pixels;
    places == Places::same ? same_places(from, sigma, patch, to) : any_places(from, sigma, patch, to);
  }
  return clean;
}

void LocalMachine::same_places(const float* x, double sigma, int patch, float* clean) const {
  std::vector<WeightedMean> means(static_cast<std::size_t>(pixels));
  std::array<double, pixels> squares{}, sums{};
  for (Index n = 0; n < digits_.extent(0); ++n) {
    const float* digit = digits_.data() + n * pixels;
    for (Index i = 0; i < pixels; ++i) {
      const double d = static_cast<double>(x[i]) - static_cast<double>(digit[i]);
      squares[static_cast<std::size_t>(i)] = d * d;
    }
    sum_around(squares, patch, sums.data());
    for (Index i = 0; i < pixels; ++i) {
      float log = static_cast<float>(-sums[static_cast<std::size_t>(i)] / (2 * sigma * sigma));
      means[static_cast<std::size_t>(i)].add(1, &log, digit + i);
    }
  }
  for (Index i = 0; i < pixels; ++i) clean[i] = means[static_cast<std::size_t>(i)].mean();
}

void LocalMachine::any_places(const float* x, double sigma, int patch, float* clean) const {
  // So far from every pixel that a patch without the same border has no weight.
  const float beyond = static_cast<float>(1 + 10 * sigma);
  const float scale = static_cast<float>(1 / (sigma * sigma));
  const Index k = Index{patch} * patch;
  std::vector<float> asked(static_cast<std::size_t>(pixels * k)), known(asked.size());
  std::vector<float> logs(static_cast<std::size_t>(pixels * pixels)), half(static_cast<std::size_t>(pixels));
  std::vector<WeightedMean> means(static_cast<std::size_t>(pixels));
  unfold(x, patch, beyond, asked.data());
  for (Index n = 0; n < digits_.extent(0); ++n) {
    const float* digit = digits_.data() + n * pixels;
    unfold(digit, patch, beyond, known.data());
    for (Index p = 0; p < pixels; ++p) {
      float square = 0;
      for (Index i = 0; i < k; ++i)
        square += known[static_cast<std::size_t>(p * k + i)] * known[static_cast<std::size_t>(p * k + i)];
      half[static_cast<std::size_t>(p)] = square / 2;
    }
    kernels::gemm_serial(kernels::Trans::no, kernels::Trans::yes, pixels, pixels, k, asked.data(), k, known.data(), k,
                         logs.data(), pixels);
    for (Index i = 0; i < pixels; ++i) {
      float* row = logs.data() + i * pixels;
      kernels::apply_serial(pixels, [scale](float l, float h) INKLING_LAMBDA_INLINE { return (l - h) * scale; }, row,
                            static_cast<const float*>(row), static_cast<const float*>(half.data()));
      means[static_cast<std::size_t>(i)].add(pixels, row, digit);
    }
  }
  for (Index i = 0; i < pixels; ++i) clean[i] = means[static_cast<std::size_t>(i)].mean();
}

}  // namespace study
