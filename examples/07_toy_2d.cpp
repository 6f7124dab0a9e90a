// 7. Three generators on points of the plane, each trained in seconds: the data are "images" of two pixels, so loss,
// sampling loop and samplers are those of the digits. Regression answers with the mean, where no point ever is.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "common/data.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/regression.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/nn/embedding.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/nn/time_embedding.hpp"
#include "inkling/ops/reshape.hpp"
#include "inkling/optim/adamw.hpp"

namespace {

using namespace ink;

constexpr Index width = 128;

struct Batch {
  Tensor<float, 4> images;  // (N, 1, 2, 1): the two coordinates
  Tensor<std::int32_t, 1> labels;
};

/// Points along a spiral in [−1, 1]².
Batch spiral(Index n, Key key) {
  Batch batch{Tensor<float, 4>(Shape{n, 1, 2, 1}), Tensor<std::int32_t, 1>(Shape{n})};
  const auto u = uniform<float>(Shape{n}, key.fold(0));
  const auto noise = normal<float>(Shape{n, 2}, key.fold(1));
  for (Index i = 0; i < n; ++i) {
    const float turn = 1.5f + 9.5f * std::sqrt(u(i)), radius = turn / 12;
    batch.images(i, 0, 0, 0) = radius * std::cos(turn) + 0.015f * noise(i, 0);
    batch.images(i, 0, 1, 0) = radius * std::sin(turn) + 0.015f * noise(i, 1);
  }
  return batch;
}

/// Three layers on the two coordinates and the noise level.
struct PlaneNetwork {
  using value_type = float;
  TimeEmbedding<float> time;
  Linear<float> first, second, head;

  explicit PlaneNetwork(Key key)
      : time({.features = 32, .width = width}, key.fold(0)),
        first({.in = 2, .out = width}, key.fold(1)),
        second({.in = width, .out = width}, key.fold(2)),
        head({.in = width, .out = 2}, key.fold(3)) {}

  template <TensorLike X, class C>
  auto operator()(const X& x, const Tensor<float, 1>& level, const C&) const {
    const Index n = value(x).extent(0);
    const auto h = silu(first(reshape(x, Shape<2>{n, 2})) + time(constant_on(x, level)));
    return reshape(head(silu(second(h))), Shape<4>{n, 1, 2, 1});
  }

  static void visit(auto& self, auto&& f) {
    f("time", self.time);
    f("first", self.first);
    f("second", self.second);
    f("head", self.head);
  }
};

/// A table for the first coordinate; the second from an embedding of the first.
struct TwoTokens {
  using value_type = float;
  Index levels;
  Parameter<float, 1> first;
  Embedding<float> seen;
  Linear<float> head;

  TwoTokens(Index count, Key key)
      : levels(count),
        first(Tensor<float, 1>(Shape{count})),
        seen({.count = count, .width = width}, key.fold(0)),
        head({.in = width, .out = count}, key.fold(1)) {}

  template <TensorLikeOfRank<3> X, class C>
  auto operator()(const X& tokens, const C&) const {
    const Tokens& ids = value(tokens);
    const Index n = ids.extent(0);
    Tensor<std::int32_t, 1> before(Shape{n});
    for (Index i = 0; i < n; ++i) before(i) = ids(i, 0, 0);
    const auto x = first.on(tokens) + constant_on(tokens, Tensor<float, 2>(Shape<2>{n, levels}));
    const auto y = head(silu(embedding(seen.table.on(tokens), before)));
    return concat(2, reshape(x, Shape<4>{n, 1, 1, levels}), reshape(y, Shape<4>{n, 1, 1, levels}));
  }

  static void visit(auto& self, auto&& f) {
    f("first", self.first);
    f("seen", self.seen);
    f("head", self.head);
  }
};

/// How often each cell of a square of 112 by 112 pixels is hit.
Tensor<float, 4> scatter(const Tensor<float, 4>& points) {
  constexpr Index side = 112;
  Tensor<float, 4> picture(Shape{1, side, side, 1}, -1.0f);
  for (Index i = 0; i < points.extent(0); ++i) {
    const auto cell = [&](Index axis) {
      return static_cast<Index>(std::floor((static_cast<double>(points(i, 0, axis, 0)) + 1.1) / 2.2 * side));
    };
    const Index column = cell(0), row = side - 1 - cell(1);
    if (row < 0 || row >= side || column < 0 || column >= side) continue;
    float& pixel = picture(0, row, column, 0);
    pixel = std::min(1.0f, pixel + 0.5f);
  }
  return picture;
}

template <class Model, class Sampler>
Tensor<float, 4> learn(const char* name, Model model, const Sampler& sampler, int steps, Key key) {
  AdamW optimizer(model, {.lr = 3e-3});
  float last = 0;
  for (int step = 0; step < steps; ++step) {
    const Key now = key.fold(static_cast<std::uint64_t>(step));
    Tape tape;
    const auto l = loss(model, tape, spiral(512, now.fold(0)), now.fold(1));
    last = value(l).item();
    optimizer.update(model, tape.backward(l));
  }
  std::printf("%-15s %6lld parameters, last loss %.4f\n", name, static_cast<long long>(parameter_count(model)),
              static_cast<double>(last));
  return scatter(generate(sampler, model, Shape{4000, 1, 2, 1}, key.fold(1u << 20)));
}

void run(const std::string& out, Key key, int steps) {
  make_folder(out);
  const auto real = scatter(spiral(4000, key.fold(0)).images);
  const auto average =
      learn("regression", OneShot(PlaneNetwork(key.fold(1))), Ddim{.steps = 1}, steps / 4, key.fold(2));
  const auto tokens = learn("autoregression", Autoregressive(TwoTokens(112, key.fold(3)), {112}),
                            Ancestral{.cache = false}, steps, key.fold(4));
  const auto denoised =
      learn("diffusion", KarrasDenoiser(PlaneNetwork(key.fold(5)), Karras{.sigma_max = 20}, KarrasTarget{0.5}),
            Heun{.steps = 30}, steps, key.fold(6));
  const std::string picture = out + "/07_toy_2d.png";
  io::write_png(picture, image_grid(concat(0, real, average, tokens, denoised), 4));
  std::printf("%s: the data, regression, autoregression, diffusion\n", picture.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::string out = "out";
  std::uint64_t seed = 42;
  int steps = 2000;
  bool quick = false;
  CLI::App app{"Regression, autoregression and diffusion on a spiral of points."};
  app.add_option("--out", out, "folder for the picture")->capture_default_str();
  app.add_option("--seed", seed, "seed of everything random")->capture_default_str();
  app.add_option("--steps", steps, "training steps")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_flag("--quick", quick, "a few steps only, to see that everything runs");
  CLI11_PARSE(app, argc, argv);
  try {
    run(out, Key{seed}, quick ? 8 : steps);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "07_toy_2d: %s\n", error.what());
    return 1;
  }
  return 0;
}
