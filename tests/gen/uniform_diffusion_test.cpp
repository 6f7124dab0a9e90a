#include "inkling/gen/token/uniform_diffusion.hpp"

#include <array>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "enumerable.hpp"
#include "inkling/core/view.hpp"
#include "inkling/gen/likelihood/uniform_bound.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/token_sampler/discrete_ancestral.hpp"
#include "statistics.hpp"

namespace uniform_diffusion_test {

using namespace ink;

namespace {

constexpr int levels = 3;
constexpr std::array<double, 3> prior{0.6, 0.1, 0.3};

/// q(x_t | x_s), with α_t/α_s of the pixels kept.
double moved(int x, int y, double kept) { return (x == y ? kept : 0) + (1 - kept) / levels; }

/// p(x_0 | x_t) of independent pixels, by Bayes.
std::array<double, 3> clean_given(int x, double kept) {
  std::array<double, 3> p{};
  double total = 0;
  for (int c = 0; c < levels; ++c)
    total += p[static_cast<std::size_t>(c)] = prior[static_cast<std::size_t>(c)] * moved(c, x, kept);
  for (double& v : p) v /= total;
  return p;
}

/// The exact network of those pixels.
struct Exact {
  using value_type = double;
  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>& shown, const Tensor<double, 1>& level, const C&) const {
    Tensor<double, 4> logits({shown.extent(0), shown.extent(1), shown.extent(2), levels});
    const Index places = shown.extent(1) * shown.extent(2);
    for (Index i = 0; i < shown.size() / 2; ++i) {
      const auto x = static_cast<int>(std::lround(shown.data()[2 * i] + 1));
      const auto p = clean_given(x, LinearMasking{}(level(i / places) / 1000));
      for (Index k = 0; k < levels; ++k) logits.mutable_data()[3 * i + k] = std::log(p[static_cast<std::size_t>(k)]);
    }
    return logits;
  }
};

/// A network that says nothing.
struct Even {
  using value_type = double;
  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>& shown, const Tensor<double, 1>&, const C&) const {
    return Tensor<double, 4>({shown.extent(0), shown.extent(1), shown.extent(2), levels});
  }
};

const UniformDiffusion model(Exact{}, Quantizer{levels}, LinearMasking{});

std::vector<double> level_counts(const Tokens& x) {
  std::vector<double> seen(levels);
  for (auto v : x.values()) ++seen.at(static_cast<std::size_t>(v));
  return seen;
}

}  // namespace

TEST_CASE("UniformDiffusion: pixels are kept with probability α, else any; all are asked for") {
  constexpr Index n = 30000;
  const Tokens pixels(Shape{n, 1, 1}, 2);
  for (double t : {0.1, 0.6}) {
    const auto example = model.corrupt_tokens(pixels, Tensor<double, 1>(Shape{n}, t), Key{1});
    std::vector<double> seen(3);
    for (Index r = 0; r < n; ++r) {
      REQUIRE(example.state(r, 0, 0, 1) == 1);
      ++seen.at(static_cast<std::size_t>(std::lround(example.state(r, 0, 0, 0) + 1)));
    }
    CHECK(statistics::chi_square(seen, {t / 3, t / 3, 1 - 2 * t / 3}, n) < 13.8);  // 2 degrees of freedom: 0.001
    CHECK(example.target == pixels);
    CHECK(example.level(7) == doctest::Approx(1000 * t));
    CHECK(example.weight == Tensor<double, 1>(Shape{n}, 1));
  }
  const auto noise = model.prior({n, 1, 1, 1}, Key{2});
  CHECK(statistics::chi_square(level_counts(noise), {1.0 / 3, 1.0 / 3, 1.0 / 3}, n) < 13.8);
}

TEST_CASE("UniformDiffusion: a step back is Bayes' rule, by brute force") {
  constexpr Index n = 20000;
  for (const auto& times : {std::array{0.9, 0.4}, std::array{0.5, 0.45}, std::array{1.0, 0.7}, std::array{0.3, 0.0}}) {
    const double kept_t = model.schedule(times[0]), kept_s = model.schedule(times[1]);
    for (int x : {0, 1}) {
      const int clean = 1;
      std::vector<double> expected(3);
      double total = 0;
      for (int y = 0; y < levels; ++y) {
        total += expected[static_cast<std::size_t>(y)] = moved(clean, y, kept_s) * moved(y, x, kept_t / kept_s);
      }
      for (double& v : expected) v /= total;
      const auto drawn =
          model.reverse(Tokens(Shape{n, 1, 1}, x), Tokens(Shape{n, 1, 1}, clean), times[0], times[1], Key{3});
      const auto seen = level_counts(drawn);
      if (times[1] == 0) {
        CHECK(seen[1] == n);
      } else {
        CHECK(statistics::chi_square(seen, expected, n) < 13.8);
      }
    }
  }
}

TEST_CASE("UniformDiffusion: with the exact network, any number of steps draws independent pixels as they are") {
  constexpr Index n = 20000;
  for (int steps : {1, 2, 7}) {
    const DiscreteAncestral sampler{.steps = steps};
    const auto drawn = sample(sampler, model, model.prior({n, 1, 2, 1}, Key{4}), Key{5});
    std::vector<double> seen(9), expected(9);
    for (Index r = 0; r < n; ++r) ++seen.at(static_cast<std::size_t>(3 * drawn(r, 0, 0) + drawn(r, 0, 1)));
    for (std::size_t i = 0; i < 9; ++i) expected[i] = prior[i / 3] * prior[i % 3];
    CHECK(statistics::chi_square(seen, expected, n) < 26.1);  // 8 degrees of freedom: 0.001
    CHECK(sample(sampler, model, model.prior({3, 1, 2, 1}, Key{4}), Key{5}) == dense(view(drawn).slice(0, 0, 3)));
    const std::vector<Key> keys{Key{8}, Key{9}};
    const auto each = generate(sampler, model, Shape{2, 1, 2, 1}, SampleKeys(keys));
    for (Index r = 0; r < 2; ++r) {
      CHECK(dense(view(each).slice(0, r, r + 1)) ==
            generate(sampler, model, Shape{1, 1, 2, 1}, keys[static_cast<std::size_t>(r)]));
    }
  }
}

TEST_CASE("UniformDiffusion: with the exact network the bound is the likelihood, in any number of steps") {
  constexpr Index n = 20000;
  for (int steps : {1, 2, 9}) {
    for (int level : {0, 1, 2}) {
      const auto nats = uniform_bound(model, Tokens(Shape{n, 1, 1}, level), Unconditional{}, steps, Key{6});
      const double exact = -std::log(prior[static_cast<std::size_t>(level)]);
      double sum = 0, squares = 0;
      for (const double v : nats.values()) {
        sum += v - exact;
        squares += (v - exact) * (v - exact);
      }
      CHECK(std::abs(sum / n) <= 4 * std::sqrt(squares) / n + 1e-12);
    }
  }
  // Of two pixels it is the sum; row by row it does not depend on the batch.
  const Tokens two(Shape{2, 1, 2}, {0, 1, 2, 2});
  const auto nats = uniform_bound(model, two, Unconditional{}, 1, Key{6});
  CHECK(nats(0) == doctest::Approx(-std::log(prior[0] * prior[1])).epsilon(1e-12));
  CHECK(uniform_bound(model, dense(view(two).slice(0, 0, 1)), Unconditional{}, 5, Key{6})(0) ==
        uniform_bound(model, two, Unconditional{}, 5, Key{6})(0));
  CHECK_THROWS_AS(uniform_bound(model, two, Unconditional{}, 0, Key{6}), ValueError);
}

TEST_CASE("UniformDiffusion: a network that is wrong costs more than the likelihood") {
  constexpr Index n = 20000;
  const UniformDiffusion even(Even{}, Quantizer{levels}, LinearMasking{});
  // In one step from pure noise it says 1/3, and so it does, on average, in several.
  const Tokens white(Shape{n, 1, 1}, 0);
  CHECK(uniform_bound(even, white, Unconditional{}, 1, Key{7})(0) == doctest::Approx(std::log(3.0)).epsilon(1e-12));
  double sum = 0;
  for (const double v : uniform_bound(even, white, Unconditional{}, 8, Key{7}).values()) sum += v;
  CHECK(sum / n > std::log(3.0) + 0.1);
}

TEST_CASE("D3PM's step, normalised after the sum, is not exact: two steps from noise, by matrices") {
  const auto end = [](bool after_the_sum) {
    std::array<double, 3> p{1.0 / 3, 1.0 / 3, 1.0 / 3};
    for (const auto& times : {std::array{1.0, 0.5}, std::array{0.5, 0.0}}) {
      const double kept_t = 1 - times[0], kept_s = 1 - times[1], r = kept_t / kept_s;
      std::array<double, 3> next{};
      for (int x = 0; x < levels; ++x) {
        const auto clean = clean_given(x, kept_t);
        std::array<double, 3> step{};
        double total = 0;
        for (int y = 0; y < levels; ++y) {
          for (int c = 0; c < levels; ++c) {
            const double both = moved(y, x, r) * moved(c, y, kept_s) * clean[static_cast<std::size_t>(c)];
            step[static_cast<std::size_t>(y)] += after_the_sum ? both : both / moved(c, x, kept_t);
          }
          total += step[static_cast<std::size_t>(y)];
        }
        for (std::size_t y = 0; y < 3; ++y) next[y] += p[static_cast<std::size_t>(x)] * step[y] / total;
      }
      p = next;
    }
    return p;
  };
  for (std::size_t k = 0; k < 3; ++k) CHECK(end(false)[k] == doctest::Approx(prior[k]).epsilon(1e-12));
  CHECK(std::abs(end(true)[0] - prior[0]) > 0.02);
}

TEST_CASE("UniformDiffusion: noise in two steps is noise in one") {
  const UniformDiffusion model(enumerable::Inconsistent{}, Quantizer{3}, CosineMasking{});
  constexpr Index n = 20000;
  const Tokens clean(Shape{n, 1, 1}, 2);
  const auto some = model.noised(clean, Tensor<double, 1>(Shape{n}, 0.4), Key{1});
  std::vector<double> seen(3);
  for (const auto token : model.noised(some, 0.4, 0.7, Key{2}).values()) ++seen.at(static_cast<std::size_t>(token));
  const double kept = model.schedule(0.7), any = (1 - kept) / 3;
  CHECK(statistics::chi_square(seen, {any, any, kept + any}, n) < 13.8);  // 2 degrees of freedom: 0.001
}

}  // namespace uniform_diffusion_test
