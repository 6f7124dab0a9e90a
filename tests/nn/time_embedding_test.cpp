#include "inkling/nn/time_embedding.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"

namespace time_embedding_test {

using namespace ink;
using namespace ink::testing;

static_assert(TimeEmbedding<>::out_shape({.features = 4, .width = 8}, Shape<1>{3}) == Shape<2>{3, 8});

TEST_CASE("sinusoidal: sines, then cosines, of t · 10000^(−j / half)") {
  const Tensor<double, 1> t(Shape{2}, {0, 250});
  const auto y = sinusoidal(t, 4);
  CHECK(y.shape() == Shape<2>{2, 4});
  CHECK(y(0, 0) == 0);
  CHECK(y(0, 1) == 0);
  CHECK(y(0, 2) == 1);
  CHECK(y(0, 3) == 1);
  CHECK(y(1, 0) == doctest::Approx(-0.97052801).epsilon(1e-7));  // sin 250
  CHECK(y(1, 1) == doctest::Approx(0.59847214).epsilon(1e-7));   // sin 2.5
  CHECK(y(1, 2) == doctest::Approx(0.24098831).epsilon(1e-7));   // cos 250
  CHECK(y(1, 3) == doctest::Approx(-0.80114362).epsilon(1e-7));  // cos 2.5
  CHECK(sinusoidal(t, 4, 100.0)(1, 1) == doctest::Approx(std::sin(25.0)));
}

TEST_CASE("TimeEmbedding: gradients of its parameters, with and without the last activation") {
  const Tensor<double, 1> t(Shape{3}, {0.0, 1.5, 40.0});
  for (bool activated : {false, true}) {
    const TimeEmbedding<double> layer({.features = 4, .width = 3, .activated = activated}, Key{1});
    // x only says where the parameters live, so its own gradient is zero.
    const auto f = [&](const auto& m, const auto& x) { return m(constant_on(x, t)); };
    CHECK(module_gradcheck(layer, f, Tensor<double, 1>(Shape{1})) < 1e-7);
    CHECK(layer(t).shape() == Shape<2>{3, 3});
  }
}

TEST_CASE("TimeEmbedding: the parts of unet.py") {
  const TimeEmbedding<double> layer({.features = 4, .width = 3, .activated = true}, Key{2});
  const Tensor<double, 1> t(Shape{1}, {7.0});
  CHECK(layer(t) == silu(layer.second(silu(layer.first(sinusoidal(t, 4))))));
  CHECK(parameter_count(layer) == 4 * 3 + 3 + 3 * 3 + 3);
}

TEST_CASE("sinusoidal and TimeEmbedding: errors") {
  CHECK(message_of<ValueError>([] { sinusoidal(Tensor<float, 1>(Shape{1}), 5); }) ==
        "sinusoidal: dim is 5; it must be even and at least 2");
  CHECK(message_of<ValueError>([] { sinusoidal(Tensor<float, 1>(Shape{1}), 4, 0.0); }) ==
        "sinusoidal: max_period is 0; it must be above 0");
  CHECK(message_of<ValueError>([] { TimeEmbedding<float>({.features = 3, .width = 3}, Key{1}); }) ==
        "time_embedding: features are 3; they must be even");
}

}  // namespace time_embedding_test
