#include "inkling/ops/image.hpp"

#include <limits>

#include "../golden/data/image.inc"
#include "../golden/golden.hpp"
#include "operation_checks.hpp"

namespace image_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::image;

TEST_CASE("upsample_nearest: closed form") {
  const Tensor<float, 4> x(Shape{1, 1, 2, 2}, {1, 2, 3, 4});
  CHECK(upsample_nearest(x, 2) ==
        Tensor<float, 4>(Shape{1, 2, 4, 2}, {1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4}));
  CHECK(upsample_nearest(x, 1) == x);
}

TEST_CASE("upsample_nearest: gradients, threads and batch") {
  for (Index factor : {1, 2, 3}) {
    const auto f = [&](const auto& x) { return upsample_nearest(x, factor); };
    check_gradients(f, normal<float>(Shape{2, 3, 2, 3}, Key{1}));
    check_gradients(f, normal<float>(Shape{1, 1, 1, 1}, Key{1}));
    check_gradients(f, Tensor<float, 4>(Shape{0, 2, 2, 1}));
  }
  check_invariance<1>([](const auto& x) { return upsample_nearest(x, 2); },
                      normal<float>(Shape{3, 14, 14, 32}, Key{2}));
}

TEST_CASE("patchify: tokens hold their pixels row by row") {
  Tensor<float, 4> x(Shape{1, 4, 4, 1});
  for (Index i = 0; i < 16; ++i) x.mutable_data()[i] = static_cast<float>(i);
  const Tensor<float, 3> tokens(Shape{1, 4, 4}, {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15});
  CHECK(patchify(x, 2) == tokens);
  CHECK(unpatchify(tokens, 2, 4, 4, 1) == x);
  const Tensor<float, 4> colours(Shape{1, 2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(patchify(colours, 2) == Tensor<float, 3>(Shape{1, 1, 8}, {0, 1, 2, 3, 4, 5, 6, 7}));
  CHECK(patchify(colours, 1) == Tensor<float, 3>(Shape{1, 4, 2}, {0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_CASE("patchify: unpatchify undoes it, gradients, threads and batch") {
  const auto forth = [](const auto& x) { return patchify(x, 2); };
  const auto back = [](const auto& t) { return unpatchify(t, 2, 4, 6, 3); };
  const auto x = normal<float>(Shape{2, 4, 6, 3}, Key{1});
  CHECK(same_bits(back(forth(x)), x));
  check_gradients(forth, x);
  check_gradients(back, forth(x));
  check_gradients(forth, Tensor<float, 4>(Shape{0, 4, 6, 3}));
  check_invariance<1>(forth, normal<float>(Shape{3, 28, 28, 5}, Key{2}));
  check_invariance<1>(back, normal<float>(Shape{3, 6, 12}, Key{3}));
}

TEST_CASE("image: PyTorch") {
  CHECK(golden::error([](const auto& x) { return upsample_nearest(x, 3); }, g::upsample_y, g::upsample_dy,
                      std::tie(g::upsample_dx), golden::tensor(Shape{2, 2, 3, 2}, g::upsample_x)) < 1e-12);
  CHECK(golden::error([](const auto& x) { return patchify(x, 2); }, g::patchify_y, g::patchify_dy,
                      std::tie(g::patchify_dx), golden::tensor(Shape{2, 4, 6, 3}, g::patchify_x)) < 1e-12);
}

TEST_CASE("image: errors") {
  const Tensor<float, 4> x(Shape{1, 4, 6, 1});
  CHECK_THROWS_WITH_AS(upsample_nearest(x, 0), "upsample_nearest: factor is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(patchify(x, 0), "patchify: patch is 0; it must be at least 1", ValueError);
  const Index most = std::numeric_limits<Index>::max(), big = Index{1} << 62;
  CHECK_THROWS_AS(upsample_nearest(x, most), ShapeError);
  CHECK_THROWS_AS(patchify(Tensor<float, 4>(Shape{0, 0, 0, 1}), big), ShapeError);
  CHECK_THROWS_AS(unpatchify(Tensor<float, 3>(Shape{1, 0, 1}), 1, big, 4, 1), ShapeError);
  CHECK_THROWS_AS(unpatchify(Tensor<float, 3>(Shape{1, 0, 1}), 1, most, most, most), ShapeError);
  CHECK_THROWS_WITH_AS(patchify(x, 4),
                       "patchify: patch is 4, image is (1, 4, 6, 1); patch must divide image[1] and image[2]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(unpatchify(Tensor<float, 3>(Shape{1, 6, 4}), 4, 4, 6, 1),
                       "unpatchify: patch is 4, image is (1, 4, 6, 1); patch must divide image[1] and image[2]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(
      unpatchify(Tensor<float, 3>(Shape{1, 6, 5}), 2, 4, 6, 1),
      "unpatchify: tokens are (1, 6, 5), patch is 2, image is (1, 4, 6, 1); tokens must be (N, height / "
      "patch * width / patch, patch * patch * channels)",
      ShapeError);
}

}  // namespace image_test
