// Training and sampling take no memory from the system once they run: what a step frees, the next one uses.
#include "inkling/core/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <doctest/doctest.h>

#include "inkling/core/parallel.hpp"
#include "inkling/data/batches.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/models/dit.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/models/unet.hpp"
#include "inkling/optim/adamw.hpp"

namespace memory_test {
namespace {

/// Calls of operator new in this process.
std::atomic<std::uint64_t> news{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  ++news;
  void* block = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (!block) throw std::bad_alloc();
  return block;
}

}  // namespace
}  // namespace memory_test

__attribute__((noinline)) void* operator new(std::size_t bytes) {
  return memory_test::counted(std::max<std::size_t>(bytes, 1), alignof(std::max_align_t));
}
__attribute__((noinline)) void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return memory_test::counted(std::max<std::size_t>(bytes, 1), static_cast<std::size_t>(alignment));
}
__attribute__((noinline)) void operator delete(void* block) noexcept { std::free(block); }
__attribute__((noinline)) void operator delete(void* block, std::size_t) noexcept { std::free(block); }
__attribute__((noinline)) void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
__attribute__((noinline)) void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}

namespace memory_test {

using namespace ink;

namespace {

data::Batch<float> eight_images() {
  data::Batch<float> batch{uniform<float>(Shape{8, 28, 28, 1}, Key{1}, -1, 1), Tensor<std::int32_t, 1>(Shape{8})};
  for (Index i = 0; i < 8; ++i) batch.labels(i) = static_cast<std::int32_t>(i);
  return batch;
}

/// How often anything asked for memory outside of the pool in the third to sixth step.
template <class Model>
std::uint64_t asked_in_training(Model model) {
  const auto batch = eight_images();
  AdamW optimizer(model);
  std::uint64_t before = 0;
  for (std::uint64_t step = 0; step < 6; ++step) {
    if (step == 2) before = news.load();
    Tape tape;
    const auto l = loss(model, tape, batch, Key{2}.fold(step));
    optimizer.update(model, tape.backward(l));
  }
  return news - before;
}

/// How often the pool asked the system in the second of two samplings (a list of times is a vector of the caller's).
template <class Sampler, class Model>
std::uint64_t asked_in_sampling(const Sampler& sampler, const Model& model) {
  generate(sampler, model, Shape{2, 28, 28, 1}, Key{3});
  const auto before = memory_stats().system_allocations;
  generate(sampler, model, Shape{2, 28, 28, 1}, Key{4});
  return memory_stats().system_allocations - before;
}

}  // namespace

TEST_CASE("memory: a training step and a sampling reuse what the one before had") {
  const int threads = thread_count();
  set_thread_count(1);  // how many working buffers are in use at once depends on the threads' timing
  const Diffusion unet(models::UNet<float>({.width = 8, .blocks = 1}, Key{5}), Cosine{}, NoiseTarget{});
  const Diffusion dit(models::Dit<float>({.width = 16, .layers = 2, .classes = 10}, Key{5}), Cosine{}, NoiseTarget{});
  const Autoregressive gpt(models::Gpt<float>({.width = 16, .layers = 1}, Key{5}), {256});
  const Autoregressive pixelcnn(models::PixelCnn<float>({.width = 8, .layers = 2}, Key{5}), {2});
  CHECK(asked_in_training(unet) == 0);
  CHECK(asked_in_training(dit) == 0);
  CHECK(asked_in_training(gpt) == 0);
  CHECK(asked_in_training(pixelcnn) == 0);
  CHECK(asked_in_sampling(Ddim{.steps = 3}, unet) == 0);
  CHECK(asked_in_sampling(Ancestral{}, pixelcnn) == 0);
  set_thread_count(threads);
}

}  // namespace memory_test
