#include "inkling/ops/activated_linear.hpp"

#include "../support/errors.hpp"
#include "inkling/ops/elementwise.hpp"
#include "operation_checks.hpp"

namespace activated_linear_test {

using namespace ink;
using namespace ink::testing;

namespace {

constexpr auto f_gelu = [](auto v) INKLING_LAMBDA_INLINE { return gelu(v); };
const auto f_layer = [](const auto& x, const auto& w, const auto& b) { return activated_linear(f_gelu, x, w, b); };

}  // namespace

TEST_CASE("activated_linear is linear of the map, forward and backward") {
  for (const auto& shape : {Shape{3, 5, 8}, Shape{1, 1, 70}, Shape{2, 65, 17}, Shape{0, 2, 4}}) {
    CAPTURE(to_string(shape));
    const auto x = normal<float>(shape, Key{1});
    const auto w = normal<float>(Shape{shape[2], 6}, Key{2});
    const auto b = normal<float>(Shape{6}, Key{3});
    if (shape.size() > 0) check_gradients(f_layer, x, w, b);
    const auto dy = normal<float>(Shape{shape[0], shape[1], 6}, Key{4});
    const auto fused = forward_backward(f_layer, dy, x, w, b);
    const auto apart = forward_backward(
        [](const auto& v, const auto& m, const auto& c) { return linear(map(f_gelu, v), m, c); }, dy, x, w, b);
    CHECK(same_bits(std::get<0>(fused), std::get<0>(apart)));
    CHECK(difference(std::get<1>(fused), std::get<1>(apart)) < 1e-5);
    CHECK(same_bits(std::get<2>(fused), std::get<2>(apart)));
    CHECK(same_bits(std::get<3>(fused), std::get<3>(apart)));
  }
}

TEST_CASE("activated_linear: the weights' gradient does not depend on whether the input's is wanted") {
  const auto x = normal<float>(Shape{70, 8}, Key{1}), w = normal<float>(Shape{8, 6}, Key{2});
  const Tensor<float, 1> b(Shape{6});
  const auto dy = normal<float>(Shape{70, 6}, Key{4});
  const auto alone = forward_backward([&](const auto& m) { return activated_linear(f_gelu, x, m, b); }, dy, w);
  const auto all = forward_backward(f_layer, dy, x, w, b);
  CHECK(same_bits(std::get<0>(alone), std::get<0>(all)));
  CHECK(same_bits(std::get<1>(alone), std::get<2>(all)));
}

TEST_CASE("activated_linear: an input that others hold is left as it is") {
  const auto x = normal<double>(Shape{4, 3}, Key{1});
  const auto copy = Tensor<double, 2>::from(x.shape(), x.values());
  Tape tape;
  const auto v = tape.variable(x);
  const auto y = activated_linear(f_gelu, v, normal<double>(Shape{3, 2}, Key{2}), Tensor<double, 1>(Shape{2}));
  tape.backward(sum(y));
  CHECK(x == copy);
  CHECK(value(v) == copy);
}

TEST_CASE("activated_linear: independent of threads and batch") {
  check_invariance<1>(f_layer, normal<float>(Shape{5, 99, 64}, Key{1}), normal<float>(Shape{64, 48}, Key{2}),
                      normal<float>(Shape{48}, Key{3}));
}

TEST_CASE("activated_linear: errors are those of linear") {
  const Tensor<float, 2> x(Shape{2, 3}), w(Shape{4, 5});
  CHECK(message_of<ShapeError>([&] { activated_linear(f_gelu, x, w, Tensor<float, 1>(Shape{5})); }) ==
        "linear: x is (2, 3), w is (4, 5); x[1] must equal w[0]");
}

}  // namespace activated_linear_test
