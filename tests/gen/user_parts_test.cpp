// Parts that a user writes: a layer, a schedule, a target and a sampler, each under 15 lines, none of them known to the
// library, go through the loss, the training, saving, loading and sampling.
#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reshape.hpp"
#include "inkling/optim/adamw.hpp"
#include "inkling/train/checkpoint.hpp"

namespace user_parts_test {

using namespace ink;

namespace {

// begin layer
struct Scaled {
  Linear<float> inner;
  Parameter<float, 1> gain;

  Scaled(Index width, Key key) : inner({.in = width, .out = width}, key), gain(Tensor<float, 1>(Shape{width}, 1.0f)) {}
  auto operator()(const auto& x) const { return tanh(inner(x)) * gain.on(x); }
  static void visit(auto& self, auto&& f) {
    f("inner", self.inner);
    f("gain", self.gain);
  }
};
// end layer

// begin schedule
struct StraightLine {
  Scales operator()(double t) const { return {1 - t, t}; }
  double time(double u) const { return u; }
  std::vector<double> times(int steps) const {
    std::vector<double> t;
    for (int i = steps; i >= 0; --i) t.push_back(static_cast<double>(i) / steps);
    return t;
  }
};
// end schedule

// begin target
struct DriftTarget {
  Mix operator()(Scales) const { return {-1, 1}; }
};
// end target

// begin sampler
struct Straight {
  int steps = 8;
  auto times(const auto& model, const auto&) const { return model.times(steps); }
  int begin(const auto&, const auto&, const auto&) const { return 0; }
  template <class M, class X, class C>
  X step(const M& model, const X& x, double t, double s, int&, Key, const C& condition) const {
    const X clean = model.posterior(x, t, condition).mean();
    return clean + (x - clean) * (s / t);
  }
};
// end sampler

/// A network of the user's layer for images of 4 pixels.
struct Network {
  using value_type = float;
  Scaled hidden{4, Key{1}};
  Linear<float> head{{.in = 4, .out = 4}, Key{2}};

  template <TensorLike X, class C>
  auto operator()(const X& x, const Tensor<float, 1>&, const C&) const {
    const Index n = value(x).extent(0);
    return reshape(head(hidden(reshape(x, Shape<2>{n, 4}))), Shape<4>{n, 2, 2, 1});
  }
  static void visit(auto& self, auto&& f) {
    f("hidden", self.hidden);
    f("head", self.head);
  }
};

struct Images {
  Tensor<float, 4> images;
  Tensor<std::int32_t, 1> labels;
};

/// Every image is the same: what the model must learn to draw.
Images one_image(Index n) {
  Images batch{Tensor<float, 4>(Shape{n, 2, 2, 1}), Tensor<std::int32_t, 1>(Shape{n})};
  for (Index i = 0; i < 4 * n; ++i) batch.images.mutable_data()[i] = i % 4 == 0 ? 0.8f : -0.6f;
  return batch;
}

auto make_model() { return Diffusion(Network{}, StraightLine{}, DriftTarget{}); }

}  // namespace

TEST_CASE("A user's layer, schedule, target and sampler train, save, load and sample") {
  auto model = make_model();
  const auto batch = one_image(64);
  const float before = loss(model, batch, Key{3}).item();
  AdamW optimizer(model, {.lr = 0.02, .weight_decay = 0});
  for (std::uint64_t step = 0; step < 600; ++step) {
    Tape tape;
    optimizer.update(model, tape.backward(loss(model, tape, batch, Key{4}.fold(step))));
  }
  CHECK(loss(model, batch, Key{3}).item() < 0.3f * before);

  const std::string path = std::string(INKLING_TEST_TMP) + "/user_parts.safetensors";
  save_model(path, model);
  auto loaded = make_model();
  load_model(path, loaded);
  const auto drawn = generate(Straight{}, loaded, Shape{16, 2, 2, 1}, Key{5});
  const auto again = generate(Straight{}, model, Shape{16, 2, 2, 1}, Key{5});
  double average[4] = {};
  for (Index i = 0; i < drawn.size(); ++i) {
    CHECK(drawn.data()[i] == again.data()[i]);
    average[i % 4] += static_cast<double>(drawn.data()[i]) / 16;
  }
  for (int i = 0; i < 4; ++i) CHECK(average[i] == doctest::Approx(i == 0 ? 0.8 : -0.6).epsilon(0.2));
}

TEST_CASE("The user's parts work with the library's") {
  const Shape<4> shape{3, 2, 2, 1};
  const auto check = [&](const auto& schedule, const auto& target, const auto& sampler) {
    const Diffusion model(Network{}, schedule, target);
    const auto x = generate(sampler, model, shape, Key{6});
    for (float v : x.values()) CHECK(std::abs(v) <= 1);
    CHECK(std::isfinite(loss(model, one_image(3), Key{7}).item()));
  };
  check(StraightLine{}, VelocityTarget{}, Heun{.steps = 3});
  check(LinearBeta{}, DriftTarget{}, Ddim{.steps = 3});
  check(Karras{}, KarrasTarget{}, Straight{.steps = 3});
}

TEST_CASE("On a straight line the user's sampler is DDIM") {
  const auto model = make_model();
  const auto x = generate(Straight{.steps = 5}, model, Shape{3, 2, 2, 1}, Key{6});
  const auto y = generate(Ddim{.steps = 5}, model, Shape{3, 2, 2, 1}, Key{6});
  for (Index i = 0; i < x.size(); ++i) CHECK(x.data()[i] == doctest::Approx(y.data()[i]).epsilon(1e-4));
}

TEST_CASE("Each of the user's parts is shorter than 15 lines") {
  std::ifstream source(std::string(INKLING_SOURCE_DIR) + "/tests/gen/user_parts_test.cpp");
  std::map<std::string, int> lines;
  std::string line, part;
  while (std::getline(source, line)) {
    if (line.rfind("// begin ", 0) == 0) {
      part = line.substr(9);
    } else if (line.rfind("// end ", 0) == 0) {
      part.clear();
    } else if (!part.empty()) {
      ++lines[part];
    }
  }
  CHECK(lines.size() == 4);
  CHECK(part.empty());
  for (const auto& counted : lines) {
    CAPTURE(counted.first);
    CHECK(counted.second > 2);
    CHECK(counted.second < 15);
  }
}

}  // namespace user_parts_test
