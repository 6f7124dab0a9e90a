// Whole training steps (forward, backward, AdamW) of six networks on random images, the ones that PyTorch programs are
// compared on: the counters give images per second, the peak of the memory that tensors took and that of the process.
#include <memory>
#include <sys/resource.h>
#include <utility>

#include <benchmark/benchmark.h>

#include "inkling/core/memory.hpp"
#include "inkling/data/batches.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/models/dit.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/models/unet.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/ops/loss.hpp"
#include "inkling/ops/pool.hpp"
#include "inkling/optim/adamw.hpp"
#include "peak.hpp"

namespace {

using namespace ink;

/// 784-512-256-10 with ReLU.
struct Mlp {
  Linear<float> first, second, head;

  explicit Mlp(Key key)
      : first({.in = 784, .out = 512}, key.fold(0)),
        second({.in = 512, .out = 256}, key.fold(1)),
        head({.in = 256, .out = 10}, key.fold(2)) {}

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& x) const {
    return head(relu(second(relu(first(reshape(x, Shape<2>{value(x).extent(0), 784}))))));
  }

  static void visit(auto& self, auto&& f) {
    f("first", self.first);
    f("second", self.second);
    f("head", self.head);
  }
};

/// LeNet-5 with ReLU and max-pooling.
struct LeNet {
  Conv2d<float> conv1, conv2;
  Linear<float> first, second, head;

  explicit LeNet(Key key)
      : conv1({.in = 1, .out = 6, .kernel = 5}, key.fold(0)),
        conv2({.in = 6, .out = 16, .kernel = 5, .padding = 0}, key.fold(1)),
        first({.in = 400, .out = 120}, key.fold(2)),
        second({.in = 120, .out = 84}, key.fold(3)),
        head({.in = 84, .out = 10}, key.fold(4)) {}

  template <TensorLikeOfRank<4> X>
  auto operator()(const X& x) const {
    const auto h = max_pool2d(relu(conv2(max_pool2d(relu(conv1(x)), {.kernel = 2}))), {.kernel = 2});
    return head(relu(second(relu(first(reshape(h, Shape<2>{value(x).extent(0), 400}))))));
  }

  static void visit(auto& self, auto&& f) {
    f("conv1", self.conv1);
    f("conv2", self.conv2);
    f("first", self.first);
    f("second", self.second);
    f("head", self.head);
  }
};

data::Batch<float> random_batch(Index size) {
  data::Batch<float> batch{uniform<float>(Shape{size, 28, 28, 1}, Key{1}, -1, 1), Tensor<std::int32_t, 1>(Shape{size})};
  for (Index i = 0; i < size; ++i) batch.labels(i) = static_cast<std::int32_t>(i % 10);
  return batch;
}

/// `gflop`: of one step by direct arithmetic, as PyTorch counts it for the same network.
template <class Model, class Loss>
void run(benchmark::State& state, Model model, const Loss& step_loss, double gflop) {
  const Index size = state.range(0);
  const auto batch = random_batch(size);
  AdamW optimizer(model, {.lr = 1e-4});
  reset_peak_memory();
  std::uint64_t number = 0;
  const auto step = [&] {
    Tape tape;
    const auto l = step_loss(model, tape, batch, Key{2}.fold(number++));
    optimizer.update(model, tape.backward(l));
  };
  for (int i = 0; i < 2; ++i) step();  // the first steps take their memory from the system
  for (auto _ : state) step();
  bench::count(state, gflop * 1e9);
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(size), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["peak_MB"] = static_cast<double>(memory_stats().peak_in_use) / 1e6;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["rss_MB"] = static_cast<double>(usage.ru_maxrss) / 1024;  // of the whole process so far
  state.counters["parameters"] = static_cast<double>(parameter_count(model));
}

constexpr auto generator_loss = [](const auto& model, Tape& tape, const auto& batch, Key key) {
  return loss(model, tape, batch, key);
};
constexpr auto class_loss = [](const auto& model, Tape& tape, const auto& batch, Key) {
  return cross_entropy(model(tape.constant(batch.images)), batch.labels);
};

void unet(benchmark::State& state) {
  run(state, Diffusion(models::UNet<float>({.width = 32, .blocks = 2}, Key{3}), Cosine{}, NoiseTarget{}),
      generator_loss, 106);
}
void pixelcnn(benchmark::State& state) {
  run(state, Autoregressive(models::PixelCnn<float>({.width = 64, .layers = 6, .two_stacks = false}, Key{3}), {256}),
      generator_loss, 103);
}
void gpt(benchmark::State& state) {
  run(state, Autoregressive(models::Gpt<float>({}, Key{3}), {256}), generator_loss, 99);
}
void dit(benchmark::State& state) {
  run(state, Diffusion(models::Dit<float>({.classes = 10}, Key{3}), Cosine{}, NoiseTarget{}), generator_loss, 48);
}
void mlp(benchmark::State& state) { run(state, Mlp(Key{3}), class_loss, 0.41); }
void lenet(benchmark::State& state) { run(state, LeNet(Key{3}), class_loss, 0.3); }

}  // namespace

// A given number of steps, so that each network is built once: the memory of a process that trains it, no more.
BENCHMARK(unet)->Name("step/unet")->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(10);
BENCHMARK(pixelcnn)->Name("step/pixelcnn")->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(10);
BENCHMARK(gpt)->Name("step/gpt")->Arg(16)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(10);
BENCHMARK(dit)->Name("step/dit")->Arg(128)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(15);
BENCHMARK(mlp)->Name("step/mlp")->Arg(128)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(400);
BENCHMARK(lenet)->Name("step/lenet")->Arg(128)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(400);
