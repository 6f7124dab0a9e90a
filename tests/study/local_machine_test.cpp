// The machine that sees patches, against the sum over all patches written out.
#include "study/claims/local_machine.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"
#include "inkling/core/view.hpp"
#include "inkling/ops/elementwise.hpp"

namespace local_machine_test {

using namespace ink;
using study::LocalMachine;
using study::Places;

/// Pixel (i, j) by its definition, with patches of which the same part is in the image.
double expected_at(const Tensor<float, 4>& x, const Tensor<float, 4>& digits, Index i, Index j, double sigma, Index r,
                   bool any) {
  const auto inside = [](Index u, Index v) { return u >= 0 && u < 28 && v >= 0 && v < 28; };
  double weight = 0, sum = 0;
  for (Index n = 0; n < digits.extent(0); ++n) {
    for (Index a = any ? 0 : i; a <= (any ? 27 : i); ++a) {
      for (Index b = any ? 0 : j; b <= (any ? 27 : j); ++b) {
        double distance = 0;
        bool fits = true;
        for (Index u = -r; u <= r; ++u) {
          for (Index v = -r; v <= r; ++v) {
            fits &= inside(i + u, j + v) == inside(a + u, b + v);
            if (!inside(i + u, j + v) || !inside(a + u, b + v)) continue;
            const double d =
                static_cast<double>(x(0, i + u, j + v, 0)) - static_cast<double>(digits(n, a + u, b + v, 0));
            distance += d * d;
          }
        }
        if (!fits) continue;
        const double w = std::exp(-distance / (2 * sigma * sigma));
        weight += w;
        sum += w * static_cast<double>(digits(n, a, b, 0));
      }
    }
  }
  return sum / weight;
}

TEST_CASE("local machine: the mean of the centres of patches, by its definition") {
  const auto digits = uniform<float>(Shape{2, 28, 28, 1}, Key{1}, -1, 1);
  for (const double sigma : {0.7, 8.0}) {
    const Tensor<float, 4> x = uniform<float>(Shape{1, 28, 28, 1}, Key{2}, -1, 1) +
                               normal<float>(Shape{1, 28, 28, 1}, Key{3}) * static_cast<float>(sigma);
    for (const Places places : {Places::same, Places::any}) {
      const auto clean = LocalMachine(digits).expected(x, sigma, 5, places);
      for (const Index i : {0, 1, 13, 27}) {
        for (const Index j : {0, 14, 26}) {
          CAPTURE(i);
          CAPTURE(j);
          CHECK(clean(0, i, j, 0) ==
                doctest::Approx(expected_at(x, digits, i, j, sigma, 2, places == Places::any)).epsilon(1e-3));
        }
      }
    }
  }
}

TEST_CASE("local machine: a patch that sees everything finds the digit that the noise was added to") {
  const auto digits = uniform<float>(Shape{5, 28, 28, 1}, Key{4}, -1, 1);
  const Tensor<float, 4> third = dense(view(digits).slice(0, 2, 3));
  const auto noise = normal<float>(third.shape(), Key{5});
  const auto clean = LocalMachine(digits).expected(third + noise * 0.5f, 0.5, 55, Places::same);
  for (Index i = 0; i < clean.size(); ++i) CHECK(clean.data()[i] == doctest::Approx(third.data()[i]).epsilon(1e-4));
}

TEST_CASE("local machine: it refuses a patch without a centre") {
  CHECK_THROWS_AS(
      LocalMachine(Tensor<float, 4>({1, 28, 28, 1})).expected(Tensor<float, 4>({1, 28, 28, 1}), 1, 4, Places::any),
      ValueError);
}

}  // namespace local_machine_test
