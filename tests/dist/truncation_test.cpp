#include "inkling/dist/truncation.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "../gen/statistics.hpp"
#include "../ops/operation_checks.hpp"

namespace truncation_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// 0.5, 0.25, 0.15, 0.1, not in this order: levels 2, 0, 3, 1.
template <class T = double>
Categorical<Tensor<T, 2>> pixel() {
  Tensor<T, 2> logits(Shape{1, 4}, {T(0.25), T(0.1), T(0.5), T(0.15)});
  for (T& v : logits.mutable_values()) v = std::log(v) + 3;
  return Categorical(logits);
}

template <class T>
void check_masses(const Categorical<Tensor<T, 2>>& truncated, const std::vector<double>& expected) {
  const auto p = softmax(truncated.logits());
  for (Index k = 0; k < 4; ++k) {
    CAPTURE(k);
    const double wanted = expected[static_cast<std::size_t>(k)];
    CHECK(static_cast<double>(p(0, k)) == doctest::Approx(wanted).epsilon(sizeof(T) == 4 ? 1e-5 : 1e-13));
    CHECK((p(0, k) == 0) == (wanted == 0));
  }
}

}  // namespace

TEST_CASE_TEMPLATE("Truncation: what is kept, by hand", T, float, double) {
  const auto p = pixel<T>();
  check_masses(Truncation{}(p), {0.25, 0.1, 0.5, 0.15});
  check_masses(Truncation{.top_k = 2}(p), {1 / 3.0, 0, 2 / 3.0, 0});
  check_masses(Truncation{.top_k = 9}(p), {0.25, 0.1, 0.5, 0.15});
  check_masses(Truncation{.top_p = 0.49}(p), {0, 0, 1, 0});
  check_masses(Truncation{.top_p = 0.51}(p), {1 / 3.0, 0, 2 / 3.0, 0});
  check_masses(Truncation{.top_p = 0.76}(p), {0.25 / 0.9, 0, 0.5 / 0.9, 0.15 / 0.9});
  check_masses(Truncation{.min_p = 0.25}(p), {0.25 / 0.9, 0, 0.5 / 0.9, 0.15 / 0.9});
  check_masses(Truncation{.min_p = 1}(p), {0, 0, 1, 0});
  const double squares = 0.25 + 0.0625 + 0.0225 + 0.01;
  check_masses(Truncation{.temperature = 0.5}(p), {0.0625 / squares, 0.01 / squares, 0.25 / squares, 0.0225 / squares});
}

TEST_CASE("Truncation: each part acts on what the one before it left") {
  const auto p = pixel();
  // Of the three likeliest, 0.75/0.9 is in the first two: the mass is that of the renormalised distribution.
  check_masses(Truncation{.top_k = 3, .top_p = 0.8}(p), {1 / 3.0, 0, 2 / 3.0, 0});
  check_masses(Truncation{.top_p = 0.8}(p), {0.25 / 0.9, 0, 0.5 / 0.9, 0.15 / 0.9});
  // Flattened first: √p are 0.370, 0.262, 0.203, 0.166 of their sum, so that three are needed for 0.65.
  const double roots = std::sqrt(0.5) + std::sqrt(0.25) + std::sqrt(0.15);
  check_masses(Truncation{.temperature = 2, .top_p = 0.65}(p),
               {std::sqrt(0.25) / roots, 0, std::sqrt(0.5) / roots, std::sqrt(0.15) / roots});
  check_masses(Truncation{.top_p = 0.9, .min_p = 0.4}(p), {1 / 3.0, 0, 2 / 3.0, 0});
}

TEST_CASE("Truncation: of equals the lower level is kept") {
  const Categorical equals(Tensor<double, 2>(Shape{1, 4}, {1, 2, 2, 2}));
  check_masses(Truncation{.top_k = 2}(equals), {0, 0.5, 0.5, 0});
  check_masses(Truncation{.temperature = 0}(equals), {0, 1, 0, 0});
  check_masses(Truncation{.top_p = 0.29}(equals), {0, 1, 0, 0});
}

TEST_CASE("Truncation: temperature 0 is the mode, and nothing at all is the distribution itself") {
  const Categorical pixels(normal<float>(Shape{50, 3, 7}, Key{1}));
  CHECK(Truncation{.temperature = 0}.sample(pixels, Key{2}) == pixels.mode());
  CHECK(Truncation{.temperature = 0, .top_k = 3, .top_p = 0.5}.sample(pixels, Key{3}) == pixels.mode());
  CHECK(Truncation{.top_k = 1}.sample(pixels, Key{3}) == pixels.mode());
  CHECK(Truncation{}(pixels).logits().shares_storage_with(pixels.logits()));
  CHECK(Truncation{}.sample(pixels, Key{4}) == pixels.sample(Key{4}));
  CHECK(Truncation{.temperature = 0.7}.sample(pixels, Key{4}) == pixels.tempered(0.7).sample(Key{4}));
}

TEST_CASE("Truncation: draws have the frequencies of what is kept; each row by itself") {
  constexpr Index n = 20000;
  const Categorical many(Tensor<double, 2>(Shape{n, 4}) + pixel().logits());
  const auto drawn = Truncation{.top_k = 3}.sample(many, Key{5});
  std::vector<double> counts(4);
  for (auto k : drawn.values()) ++counts.at(static_cast<std::size_t>(k));
  CHECK(counts[1] == 0);
  CHECK(statistics::chi_square({counts[0], counts[2], counts[3]}, {0.25 / 0.9, 0.5 / 0.9, 0.15 / 0.9}, n) < 13.8);
  const auto logits = normal<float>(Shape{200, 9}, Key{6});
  const Truncation some{.temperature = 1.2, .top_k = 6, .top_p = 0.8, .min_p = 0.05};
  const auto all = some(Categorical(logits)).logits();
  for (Index r : {0, 77, 199}) CHECK(same_bits(some(Categorical(item_of(logits, r))).logits(), item_of(all, r)));
}

TEST_CASE("Truncation: levels that were impossible stay so") {
  constexpr double never = -std::numeric_limits<double>::infinity();
  const Categorical some(Tensor<double, 2>(Shape{1, 4}, {never, 0, never, 0}));
  check_masses(Truncation{.top_k = 3}(some), {0, 0.5, 0, 0.5});
  check_masses(Truncation{.top_p = 0.9}(some), {0, 0.5, 0, 0.5});
}

TEST_CASE("Truncation: what makes no sense is refused") {
  const auto p = pixel();
  CHECK_THROWS_WITH_AS(Truncation{.temperature = -1}(p), "Truncation: temperature is -1; it must not be negative",
                       ValueError);
  CHECK_THROWS_AS(Truncation{.temperature = std::nan("")}(p), ValueError);
  CHECK_THROWS_WITH_AS(Truncation{.top_k = -2}(p), "Truncation: top_k is -2; it must not be negative", ValueError);
  CHECK_THROWS_WITH_AS(Truncation{.top_p = 0}(p), "Truncation: top_p is 0; it must be in (0, 1]", ValueError);
  CHECK_THROWS_AS(Truncation{.top_p = 1.5}(p), ValueError);
  CHECK_THROWS_WITH_AS(Truncation{.min_p = -0.1}(p), "Truncation: min_p is -0.1; it must be in [0, 1]", ValueError);
  CHECK_THROWS_AS((Truncation{.min_p = std::nan("")}.sample(p, Key{1})), ValueError);
  const Categorical unknown(Tensor<double, 2>(Shape{1, 2}, {0, std::nan("")}));
  CHECK_THROWS_WITH_AS(Truncation{.top_k = 1}(unknown), "Truncation: logit 1 of row 0 is nan; it must be a number",
                       ValueError);
  CHECK(Truncation{.top_k = 1}(Categorical(Tensor<float, 2>(Shape{0, 4}))).logits().shape() == Shape{0, 4});
}

}  // namespace truncation_test
