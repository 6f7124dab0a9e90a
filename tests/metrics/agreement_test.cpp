#include "inkling/metrics/agreement.hpp"

#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

namespace agreement_test {

using namespace ink;

namespace {

/// Names the class that the image's first number is.
struct Reader {
  Tensor<float, 2> operator()(const Tensor<float, 4>& images) const {
    Tensor<float, 2> logits({images.extent(0), 10});
    for (Index n = 0; n < images.extent(0); ++n) logits(n, static_cast<Index>(images(n, 0, 0, 0))) = 1;
    return logits;
  }
};

}  // namespace

TEST_CASE("agreement counts the images that are named right") {
  const Tensor<float, 4> images({5, 1, 1, 1}, {7, 2, 1, 0, 4});
  const Tensor<std::int32_t, 1> labels(Shape{5}, {7, 2, 3, 0, 9});
  for (const Index piece : {1, 2, 5, 250}) CHECK(metrics::agreement(Reader{}, images, labels, piece) == 0.6);
  CHECK(metrics::agreement(Reader{}, images, Tensor<std::int32_t, 1>(Shape{5}, 8)) == 0);
}

TEST_CASE("agreement says what does not fit") {
  CHECK_THROWS_WITH_AS(metrics::agreement(Reader{}, Tensor<float, 4>({2, 1, 1, 1}), Tensor<std::int32_t, 1>(Shape{3})),
                       "agreement: images are (2, 1, 1, 1), labels are (3); images[0] must equal labels[0]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(metrics::agreement(Reader{}, Tensor<float, 4>({0, 1, 1, 1}), Tensor<std::int32_t, 1>(Shape{0})),
                       "agreement: there are no images; at least one is needed", ValueError);
  CHECK_THROWS_AS(metrics::agreement(Reader{}, Tensor<float, 4>({1, 1, 1, 1}), Tensor<std::int32_t, 1>(Shape{1}), 0),
                  ValueError);
}

TEST_CASE("agreement refuses a classifier that is NaN") {
  const auto broken = [](const Tensor<float, 4>& images) {
    Tensor<float, 2> logits({images.extent(0), 10});
    for (Index n = 0; n < images.extent(0); ++n) logits(n, 9) = images(n, 0, 0, 0);
    return logits;
  };
  const Tensor<float, 4> images({5, 1, 1, 1}, {0, 0, 0, std::nanf(""), 0});
  CHECK_THROWS_WITH_AS(metrics::agreement(broken, images, Tensor<std::int32_t, 1>(Shape{5}), 2),
                       "agreement: logits have nan for image 3; they must be numbers", ValueError);
}

}  // namespace agreement_test
