#include "inkling/models/patch_transformer.hpp"

#include <cstring>

#include <doctest/doctest.h>

#include "../support/module_gradcheck.hpp"
#include "model_checks.hpp"

namespace patch_transformer_test {

using namespace ink;
using namespace ink::testing;

namespace {

/// 4 × 6 pixels in six patches, two channels.
models::PatchTransformer<double> small() {
  return randomized(
      models::PatchTransformer<double>(
          {.channels = 2, .width = 8, .layers = 2, .heads = 2, .patch = 2, .height = 4, .columns = 6, .classes = 3},
          Key{1}),
      Key{99}, 0.4);
}

}  // namespace

TEST_CASE("PatchTransformer: a patch changes the vectors of those after it, and no bit of the others") {
  const auto net = small();
  const auto images = normal<double>(Shape{1, 4, 6, 2}, Key{2});
  const auto z = net(images, Unconditional{});
  REQUIRE(z.shape() == Shape{1, 6, 8});
  int leaks = 0, blind = 0;
  for (Index row = 0; row < 4; ++row) {
    for (Index column = 0; column < 6; ++column) {
      auto changed = images;
      changed(0, row, column, 1) += 0.5;
      const auto other = net(changed, Unconditional{});
      for (Index i = 0; i < 6; ++i) {
        const bool sees = i > row / 2 * 3 + column / 2;
        const bool same = std::memcmp(z.data() + 8 * i, other.data() + 8 * i, 8 * sizeof(double)) == 0;
        leaks += !sees && !same;
        blind += sees && same;
      }
    }
  }
  CHECK(leaks == 0);
  CHECK(blind == 0);
}

TEST_CASE("PatchTransformer: one patch at a time gives the vectors of the whole") {
  const auto net = small();
  const auto images = normal<double>(Shape{2, 4, 6, 2}, Key{2});
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{2}, {2, null_label})};
  const auto z = net(images, labels);
  auto cache = net.cache(2, labels);
  for (Index i = 0; i < 6; ++i) {
    const auto expected = slice(z, 1, i, i + 1).reshape(Shape<2>{2, 8});
    CHECK(difference(net.vector_at(images, i, cache), expected) < 1e-12);
  }
  CHECK_THROWS_WITH_AS(net.vector_at(images, 6, cache),
                       "patch_transformer: patch is 6, the cache is at 6; patches must be asked for in order, up to 5",
                       ValueError);
  auto fresh = net.cache(2, labels);
  CHECK_THROWS_AS(net.vector_at(images, 1, fresh), ValueError);
  CHECK_THROWS_AS(net.vector_at(Tensor<double, 4>(Shape{3, 4, 6, 2}), 0, fresh), ShapeError);
}

TEST_CASE("PatchTransformer: gradients, and a label that matters") {
  const auto f = [](const auto& net, const auto& x) { return net(x, ClassLabels{Tensor<std::int32_t, 1>(Shape{2})}); };
  CHECK(module_gradcheck(small(), f, normal<double>(Shape{2, 4, 6, 2}, Key{2})) < 1e-6);
  const auto net = small();
  const auto images = normal<double>(Shape{1, 4, 6, 2}, Key{2});
  CHECK(net(images, same_label(1, 0)) != net(images, same_label(1, 1)));
  CHECK(net(images, same_label(1, null_label)) == net(images, Unconditional{}));
}

TEST_CASE("PatchTransformer: what does not fit is refused") {
  CHECK_THROWS_WITH_AS(small()(Tensor<double, 4>(Shape{1, 4, 4, 2}), Unconditional{}),
                       "patch_transformer: images are (1, 4, 4, 2); they must be (N, 4, 6, 2)", ShapeError);
  CHECK_THROWS_AS(models::PatchTransformer<double>({.patch = 5}, Key{1}), ValueError);
}

}  // namespace patch_transformer_test
