#include "inkling/metrics/manifold.hpp"

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"

namespace manifold_test {

using namespace ink;
using metrics::manifold_overlap;

TEST_CASE("precision, recall, density and coverage as prdc gives them") {
  const auto real = normal<double>(Shape{120, 6}, Key{1});
  auto drawn = normal<double>(Shape{100, 6}, Key{2});
  for (double& v : drawn.mutable_values()) v = v * 0.8 + 0.2;
  const auto [precision, recall, density, coverage] = manifold_overlap(real, drawn, 5);
  CHECK(precision == doctest::Approx(0.97).epsilon(1e-14));
  CHECK(recall == doctest::Approx(0.8333333333333334).epsilon(1e-14));
  CHECK(density == doctest::Approx(1.096).epsilon(1e-14));
  CHECK(coverage == doctest::Approx(0.975).epsilon(1e-14));
}

TEST_CASE("sets that are far apart, equal, and one that has lost a half") {
  const auto real = normal<float>(Shape{60, 3}, Key{3});
  auto away = real;
  for (float& v : away.mutable_values()) v += 100;
  const auto apart = manifold_overlap(real, away);
  CHECK(apart.precision + apart.recall + apart.density + apart.coverage == 0);
  const auto equal = manifold_overlap(real, real);
  CHECK(equal.precision == 1);
  CHECK(equal.recall == 1);
  CHECK(equal.coverage == 1);

  // Two clusters; what is generated knows one of them.
  Tensor<float, 2> both({120, 3});
  for (Index i = 0; i < both.size(); ++i) both.mutable_data()[i] = i < 180 ? real.data()[i] : away.data()[i - 180];
  const auto half = manifold_overlap(both, real);
  CHECK(half.precision == 1);
  CHECK(half.recall == 0.5);
  CHECK(half.coverage == 0.5);
}

TEST_CASE("vectors of different length are refused") {
  CHECK_THROWS_WITH_AS(manifold_overlap(Tensor<float, 2>({9, 2}), Tensor<float, 2>({9, 3})),
                       "manifold_overlap: real is (9, 2), generated is (9, 3); generated[1] must equal real[1]",
                       ShapeError);
}

}  // namespace manifold_test
