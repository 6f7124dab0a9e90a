#include "inkling/gen/adapter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "inkling/gen/adapter/clipped.hpp"
#include "inkling/gen/adapter/dynamic_threshold.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/schedule/cosine.hpp"

namespace adapter_test {

using namespace ink;
using analytic::Images;

namespace {

/// Always expects the same clean images.
struct Fixed {
  Images clean;

  Scales scales(double t) const { return {1 - t, t}; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }
  template <class C>
  auto posterior(const Images&, double, const C&) const {
    return Dirac(clean);
  }
  Images prior(const Shape<4>& shape, Key key) const { return normal<double>(shape, key); }
  Images images(const Images& x) const { return x * 10; }
};

template <class M>
Images mean(const M& model) {
  return model.posterior(model.model.clean, 0.5, Unconditional{}).mean();
}

}  // namespace

TEST_CASE("An adapter passes on what it does not change") {
  const Fixed model{Images(Shape{1, 1, 3, 1}, {-2, 0.5, 3})};
  const Clipped clipped(model);
  CHECK(clipped.scales(0.25).alpha == 0.75);
  CHECK(clipped.times(2) == std::vector<double>{1, 0.5, 0});
  CHECK(clipped.prior(Shape{1, 2, 2, 1}, Key{3}) == model.prior(Shape{1, 2, 2, 1}, Key{3}));
  CHECK(clipped.images(model.clean) == model.clean * 10);
}

TEST_CASE("Clipped bounds the expected clean image") {
  const Fixed model{Images(Shape{1, 1, 4, 1}, {-2, 0.5, 3, -1})};
  CHECK(mean(Clipped(model)) == Images(Shape{1, 1, 4, 1}, {-1, 0.5, 1, -1}));
  CHECK(mean(Clipped(model, 2.5)) == Images(Shape{1, 1, 4, 1}, {-2, 0.5, 2.5, -1}));
  CHECK_THROWS_WITH_AS(Clipped(model, 0), "Clipped: limit is 0; it must be positive", ValueError);
}

TEST_CASE("The noise estimate follows a clipped image by itself") {
  const Fixed model{Images(Shape{1, 1, 2, 1}, {-2, 0.5})};
  const Images x(Shape{1, 1, 2, 1}, {-1.5, 0.75});
  NoMemory none;
  const double t = 0.8, s = 0.6;
  const Images stepped = Ddim{}.step(Clipped(model), x, t, s, none, Key{1}, Unconditional{});
  const double clean[] = {-1, 0.5};
  for (Index i = 0; i < 2; ++i) {
    const double noise = (x.data()[i] - (1 - t) * clean[i]) / t;
    CHECK(stepped.data()[i] == doctest::Approx((1 - s) * clean[i] + s * noise).epsilon(1e-14));
  }
}

TEST_CASE("DynamicThreshold scales every image by its own quantile, and none that is in range") {
  // |x| sorted: 0, 1, 2, 4 and 0.1, 0.2, 0.3, 0.4.
  const Fixed model{Images(Shape{2, 1, 4, 1}, {-2, 1, 4, 0, 0.1, -0.2, 0.3, 0.4})};
  const auto check = [](const Images& got, const std::vector<double>& want) {
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(got.data()[i] == doctest::Approx(want[i]).epsilon(1e-14));
  };
  check(mean(DynamicThreshold(model, 1.0)), {-0.5, 0.25, 1, 0, 0.1, -0.2, 0.3, 0.4});
  check(mean(DynamicThreshold(model, 0.5)), {-1, 1 / 1.5, 1, 0, 0.1, -0.2, 0.3, 0.4});        // s = 1.5
  check(mean(DynamicThreshold(model, 0.9)), {-2 / 3.4, 1 / 3.4, 1, 0, 0.1, -0.2, 0.3, 0.4});  // 2 + 0.7·(4 − 2)
  check(mean(DynamicThreshold(model, 0.0)), {-1, 1, 1, 0, 0.1, -0.2, 0.3, 0.4});
  check(mean(DynamicThreshold(model, 1.0, 0.2)), {-0.1, 0.05, 0.2, 0, 0.05, -0.1, 0.15, 0.2});
  CHECK_THROWS_WITH_AS(
      DynamicThreshold(model, 1.5),
      "DynamicThreshold: quantile is 1.5, floor is 1; the quantile must be in [0, 1], the floor positive", ValueError);
  CHECK_THROWS_AS(DynamicThreshold(model, 0.9, 0), ValueError);
}

TEST_CASE("Adapters nest") {
  const Fixed model{Images(Shape{1, 1, 4, 1}, {-2, 1, 4, 0})};
  const DynamicThreshold both(Clipped(model, 2), 1.0);
  const Images got = both.posterior(model.clean, 0.5, Unconditional{}).mean();
  CHECK(got == Images(Shape{1, 1, 4, 1}, {-1, 0.5, 1, 0}));
}

TEST_CASE("A clipped model ends in range, and a model that is in range is not changed") {
  const analytic::GaussianData<Cosine> model{{}, 4};
  const auto x = model.prior(Shape<4>{2, 4, 4, 1}, Key{3});
  const auto plain = sample(Ddim{.steps = 5}, model, x, Key{4});
  const auto clipped = sample(Ddim{.steps = 5}, Clipped(model), x, Key{4});
  const auto largest = [](const Images& y) {
    double most = 0;
    for (double v : y.values()) most = std::max(most, std::abs(v));
    return most;
  };
  CHECK(largest(plain) > 2);
  CHECK(largest(clipped) == 1);
  CHECK(sample(Ddim{.steps = 5}, Clipped(model, 1e6), x, Key{4}) == plain);
}

TEST_CASE("Of a model that has diverged no adapter makes a healthy image") {
  const double infinity = std::numeric_limits<double>::infinity();
  const Fixed model{Images(Shape{2, 1, 4, 1}, {infinity, 0.5, std::nan(""), -infinity, 0.1, -0.2, 0.3, 0.4})};
  const Images clipped = mean(Clipped(model)), thresholded = mean(DynamicThreshold(model, 0.5));
  for (const Index i : {0, 2, 3}) CHECK(std::isnan(clipped.data()[i]));
  CHECK(clipped.data()[1] == 0.5);
  for (Index i = 0; i < 4; ++i) CHECK(std::isnan(thresholded.data()[i]));
  for (Index i = 4; i < 8; ++i) CHECK(thresholded.data()[i] == model.clean.data()[i]);
}

}  // namespace adapter_test
