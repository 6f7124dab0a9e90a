#include "study/claims/pixel_tables.hpp"

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"

namespace pixel_tables_test {

using namespace ink;
using namespace study;

namespace {

/// Images whose pixels repeat the one to their left with probability `stay`, and begin a row with either.
systems::Tokens chains(Index images, double stay, Key key) {
  systems::Tokens x({images, 28, 28});
  const auto u = uniform<double>(x.shape(), key);
  for (Index i = 0; i < x.size(); ++i) {
    const bool first = i % 28 == 0;
    const std::int32_t left = first ? 0 : x.data()[i - 1];
    x.mutable_data()[i] = u.data()[i] < (first ? 0.5 : stay) ? left : 1 - left;
  }
  return x;
}

double mean(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

}  // namespace

TEST_CASE("A table finds the entropy of what it can see, and no less") {
  const PixelPlanes train(chains(1000, 0.9, Key{1}), 2), test(chains(200, 0.9, Key{2}), 2);
  const double step = -0.9 * std::log(0.9) - 0.1 * std::log(0.1);
  const double all = 784 * std::log(2.0), known = 28 * std::log(2.0) + 756 * step;
  CHECK(mean(table_nats(train, test, {0, false})) == doctest::Approx(all).epsilon(0.002));
  CHECK(mean(table_nats(train, test, {0, true})) == doctest::Approx(all).epsilon(0.005));
  CHECK(mean(table_nats(train, test, {1, true})) == doctest::Approx(known).epsilon(0.02));
  // Without the place a first pixel looks like one after black: outside of the image is 0.
  CHECK(mean(table_nats(train, test, {1, false})) > 1.01 * known);
  CHECK(mean(table_nats(train, test, {4, false})) == doctest::Approx(known).epsilon(0.08));
}

TEST_CASE("What was never seen has a probability, and levels are told apart by their bits") {
  systems::Tokens dark({50, 28, 28}, 3), bright({2, 28, 28}, 200);
  const PixelPlanes train(dark, 256), same(dark, 256), other(bright, 256);
  CHECK(mean(table_nats(train, same, {4, false, 4})) < 0.1);
  // The first pixel is bright in a context that is known: (q + 0)/(n + 1); all others are in new contexts.
  const double nats = mean(table_nats(train, other, {1, false, 1}));
  CHECK(std::isfinite(nats));
  CHECK(nats > 784 * std::log(256.0));
}

}  // namespace pixel_tables_test
