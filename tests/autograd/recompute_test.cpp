#include "inkling/autograd/recompute.hpp"

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"
#include "inkling/nn/blocks.hpp"
#include "inkling/nn/image_blocks.hpp"
#include "inkling/ops/reduce.hpp"
#include "inkling/ops/reshape.hpp"

namespace recompute_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// How a part is evaluated: as it is, or computed again.
constexpr auto directly = [](const auto& m, const auto&... x) { return m(x...); };
constexpr auto again = [](auto&& m, const auto&... x) { return recompute(std::forward<decltype(m)>(m), x...); };

/// The numbers of f(how, x…), and of the gradients of all of x and of the model's parameters, one after the other.
template <class T, class M, class F, class How, int... R>
std::vector<T> numbers(const M& model, F f, How how, const Tensor<T, R>&... x) {
  Tape tape;
  const std::tuple<Var<T, R>...> leaves{tape.variable(x)...};
  const auto y = std::apply([&](const auto&... leaf) { return f(how, leaf...); }, leaves);
  const auto gradients = tape.backward(pull(y, some_gradient<T>(y.shape())));
  std::vector<T> all;
  const auto append = [&](const auto& t) { all.insert(all.end(), t.values().begin(), t.values().end()); };
  append(y.value());
  std::apply([&](const auto&... leaf) { (append(gradients[leaf]), ...); }, leaves);
  for_each_parameter(model, [&](const std::string&, const auto& p) {
    CHECK(gradients.has(p));
    append(gradients.of(p));
  });
  return all;
}

/// The same bits with and without, at 1, 2 and 3 threads.
template <class T, class M, class F, int... R>
void check_same(const M& model, F f, const Tensor<T, R>&... x) {
  const ThreadCountGuard guard;
  set_thread_count(1);
  const auto expected = numbers(model, f, directly, x...);
  for (int threads : {1, 2, 3}) {
    CAPTURE(threads);
    set_thread_count(threads);
    const auto actual = numbers(model, f, again, x...);
    REQUIRE(actual.size() == expected.size());
    CHECK(std::memcmp(actual.data(), expected.data(), expected.size() * sizeof(T)) == 0);
  }
}

template <class T>
auto transformer_block() {
  return randomized(TransformerBlock<T>({.width = 16, .heads = 2, .causal = true}, Key{1}), Key{9}, 0.3);
}

template <class T>
auto residual_block() {
  return randomized(
      ResidualBlock<T>({.in = 8, .out = 16, .time = 12, .groups = 4, .dropout = 0.3, .zero_init = true}, Key{1}));
}

/// tanh(x · factor), which counts its evaluations.
template <class T>
struct Scale {
  Parameter<T, 1> factor;
  std::shared_ptr<int> calls = std::make_shared<int>(0);

  explicit Scale(Index width) : factor(uniform<T>(Shape{width}, Key{5}, 0.5, 1.5)) {}

  template <TensorLike X>
  auto operator()(const X& x) const {
    ++*calls;
    return tanh(x * factor.on(x));
  }
  static void visit(auto& self, auto&& f) { f("factor", self.factor); }
};

/// Two modules one after the other, each computed again on its own if `inside`.
template <class Inner>
struct Pair {
  Inner first, second;
  bool inside = false;

  template <TensorLike X>
  auto operator()(const X& x) const {
    const auto run = [&](const auto& m, const auto& v) { return inside ? recompute(m, v) : m(v); };
    return run(second, run(first, x) + x);
  }
  static void visit(auto& self, auto&& f) {
    f("first", self.first);
    f("second", self.second);
  }
};

}  // namespace

TEST_CASE_TEMPLATE("recompute: a transformer block, the same bits", T, float, double) {
  const auto block = transformer_block<T>();
  check_same(block, [&](auto how, const auto& x) { return how(block, x); }, normal<T>(Shape{3, 7, 16}, Key{2}));
}

TEST_CASE("recompute: an input that is used elsewhere too, before and after") {
  using T = float;
  const auto block = transformer_block<T>();
  check_same(block, [&](auto how, const auto& x) {
    const auto h = x * x;
    const auto y = how(block, h) + h;
    return y * h + how(block, y) * x;
  }, normal<T>(Shape{2, 5, 16}, Key{2}));
}

TEST_CASE("recompute: a residual block, told the time, with and without dropout") {
  using T = float;
  const auto block = residual_block<T>();
  const auto x = normal<T>(Shape{3, 6, 6, 8}, Key{2});
  const auto e = normal<T>(Shape{3, 12}, Key{3});
  check_same(block, [&](auto how, const auto& u, const auto& v) { return how(block, u, v); }, x, e);
  const std::optional<Key> key = Key{4};
  check_same(block, [&](auto how, const auto& u, const auto& v) { return how(block, u, v, key); }, x, e);
  CHECK_FALSE(same_bits(recompute(block, x, e, key), block(x, e)));
}

TEST_CASE("recompute: one module twice, and one parameter inside and outside") {
  using T = float;
  const auto block = transformer_block<T>();
  check_same(block, [&](auto how, const auto& x) { return how(block, how(block, x)); },
             normal<T>(Shape{2, 5, 16}, Key{2}));
  const Scale<T> scale(6);
  check_same(scale, [&](auto how, const auto& x) {
    return scale(how(scale, how(scale, scale(x)))) * scale.factor.on(x);
  }, normal<T>(Shape{4, 6}, Key{2}));
  check_same(scale, [&](auto how, const auto& x) { return how([&](const auto& v) { return scale(scale(v)); }, x); },
             normal<T>(Shape{4, 6}, Key{2}));
}

TEST_CASE_TEMPLATE("recompute: nested three deep", T, float, double) {
  const Scale<T> scale(8);
  const auto plain = randomized(Pair<Pair<Scale<T>>>{{scale, scale}, {scale, scale}}, Key{9}, 0.3);
  auto nested = plain;
  nested.inside = nested.first.inside = nested.second.inside = true;
  const auto x = normal<T>(Shape{2, 5, 8}, Key{3});
  // The first pair is used alone as well, before and after: its parameters' gradients are sums of three.
  const auto f = [](const auto& pair) {
    return [&pair](auto how, const auto& v) { return how(pair.first, v) * how(pair, v) + how(pair.first, v * v); };
  };
  const auto expected = numbers(plain, f(plain), directly, x), actual = numbers(nested, f(nested), again, x);
  REQUIRE(actual.size() == expected.size());
  CHECK(std::memcmp(actual.data(), expected.data(), expected.size() * sizeof(T)) == 0);
}

TEST_CASE("recompute: gradients against central differences") {
  const auto block = residual_block<double>();
  const auto f = [](const auto& m, const auto& x, const auto& e) { return recompute(m, x, e, std::optional(Key{4})); };
  CHECK(module_gradcheck(block, f, normal<double>(Shape{2, 4, 4, 8}, Key{2}), normal<double>(Shape{2, 12}, Key{3})) <
        1e-6);
}

TEST_CASE("recompute: one variable as two arguments, and a result that is an argument") {
  const Scale<double> scale(5);
  const auto x = normal<double>(Shape{3, 5}, Key{1});
  const auto product = [&](const auto& a, const auto& b) { return scale(a) * b * a; };
  check_same(scale, [&](auto how, const auto& v) { return how(product, v, v); }, x);
  check_same(scale, [&](auto how, const auto& v) { return how(product, v * v, v) + v; }, x);
  check_same(scale, [&](auto how, const auto& v) { return scale(how([](const auto& u) { return u; }, v)); }, x);
}

TEST_CASE("recompute: plain tensors and constants as arguments") {
  const auto a = normal<double>(Shape{4}, Key{1}), b = normal<double>(Shape{4}, Key{2});
  const auto product = [](const auto& u, const auto& v) { return u * v; };
  CHECK(same_bits(recompute(product, a, b), a * b));
  Tape tape;
  const auto x = tape.variable(a), c = tape.constant(b);
  const auto gradients = tape.backward(sum(recompute(product, x, b) + recompute(product, c, x)));
  CHECK(same_bits(gradients[x], b + b));
  CHECK(same_bits(gradients[c], Tensor<double, 1>(Shape{4})));

  // The images that a network is trained on are a constant: what comes out of its first block is none.
  Tape images;
  const Scale<double> scale(4);
  const auto y = recompute(scale, images.constant(a));
  CHECK(y.wants_gradient());
  Tape direct;
  CHECK(same_bits(images.backward(sum(y)).of(scale.factor),
                  direct.backward(sum(scale(direct.constant(a)))).of(scale.factor)));

  Tape still;
  const auto s = still.variable(a);
  CHECK(same_bits(still.backward(sum(recompute(product, still.constant(a), b) + s))[s],
                  Tensor<double, 1>(Shape{4}, 1.0)));
}

TEST_CASE("recompute: one node in the forward pass; called again only if a gradient arrives") {
  const Scale<double> scale(4);
  Tape tape;
  const auto x = tape.variable(normal<double>(Shape{3, 4}, Key{1}));
  const auto before = tape.size();
  const auto used = recompute(scale, x), unused = recompute(scale, x);
  CHECK(tape.size() == before + 2);
  CHECK(*scale.calls == 2);
  const auto gradients = tape.backward(sum(used));
  CHECK(*scale.calls == 3);
  CHECK(unused.wants_gradient());
  CHECK(gradients.has(scale.factor));
}

TEST_CASE("recompute: a temporary is kept, a module with a name is referred to") {
  const Scale<double> scale(4);
  const auto x = normal<double>(Shape{3, 4}, Key{1});
  const auto held = std::make_shared<int>(0);
  Tape tape;
  const auto v = tape.variable(x);
  const auto y = recompute([held, &scale](const auto& u) { return scale(u); }, v);
  CHECK(held.use_count() == 2);
  recompute(scale, v);
  CHECK(scale.calls.use_count() == 1);
  tape.backward(sum(y));
  CHECK(held.use_count() == 1);
}

TEST_CASE("recompute: a deep stack takes the bytes of one block, not of all") {
  constexpr int depth = 12;
  const auto block = transformer_block<float>();
  const auto x = normal<float>(Shape{8, 64, 16}, Key{2});
  const auto peak = [&](auto how) {
    reset_peak_memory();
    const auto before = memory_stats().in_use;
    Tape tape;
    auto h = tape.variable(x);
    for (int i = 0; i < depth; ++i) h = how(block, h);
    tape.backward(sum(h));
    return static_cast<double>(memory_stats().peak_in_use - before);
  };
  const double all = peak(directly), few = peak(again);
  CAPTURE(all);
  CAPTURE(few);
  CHECK(few < all / 3);
  const double between = depth * 4.0 * static_cast<double>(x.size());
  CHECK(few > between);  // what goes in between the blocks is kept
  // … and the rest is that of one block, with its gradients.
  Tape tape;
  reset_peak_memory();
  const auto before = memory_stats().in_use;
  tape.backward(sum(block(tape.variable(x))));
  CHECK(few < 1.25 * between + 1.5 * static_cast<double>(memory_stats().peak_in_use - before));
}

TEST_CASE("recompute: a second pass asks the system for nothing") {
  const ThreadCountGuard guard;
  set_thread_count(1);
  const auto block = transformer_block<float>();
  const auto x = normal<float>(Shape{2, 5, 16}, Key{2});
  const auto pass = [&] {
    Tape tape;
    tape.backward(sum(recompute(block, recompute(block, tape.variable(x)))));
  };
  pass();
  const auto before = memory_stats();
  pass();
  CHECK(memory_stats().system_allocations == before.system_allocations);
  CHECK(memory_stats().in_use == before.in_use);
}

TEST_CASE("recompute: misuse") {
  const auto add = [](const auto& a, const auto& b) { return a + b; };
  const Tensor<double, 1> two(Shape{2}), three(Shape{3});
  Tape tape, other;
  const auto a = tape.variable(two), b = other.variable(two);
  CHECK(message_of<ValueError>([&] { recompute(add, a, b); }) ==
        "record: inputs live on two tapes; they must share one");
  CHECK_THROWS_AS(recompute(add, a, tape.variable(three)), ShapeError);

  int calls = 0;
  const auto fickle = [&](const auto& x) { return slice(x, 0, 0, ++calls == 1 ? 2 : 1); };
  const auto y = recompute(fickle, a);
  CHECK(
      message_of<ValueError>([&] { tape.backward(sum(y)); }) ==
      "recompute: the result was (2), computed again it is (1); the module must give the same for the same arguments");
  other.backward(sum(b));
  CHECK_THROWS_AS(recompute(add, b, two), ValueError);  // the tape was walked
}

}  // namespace recompute_test
