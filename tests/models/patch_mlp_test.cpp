#include "inkling/models/patch_mlp.hpp"

#include <doctest/doctest.h>

#include "../support/module_gradcheck.hpp"
#include "inkling/gen/patch_diffusion.hpp"
#include "model_checks.hpp"

namespace patch_mlp_test {

using namespace ink;
using namespace ink::testing;

namespace {

template <class T>
models::PatchMlp<T> small() {
  return models::PatchMlp<T>({.numbers = 4, .context = 3, .width = 8, .layers = 2}, Key{1});
}

}  // namespace

TEST_CASE("PatchMlp: answers zero at first, and depends on all that it is told") {
  const auto x = normal<float>(Shape{5, 1, 1, 4}, Key{2});
  const PatchVectors told{normal<float>(Shape{5, 3}, Key{3})};
  const auto level = levels_of<float>(5);
  CHECK(small<float>()(x, level, told) == Tensor<float, 4>(x.shape()));
  const auto net = randomized(small<float>());
  const auto y = net(x, level, told);
  REQUIRE(y.shape() == x.shape());
  CHECK(net(x, Tensor<float, 1>(Shape{5}, 7.0f), told) != y);
  CHECK(net(x, level, PatchVectors{normal<float>(Shape{5, 3}, Key{4})}) != y);
  const PatchVectors two{slice(told.vectors, 0, 0, 2)};
  CHECK(same_bits(net(slice(x, 0, 0, 2), levels_of<float>(2), two), slice(y, 0, 0, 2)));
}

TEST_CASE("PatchMlp: gradients by the patches, the vectors and the parameters") {
  const auto f = [](const auto& net, const auto& x, const auto& vectors) {
    return net(x, levels_of<double>(3), PatchVectors{vectors});
  };
  CHECK(module_gradcheck(randomized(small<double>()), f, normal<double>(Shape{3, 1, 1, 4}, Key{2}),
                         normal<double>(Shape{3, 3}, Key{3})) < 1e-6);
}

TEST_CASE("PatchMlp: it has at least one layer") {
  CHECK_THROWS_WITH_AS(models::PatchMlp<float>({.layers = 0}, Key{1}), "patch_mlp: layers is 0; it must be at least 1",
                       ValueError);
}

}  // namespace patch_mlp_test
