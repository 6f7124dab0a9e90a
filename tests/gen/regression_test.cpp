#include "inkling/gen/regression.hpp"

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/ddpm.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/ops/embedding.hpp"

namespace regression_test {

using namespace ink;

namespace {

using Images = Tensor<double, 4>;

/// One image of 2 by 3 pixels for every label; the first for "not told". Whatever is in x is added.
struct Album {
  using value_type = double;
  Parameter<double, 2> pages{Tensor<double, 2>(normal<double>(Shape{4, 6}, Key{1}))};
  int* asked = nullptr;

  template <TensorLike X, class C>
  auto operator()(const X& x, const Tensor<double, 1>& level, const C& condition) const {
    if (asked) ++*asked;
    Tensor<std::int32_t, 1> page(Shape{level.size()});
    if constexpr (std::is_same_v<C, ClassLabels>) {
      for (Index n = 0; n < page.size(); ++n) page(n) = condition.ids(n) + 1;
    }
    return x + reshape(embedding(pages.on(x), page), Shape<4>{page.size(), 2, 3, 1});
  }
  static void visit(auto& self, auto&& f) { f("pages", self.pages); }
};

struct Batch {
  Images images = uniform<double>(Shape{6, 2, 3, 1}, Key{2}, -1, 1);
  Tensor<std::int32_t, 1> labels{Shape{6}, {0, 1, 2, 1, 1, 2}};
};

/// The mean of the images with this label, of all for null_label.
std::vector<double> average(const Batch& batch, std::int32_t label) {
  std::vector<double> sum(6);
  double count = 0;
  for (Index n = 0; n < 6; ++n) {
    if (label != null_label && batch.labels(n) != label) continue;
    ++count;
    for (Index i = 0; i < 6; ++i) sum[static_cast<std::size_t>(i)] += batch.images.data()[6 * n + i];
  }
  for (double& v : sum) v /= count;
  return sum;
}

/// The loss is a parabola, so that Newton's method finds its lowest point in one step: page `label + 1` of an album
/// that `count` of the 6 images are compared with.
void check_best_page(const Album& album, const Gradients& gradients, std::int32_t label, double count) {
  const auto best = average({}, label);
  const auto slope = gradients.of(album.pages);
  for (Index i = 0; i < 6; ++i) {
    const double step = slope(label + 1, i) * 36 / (2 * count);
    CHECK(album.pages.value(label + 1, i) - step == doctest::Approx(best[static_cast<std::size_t>(i)]).epsilon(1e-12));
  }
}

}  // namespace

TEST_CASE("Everything is removed: the state is 0, the target is the image") {
  const OneShot model(Album{});
  const Batch batch;
  const auto example = model.corrupt(batch.images, Key{3});
  CHECK(example.state == Images(batch.images.shape()));
  CHECK(example.level == Tensor<double, 1>(Shape{6}));
  CHECK(example.target == batch.images);
  CHECK(example.weight == Tensor<double, 1>(Shape{6}, 1));
  CHECK(model.prior(batch.images.shape(), Key{4}) == Images(batch.images.shape()));
}

TEST_CASE("What is learned is the average image: of a class if the label is told, of all if not") {
  OneShot model(Album{});
  const auto gradients = [&](double drop) {
    model.drop_condition = drop;
    Tape tape;
    return tape.backward(loss(model, tape, Batch{}, Key{5}));
  };
  const auto told = gradients(0), untold = gradients(1);
  check_best_page(model.network, told, 0, 1);
  check_best_page(model.network, told, 1, 3);
  check_best_page(model.network, told, 2, 2);
  check_best_page(model.network, untold, null_label, 6);
  for (Index i = 0; i < 6; ++i) CHECK(told.of(model.network.pages)(0, i) == 0);
}

TEST_CASE("Every sampler takes one step to the answer, which it asks for once") {
  int asked = 0;
  OneShot model(Album{});
  model.network.asked = &asked;
  const ClassLabels labels{Tensor<std::int32_t, 1>(Shape{3}, {2, null_label, 0})};
  const Shape<4> shape{3, 2, 3, 1};
  const Images answer = model.network(Images(shape), Tensor<double, 1>(Shape{3}), labels);
  REQUIRE(*std::max_element(answer.data(), answer.data() + answer.size()) > 1);
  const auto check = [&](const auto& sampler) {
    asked = 0;
    CHECK(generate(sampler, model, shape, Key{6}, labels) == clamp(answer, -1, 1));
    CHECK(sample(sampler, model, model.prior(shape, Key{6}), Key{7}, labels) == answer);
    CHECK(asked == 2);
  };
  check(Ddim{.steps = 50});
  check(Ddim{.steps = 50, .eta = 1});
  check(Ddpm{.steps = 50});
  check(Heun{.steps = 50});
}

TEST_CASE("The answer does not depend on the state") {
  const OneShot model(Album{});
  const auto noise = normal<double>(Shape{2, 2, 3, 1}, Key{8});
  CHECK(model.posterior(noise, 1, Unconditional{}).mean() == model.posterior(noise * 3, 0.5, Unconditional{}).mean());
}

TEST_CASE("The only step goes from nothing to the image") {
  const OneShot model(Album{});
  CHECK(model.times(50) == std::vector<double>{1, 0});
  CHECK(model.scales(1).alpha == 0);
  CHECK(model.scales(1).sigma == 1);
  CHECK(model.scales(0).alpha == 1);
  CHECK(model.scales(0).sigma == 0);
}

}  // namespace regression_test
