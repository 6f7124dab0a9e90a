#include "inkling/nn/gated.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>

#include <doctest/doctest.h>

#include "inkling/autograd/gradcheck.hpp"
#include "inkling/nn/module.hpp"
#include "inkling/ops/reduce.hpp"

namespace gated_test {

using namespace ink;

namespace {

template <class T, int R>
bool same_bits(const Tensor<T, R>& a, const Tensor<T, R>& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0;
}

struct ThreadCountGuard {
  int before = thread_count();
  ~ThreadCountGuard() { set_thread_count(before); }
};

}  // namespace

TEST_CASE("tanh_gate multiplies the halves of its channels") {
  const Tensor<double, 2> x(Shape{2, 4}, {0.5, -1, 2, 0.25, 0, 3, -4, 1});
  const auto y = tanh_gate(x);
  REQUIRE(y.shape() == Shape<2>{2, 2});
  const auto expected = [&](Index r, Index c) { return std::tanh(x(r, c)) / (1 + std::exp(-x(r, c + 2))); };
  for (Index r = 0; r < 2; ++r) {
    for (Index c = 0; c < 2; ++c) CHECK(y(r, c) == doctest::Approx(expected(r, c)).epsilon(1e-12));
  }
  const auto a = normal<double>(Shape{3, 2, 6}, Key{1}), b = normal<double>(Shape{3, 2, 6}, Key{2});
  const auto once = tanh_gate(a + b), fused = tanh_gate(a, b);
  for (Index i = 0; i < once.size(); ++i) CHECK(once.data()[i] == doctest::Approx(fused.data()[i]).epsilon(1e-14));
  CHECK(gradcheck([](const auto& s) { return tanh_gate(s); }, a) < 1e-7);
  CHECK(gradcheck([](const auto& s, const auto& t) { return tanh_gate(s, t); }, a, b) < 1e-7);
  CHECK_THROWS_WITH_AS(tanh_gate(Tensor<float, 2>(Shape{2, 3})), "tanh_gate: x is (2, 3); the last extent must be even",
                       ShapeError);
  CHECK_THROWS_AS(tanh_gate(Tensor<float, 1>(Shape{4}), Tensor<float, 1>(Shape{2})), ShapeError);
}

TEST_CASE("a gated block is x + P (tanh * sigmoid) of a causal convolution") {
  const GatedBlock<double> block({.width = 3}, Key{1});
  CHECK(parameter_count(block) == 2 * 3 * 3 * 6 + 6 + 3 * 3 + 3);
  const auto x = normal<double>(Shape{2, 4, 3, 3}, Key{2});
  const auto s = block.conv(x);
  const auto y = block(x);
  for (Index p = 0; p < 2 * 4 * 3; ++p) {
    for (Index o = 0; o < 3; ++o) {
      double expected = x.data()[p * 3 + o] + block.project.bias->value(o);
      for (Index c = 0; c < 3; ++c) {
        const double gate = 1 / (1 + std::exp(-s.data()[p * 6 + 3 + c]));
        expected += std::tanh(s.data()[p * 6 + c]) * gate * block.project.weight.value(c, o);
      }
      CHECK(y.data()[p * 3 + o] == doctest::Approx(expected).epsilon(1e-12));
    }
  }
  CHECK(gradcheck([&](const auto& v) { return block(v); }, normal<double>(Shape{1, 3, 3, 3}, Key{3})) < 1e-7);
  CHECK_THROWS_AS(block(Tensor<double, 4>(Shape{1, 3, 3, 2})), ShapeError);
}

TEST_CASE("a two-stack block: gradients, conditions and the last output alone") {
  const GatedTwoStackBlock<double> block({.width = 2}, Key{1});
  const auto v = normal<double>(Shape{2, 3, 3, 2}, Key{2}), h = normal<double>(Shape{2, 3, 3, 2}, Key{3});
  const auto c = normal<double>(Shape{2, 4}, Key{4});
  const auto stacked = [&](const auto& a, const auto& b, const auto& condition) {
    using X = std::remove_cvref_t<decltype(a)>;
    const auto y = block(GatedStacks<X>{a, b}, condition);
    return y.vertical + 2.0 * y.horizontal;
  };
  CHECK(gradcheck(stacked, v, h, c) < 1e-7);

  const GatedStacks<Tensor<double, 4>> x{v, h};
  const auto plain = block(x), zero = block(x, Tensor<double, 2>(Shape{2, 4})), told = block(x, c);
  CHECK(plain.vertical == zero.vertical);
  CHECK(plain.horizontal == zero.horizontal);
  CHECK(same_bits(block.horizontal_output(x, c), told.horizontal));
  // The condition of an image reaches every one of its pixels, in both stacks.
  for (Index i = 0; i < v.size(); ++i) {
    CHECK(plain.vertical.data()[i] != told.vertical.data()[i]);
    CHECK(plain.horizontal.data()[i] != told.horizontal.data()[i]);
  }
  CHECK_THROWS_WITH_AS(block(x, Tensor<double, 2>(Shape{2, 2})),
                       "gated_two_stack_block: condition is (2, 2), features are (2, 3, 3, 4); it must be (2, 4)",
                       ShapeError);
}

TEST_CASE("gated blocks pixel by pixel equal the whole, bit for bit") {
  const Shape<4> shape{3, 5, 4, 24};
  const auto x = normal<float>(shape, Key{1}), v = normal<float>(shape, Key{2});
  const auto c = normal<float>(Shape{3, 48}, Key{3});
  const GatedBlock<float> single({.width = 24}, Key{4});
  const GatedTwoStackBlock<float> pair({.width = 24, .kernel = 5}, Key{5});
  const auto whole = single(x);
  const auto both = pair(GatedStacks<Tensor<float, 4>>{v, x}, c);
  bool same = true;
  for (Index i = 0; i < shape[1]; ++i) {
    const auto row = pair.vertical_row(v, i, c);
    same = same && same_bits(row.output, dense(view(both.vertical).slice(1, i, i + 1)).reshape(row.output.shape()));
    for (Index j = 0; j < shape[2]; ++j) {
      same = same && same_bits(single.at(x, i, j), detail::pixel(whole, i, j));
      same = same && same_bits(pair.at(x, row.link, i, j), detail::pixel(both.horizontal, i, j));
    }
  }
  CHECK(same);
}

TEST_CASE("gated blocks give the same bits at any number of threads") {
  const ThreadCountGuard guard;
  const GatedTwoStackBlock<float> block({.width = 16}, Key{1});
  const auto x = normal<float>(Shape{4, 12, 12, 16}, Key{2});
  const auto run = [&] {
    Tape tape;
    const auto input = tape.variable(x);
    const auto y = block(GatedStacks<Var<float, 4>>{input, input});
    const auto gradients = tape.backward(sum(square(y.vertical + y.horizontal)));
    return std::tuple{y.horizontal.value(), gradients[input], gradients.of(block.vertical.weight),
                      gradients.of(block.link.weight)};
  };
  set_thread_count(1);
  const auto one = run();
  set_thread_count(3);
  const auto three = run();
  CHECK(same_bits(std::get<0>(one), std::get<0>(three)));
  CHECK(same_bits(std::get<1>(one), std::get<1>(three)));
  CHECK(same_bits(std::get<2>(one), std::get<2>(three)));
  CHECK(same_bits(std::get<3>(one), std::get<3>(three)));
}

}  // namespace gated_test
