// Whole samplings: a UNet by DDIM, a transformer over pixels with its cache, a PixelCNN with its cache and without.
#include <cstdint>

#include <benchmark/benchmark.h>

#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/models/unet.hpp"

namespace {

using namespace ink;

/// state.range(0) images of 28 × 28 at a time.
template <class Sampler, class Model>
void run(benchmark::State& state, const Sampler& sampler, const Model& model) {
  const Index images = state.range(0);
  std::uint64_t draw = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(generate(sampler, model, Shape{images, 28, 28, 1}, Key{2}.fold(draw++)).data());
  }
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(images), benchmark::Counter::kIsIterationInvariantRate);
}

/// As in step_bench.cpp.
Autoregressive<models::PixelCnn<float>> pixelcnn_model() {
  return {models::PixelCnn<float>({.width = 64, .layers = 6, .two_stacks = false}, Key{3}), {256}};
}

void ddim(benchmark::State& state) {
  run(state, Ddim{.steps = 50},
      Diffusion(models::UNet<float>({.width = 32, .blocks = 2}, Key{3}), Cosine{}, NoiseTarget{}));
}
void gpt(benchmark::State& state) { run(state, Ancestral{}, Autoregressive(models::Gpt<float>({}, Key{3}), {256})); }
void pixelcnn(benchmark::State& state) { run(state, Ancestral{}, pixelcnn_model()); }
void pixelcnn_uncached(benchmark::State& state) { run(state, Ancestral{.cache = false}, pixelcnn_model()); }

}  // namespace

BENCHMARK(ddim)->Name("sample/ddim50")->Arg(64)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK(gpt)->Name("sample/gpt")->Arg(1)->Arg(16)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK(pixelcnn)->Name("sample/pixelcnn")->Arg(16)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK(pixelcnn_uncached)
    ->Name("sample/pixelcnn_uncached")
    ->Arg(16)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
