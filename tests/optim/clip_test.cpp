#include "inkling/optim/clip.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "toy.hpp"

namespace clip_test {

using namespace ink;

namespace {

template <class T>
toy::Affine<T> model_of(Index rows) {
  toy::Affine<T> model;
  model.w.value = Tensor<T, 2>(Shape{rows, 2});
  model.b.value = Tensor<T, 1>(Shape{2});
  return model;
}

}  // namespace

TEST_CASE("clip: the norm runs over all parameters, and those without gradient count as zero") {
  const auto model = model_of<float>(2);
  Gradients gradients;
  const double w[] = {1, 2, 4, 10};
  toy::give(gradients, model.w, w);
  CHECK(global_norm(model, gradients) == 11.0);
  const double b[] = {0, 60};
  toy::give(gradients, model.b, b);
  CHECK(global_norm(model, gradients) == 61.0);  // 11² + 60² = 61²
}

TEST_CASE("clip: long gradients get the given length, short ones stay bit for bit") {
  const auto model = model_of<double>(2);
  Gradients gradients;
  const double w[] = {1, 2, 4, 10}, b[] = {0, 60};
  toy::give(gradients, model.w, w);
  toy::give(gradients, model.b, b);
  CHECK(clip_by_global_norm(model, gradients, 61.0) == 61.0);
  CHECK(gradients.of(model.w)(1, 0) == 4.0);
  CHECK(clip_by_global_norm(model, gradients, 30.5) == 61.0);
  CHECK(gradients.of(model.w)(1, 0) == 2.0);
  CHECK(gradients.of(model.b)(1) == 30.0);
  CHECK(global_norm(model, gradients) == 30.5);
}

TEST_CASE("clip: the longest gradient of float keeps its direction") {
  const auto model = model_of<float>(2);
  Gradients gradients;
  const double w[] = {3e38, 0, -1.5e38, 3e38}, b[] = {1e38, 0};
  toy::give(gradients, model.w, w);
  toy::give(gradients, model.b, b);
  // The factor 1e-4 / 4.6e38 is below what float has.
  const double norm = clip_by_global_norm(model, gradients, 1e-4);
  CHECK(norm == doctest::Approx(std::sqrt(9 + 2.25 + 9 + 1) * 1e38));
  CHECK(global_norm(model, gradients) == doctest::Approx(1e-4).epsilon(1e-6));
  CHECK(static_cast<double>(gradients.of(model.b)(0)) == doctest::Approx(1e-4 * 1e38 / norm).epsilon(1e-6));
}

TEST_CASE("clip: a norm that is not finite is returned and changes nothing") {
  const auto model = model_of<float>(2);
  for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    Gradients gradients;
    const double w[] = {1, 2, bad, 10};
    toy::give(gradients, model.w, w);
    CHECK(!std::isfinite(clip_by_global_norm(model, gradients, 1.0)));
    CHECK(gradients.of(model.w)(0, 1) == 2.0f);
  }
  Gradients none;
  CHECK_THROWS_WITH_AS(clip_by_global_norm(model, none, 0), "clip_by_global_norm: max is 0; it must be positive",
                       ValueError);
}

TEST_CASE("clip: the norm has the same bits at any thread count and sums in double") {
  const auto model = model_of<float>(100003);
  std::vector<double> w(200006, 0.1f);
  Gradients gradients;
  toy::give(gradients, model.w, w);
  std::vector<double> norms;
  const int before = thread_count();
  for (int threads = 1; threads <= 3; ++threads) {
    set_thread_count(threads);
    norms.push_back(global_norm(model, gradients));
  }
  set_thread_count(before);
  CHECK(norms[0] == norms[1]);
  CHECK(norms[0] == norms[2]);
  CHECK(norms[0] == doctest::Approx(std::sqrt(200006.0) * static_cast<double>(0.1f)).epsilon(1e-12));
}

}  // namespace clip_test
