#include "inkling/gen/autoregressive.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"

namespace autoregressive_test {

using namespace ink;

namespace {

/// The same logits for every pixel.
struct Constant {
  using value_type = double;

  template <class C>
  Tensor<double, 4> operator()(const Tokens& x, const C&) const {
    return Tensor<double, 4>(Shape{x.extent(0), x.extent(1), x.extent(2), Index{16}}, 0.25);
  }
};

}  // namespace

TEST_CASE("The state is the image itself, and so is the target") {
  const Autoregressive model(Constant{}, Quantizer{16});
  const auto images = uniform<double>(Shape{3, 2, 4, 1}, Key{1}, -1, 1);
  const auto example = model.corrupt(images, Key{2});
  CHECK(example.state == model.quantizer.tokens(images, Key{2}));
  CHECK(example.target == example.state);
  CHECK(example.level == Tensor<double, 1>(Shape{3}));
  CHECK(example.weight == Tensor<double, 1>(Shape{3}, 1));
  CHECK(model.images(example.state) == model.quantizer.images<double>(example.state));
  const auto nats = model.predict(example.state, example.level, 0).log_prob(example.target);
  for (double v : nats.values()) CHECK(v == doctest::Approx(-8 * std::log(16.0)).epsilon(1e-14));
}

TEST_CASE("Sampling starts from no pixel and knows one more after every step") {
  const Autoregressive model(Constant{}, Quantizer{16});
  const auto nothing = model.prior(Shape{2, 2, 3, 1}, Key{1});
  CHECK(nothing == Tokens({2, 2, 3}, missing_token));
  CHECK(model.images(nothing) == Tensor<double, 4>(Shape{2, 2, 3, 1}));  // grey
  CHECK(model.positions(nothing) == std::vector<double>{0, 1, 2, 3, 4, 5, 6});
}

}  // namespace autoregressive_test
