#include "study/claims/small_causal.hpp"

#include <cmath>

#include <doctest/doctest.h>

namespace study {
namespace small_causal_test {

using ink::Index;
using ink::Key;

constexpr Index side = 5, width = 4, layers = 3;

SmallCausal make(const char* network) {
  return SmallCausal({.network = network, .side = side, .width = width, .layers = layers, .heads = 2}, Key{1});
}

TEST_CASE("multiplications are the weights that are used, once for every pixel, and attention") {
  const double pixels = side * side, w = width, n = layers;
  // What is counted as a parameter and multiplies nothing: biases, and places of a window that are masked.
  const double two = static_cast<double>(make("two stacks").parameters()) - (2 * w + 7 * w * n + w + 2) - 8 * w;
  CHECK(make("two stacks").multiplications() == pixels * two);
  const double one =
      static_cast<double>(make("one stack").parameters()) - (w + 3 * w * n + w + 2) - 4 * w - n * w * 2 * w;
  CHECK(make("one stack").multiplications() == pixels * one);
  // Biases, norms, and tables of pixels, of the start and of positions.
  const double gpt = static_cast<double>(make("gpt").parameters()) - n * (9 * w + 4 * w) - 2 * w - 4 * w - pixels * w;
  CHECK(make("gpt").multiplications() == pixels * gpt + n * 2 * w * pixels * (pixels + 1) / 2);
}

TEST_CASE("one stack is blind to what is far to the right, two stacks are not") {
  const auto one = make("one stack").influence(2, Key{2}), two = make("two stacks").influence(2, Key{2});
  // Output (1, 0): pixel (0, 4) is one row up and four to the right; one step up reaches three to the right.
  CHECK(one(5, 4) == 0);
  CHECK(one(5, 3) > 0);
  CHECK(two(5, 4) > 0);
  for (Index i = 0; i < side * side; ++i) {
    for (Index j = 0; j < i; ++j) CHECK(two(i, j) > 0);
    for (Index j = i; j < side * side; ++j) CHECK(one(i, j) + two(i, j) == 0);
  }
}

TEST_CASE("a transformer's output depends on every earlier pixel and on no other") {
  const auto influence = make("gpt").influence(1, Key{3});
  for (Index i = 0; i < side * side; ++i) {
    for (Index j = 0; j < side * side; ++j) CHECK((influence(i, j) > 0) == (j < i));
  }
}

TEST_CASE("nats at once and in turn, and images with and without a cache") {
  const auto tokens = coin_flips(3, side, Key{4});
  for (const char* name : {"one stack", "two stacks", "gpt"}) {
    const SmallCausal network = make(name);
    const auto once = network.nats_at_once(tokens), turn = network.nats_in_turn(tokens);
    for (Index n = 0; n < 3; ++n) CHECK(once(n) == doctest::Approx(turn(n)).epsilon(1e-6));
    const auto cached = network.draw(3, true, Key{5}), plain = network.draw(3, false, Key{5});
    for (Index i = 0; i < tokens.size(); ++i) REQUIRE(cached.tokens.data()[i] == plain.tokens.data()[i]);
  }
  CHECK_THROWS_AS(make("three stacks"), ink::ValueError);
}

}  // namespace small_causal_test
}  // namespace study
