#include "inkling/models/dit.hpp"

#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "models/model_checks.hpp"

using namespace model_checks;
using models::Dit;

namespace {

template <class T>
Dit<T> small() {
  return shaken(
      Dit<T>({.width = 8, .layers = 2, .heads = 2, .patch = 2, .height = 4, .columns = 6, .classes = 3}, Key{1}));
}

template <class T>
Tensor<T, 4> images(Index n) {
  return uniform<T>(Shape{n, 4, 6, 1}, Key{2}, -1, 1);
}

ClassLabels labels(Index n) {
  Tensor<std::int32_t, 1> ids(Shape{n});
  for (Index i = 0; i < n; ++i) ids(i) = static_cast<std::int32_t>(i % 3);
  return {ids};
}

template <class T>
struct Batch {
  Tensor<T, 4> images;
  Tensor<std::int32_t, 1> labels;
};

const auto denoising_loss = [](const auto& net, Tape& tape) {
  using T = typename std::remove_cvref_t<decltype(net)>::value_type;
  const auto x = images<T>(3);
  const auto answer = net(tape.constant(x), Tensor<T, 1>(Shape{3}, T(200)), labels(3));
  return mean((answer - x) * (answer - x));
};

}  // namespace

TEST_CASE("Dit: begins by answering zero") {
  const Dit<float> net({.width = 8, .layers = 2, .heads = 2, .patch = 2, .height = 4, .columns = 6}, Key{1});
  const auto answer = net(images<float>(2), Tensor<float, 1>(Shape{2}, 300.0f), Unconditional{});
  CHECK(same_bits(answer, Tensor<float, 4>(Shape{2, 4, 6, 1})));
}

TEST_CASE("Dit: gradients agree with finite differences and do not depend on threads") {
  check_gradients(small<double>(), denoising_loss);
  check_threads(small<float>(), denoising_loss);
}

TEST_CASE("Dit: an image is the same alone and in a batch") {
  const auto net = small<float>();
  const auto x = images<float>(5);
  const Tensor<float, 1> level(Shape{5}, 300.0f);
  CHECK(same_bits(net(first_rows(x, 2), first_rows(level, 2), labels(2)), first_rows(net(x, level, labels(5)), 2)));
}

TEST_CASE("Dit: learns one batch by heart") {
  Diffusion model(small<float>(), Cosine{}, CleanTarget{});
  model.drop_condition = 0;
  const Batch<float> batch{images<float>(3), labels(3).ids};
  const auto same_noise = [&](const auto& m, Tape& tape) { return loss(m, tape, batch, Key{4}); };
  check_overfits(model, same_noise, 300, 1e-2, 0.1);
}

TEST_CASE("Dit: no label is the null label") {
  const auto net = small<float>();
  const auto x = images<float>(2);
  const Tensor<float, 1> level(Shape{2}, 300.0f);
  const ClassLabels none{Tensor<std::int32_t, 1>(Shape{2}, null_label)};
  CHECK(same_bits(net(x, level, none), net(x, level, Unconditional{})));
  CHECK(!same_bits(net(x, level, labels(2)), net(x, level, Unconditional{})));
}

TEST_CASE("Dit: says what does not fit") {
  const auto net = small<float>();
  const Tensor<float, 1> level(Shape{1}, 300.0f);
  CHECK_THROWS_AS(net(Tensor<float, 4>(Shape{1, 5, 6, 1}), level, Unconditional{}), ShapeError);
  CHECK_THROWS_AS(net(Tensor<float, 4>(Shape{1, 4, 6, 2}), level, Unconditional{}), ShapeError);
  CHECK_THROWS_AS(net(images<float>(1), level, ClassLabels{Tensor<std::int32_t, 1>(Shape{1}, 3)}), ValueError);
  CHECK_THROWS_AS(Dit<float>({.patch = 5}, Key{1}), ValueError);
}
