#include "inkling/ops/softmax.hpp"

#include <cmath>

#include "../golden/data/softmax.inc"
#include "../golden/golden.hpp"
#include "operation_checks.hpp"

namespace softmax_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::softmax;

namespace {

const auto f_softmax = [](const auto& x) { return softmax(x); };
const auto f_log_softmax = [](const auto& x) { return log_softmax(x); };

}  // namespace

TEST_CASE("softmax: closed form") {
  const Tensor<double, 2> x(Shape{2, 3}, {std::log(1.0), std::log(2.0), std::log(5.0), 700.0, 700.0, -700.0});
  CHECK(difference(softmax(x), Tensor<double, 2>(Shape{2, 3}, {0.125, 0.25, 0.625, 0.5, 0.5, 0.0})) < 1e-14);
  CHECK(difference(log_softmax(x),
                   Tensor<double, 2>(Shape{2, 3}, {std::log(0.125), std::log(0.25), std::log(0.625), -std::log(2.0),
                                                   -std::log(2.0), -1400 - std::log(2.0)})) < 1e-13);
}

TEST_CASE("softmax: a probability too small for float keeps its logarithm") {
  const Tensor<float, 1> x(Shape{2}, {0.0f, -500.0f});
  CHECK(softmax(x)(1) == 0.0f);
  CHECK(log_softmax(x)(1) == -500.0f);
}

TEST_CASE("softmax: gradients") {
  for (const auto& shape : {Shape{3, 5}, Shape{1, 1}, Shape{2, 17}, Shape{4, 33}}) {
    CAPTURE(to_string(shape));
    const auto x = normal<float>(shape, Key{1});
    check_gradients(f_softmax, x);
    check_gradients(f_log_softmax, x);
  }
  check_gradients(f_softmax, normal<float>(Shape{2, 3, 4, 5}, Key{2}));
  check_gradients(f_log_softmax, normal<float>(Shape{6}, Key{3}));
}

TEST_CASE("softmax: independent of threads and batch") {
  const auto x = normal<float>(Shape{5, 70, 129}, Key{4});
  check_invariance<1>(f_softmax, x);
  check_invariance<1>(f_log_softmax, x);
}

TEST_CASE("softmax: PyTorch") {
  CHECK(golden::error(f_softmax, g::softmax_y, g::softmax_dy, std::tie(g::softmax_dx),
                      golden::tensor(Shape{2, 3, 7}, g::softmax_x)) < 1e-12);
  CHECK(golden::error(f_log_softmax, g::log_softmax_y, g::log_softmax_dy, std::tie(g::log_softmax_dx),
                      golden::tensor(Shape{2, 3, 7}, g::log_softmax_x)) < 1e-12);
}

TEST_CASE("softmax: an empty batch") {
  CHECK(softmax(Tensor<float, 2>(Shape{0, 4})).shape() == Shape{0, 4});
  CHECK(log_softmax(Tensor<float, 2>(Shape{0, 4})).shape() == Shape{0, 4});
  CHECK(gradcheck(f_softmax, Tensor<double, 2>(Shape{0, 4})) == 0);
}

}  // namespace softmax_test
