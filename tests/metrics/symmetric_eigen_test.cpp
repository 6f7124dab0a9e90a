#include "inkling/metrics/symmetric_eigen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/linalg.hpp"

namespace symmetric_eigen_test {

using namespace ink;
using metrics::symmetric_eigen;

namespace {

double largest(const Tensor<double, 2>& x) {
  double most = 0;
  for (const double v : x.values()) most = std::max(most, std::abs(v));
  return most;
}

}  // namespace

TEST_CASE("eigenvalues as torch.linalg.eigvalsh gives them, the largest first") {
  const Tensor<double, 2> a(Shape{4, 4}, {4, 1, -2, 2, 1, 2, 0, 1, -2, 0, 3, -2, 2, 1, -2, -1});
  const auto eigen = symmetric_eigen(a);
  const double expected[] = {6.84462110723497, 2.26853140643124, 1.08436446377322, -2.19751697743943};
  for (Index k = 0; k < 4; ++k) CHECK(eigen.values(k) == doctest::Approx(expected[k]).epsilon(1e-13));
}

TEST_CASE("the parts make the matrix, and the vectors are orthonormal") {
  for (const Index n : {1, 2, 7, 40}) {
    const auto half = normal<double>(Shape{n, 3}, Key{static_cast<std::uint64_t>(n)});  // rank 3: many zeros
    const auto a = matmul(half, half, {.transpose_b = true});
    const auto eigen = symmetric_eigen(a);
    Tensor<double, 2> scaled = eigen.vectors, one({n, n});
    for (Index k = 0; k < n; ++k) {
      one(k, k) = 1;
      for (Index i = 0; i < n; ++i) scaled(k, i) *= eigen.values(k);
      if (k > 0) CHECK(eigen.values(k) <= eigen.values(k - 1));
    }
    CHECK(largest(matmul(eigen.vectors, scaled, {.transpose_a = true}) - a) < 1e-12 * (1 + largest(a)));
    CHECK(largest(matmul(eigen.vectors, eigen.vectors, {.transpose_b = true}) - one) < 1e-13);
  }
  CHECK(symmetric_eigen(Tensor<double, 2>(Shape{0, 0})).values.empty());
  CHECK(symmetric_eigen(Tensor<double, 2>(Shape{3, 3})).values == Tensor<double, 1>(Shape{3}));
}

TEST_CASE("only the lower half is read; what cannot be is refused") {
  const Tensor<double, 2> lower(Shape{2, 2}, {2, 99, 1, 2});
  CHECK(symmetric_eigen(lower).values(0) == doctest::Approx(3).epsilon(1e-15));
  CHECK_THROWS_WITH_AS(symmetric_eigen(Tensor<double, 2>(Shape{2, 3})),
                       "symmetric_eigen: the matrix is (2, 3); it must be square", ShapeError);
  const Tensor<double, 2> unknown(Shape{1, 1}, std::numeric_limits<double>::infinity());
  CHECK_THROWS_WITH_AS(symmetric_eigen(unknown), "symmetric_eigen: element (0, 0) is inf; it must be finite",
                       ValueError);
}

}  // namespace symmetric_eigen_test
