#include "inkling/metrics/features.hpp"

#include <doctest/doctest.h>

#include "inkling/core/random.hpp"
#include "inkling/models/classifier.hpp"

namespace features_test {

using namespace ink;

TEST_CASE("features of many images are those of each, whatever the pieces") {
  const models::Classifier<float> judge({.width = 4}, Key{1});
  const auto images = uniform<float>(Shape{7, 12, 12, 1}, Key{2}, -1, 1);
  const auto all = metrics::features(judge, images, 7);
  CHECK(all.shape() == Shape<2>{7, 16});
  CHECK(metrics::features(judge, images, 3) == all);
  CHECK(dense(view(all).slice(0, 4, 5)) == judge.features(dense(view(images).slice(0, 4, 5))));
  CHECK_THROWS_AS(metrics::features(judge, Tensor<float, 4>(Shape{0, 12, 12, 1})), ValueError);
  CHECK_THROWS_AS(metrics::features(judge, images, 0), ValueError);
}

}  // namespace features_test
