#include "inkling/gen/sample.hpp"

#include <cstdint>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/ddpm.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/schedule/cosine.hpp"

namespace sample_test {

using namespace ink;

namespace {

using Images = Tensor<double, 4>;

struct Call {
  double from, to;
  Key key;
  int memory;
  std::int32_t label;
};

struct Journal {
  int begun = 0;
  std::vector<Call> calls;
};

/// Writes down how it is called; every step adds 1.
struct Recorder {
  std::vector<double> plan;
  Journal& journal;

  template <class M, class X>
  std::vector<double> times(const M&, const X&) const {
    return plan;
  }
  template <class M, class X, class C>
  int begin(const M&, const X&, const C&) const {
    return 100 * ++journal.begun;
  }
  template <class M, class X, class C>
  X step(const M&, const X& x, double t, double s, int& memory, Key key, const C& condition) const {
    std::int32_t label = null_label;
    if constexpr (std::is_same_v<C, ClassLabels>) label = condition.ids(0);
    journal.calls.push_back({t, s, key, memory++, label});
    return x + 1;
  }
};

/// Counts how often it is asked; answers 0.
struct Counter {
  using value_type = double;
  int* asked;

  template <class C>
  Images operator()(const Images& x, const Tensor<double, 1>&, const C&) const {
    ++*asked;
    return Images(x.shape());
  }
};

/// What `generate` asks of a model.
struct Plain {
  Images prior(const Shape<4>& shape, Key key) const { return normal<double>(shape, key); }
  Images images(const Images& x) const { return x * 10; }
};

}  // namespace

TEST_CASE("One step between each time and the next, each with a key of its own") {
  Journal journal;
  const Key key{7};
  const Images x(Shape{2, 1, 1, 1}, {1, 2});
  CHECK(sample(Recorder{{9, 4, 1, 0}, journal}, 0, x, key) == Images(Shape{2, 1, 1, 1}, {4, 5}));
  REQUIRE(journal.calls.size() == 3);
  const double times[] = {9, 4, 1, 0};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(journal.calls[i].from == times[i]);
    CHECK(journal.calls[i].to == times[i + 1]);
    CHECK(journal.calls[i].key == key.fold(i));
  }
  CHECK(x == Images(Shape{2, 1, 1, 1}, {1, 2}));
}

TEST_CASE("A sampler's memory begins anew with every call and lasts through it") {
  Journal journal;
  const Recorder sampler{{2, 1, 0}, journal};
  sample(sampler, 0, Images(Shape{1, 1, 1, 1}), Key{1});
  sample(sampler, 0, Images(Shape{1, 1, 1, 1}), Key{1});
  REQUIRE(journal.calls.size() == 4);
  CHECK(journal.begun == 2);
  const int seen[] = {100, 101, 200, 201};
  for (std::size_t i = 0; i < 4; ++i) CHECK(journal.calls[i].memory == seen[i]);
}

TEST_CASE("Without two times there is no step") {
  Journal journal;
  const Images x(Shape{1, 1, 1, 1}, 3);
  CHECK(sample(Recorder{{5}, journal}, 0, x, Key{1}) == x);
  CHECK(sample(Recorder{{}, journal}, 0, x, Key{1}) == x);
  CHECK(journal.calls.empty());
}

TEST_CASE("The condition reaches every step; without one there is none") {
  Journal journal;
  const Recorder sampler{{2, 1, 0}, journal};
  sample(sampler, 0, Images(Shape{1, 1, 1, 1}), Key{1}, ClassLabels{Tensor<std::int32_t, 1>(Shape{1}, 5)});
  sample(sampler, 0, Images(Shape{1, 1, 1, 1}), Key{1});
  REQUIRE(journal.calls.size() == 4);
  const std::int32_t seen[] = {5, 5, null_label, null_label};
  for (std::size_t i = 0; i < 4; ++i) CHECK(journal.calls[i].label == seen[i]);
}

TEST_CASE("generate: the prior of one key, the steps of another, then images") {
  Journal journal;
  const Recorder sampler{{2, 1, 0}, journal};
  const Shape<4> shape{2, 2, 2, 1};
  const auto expected = (normal<double>(shape, Key{3}.fold(0)) + 1 + 1) * 10;
  CHECK(generate(sampler, Plain{}, shape, Key{3}) == expected);
  REQUIRE(journal.calls.size() == 2);
  CHECK(journal.calls[0].key == Key{3}.fold(1).fold(0));
  CHECK(journal.calls[1].key == Key{3}.fold(1).fold(1));
  generate(sampler, Plain{}, shape, Key{3}, ClassLabels{Tensor<std::int32_t, 1>(Shape{2}, 6)});
  CHECK(journal.calls.back().label == 6);
}

TEST_CASE("Samplers ask the network once a step, Heun's method twice but for the last") {
  int asked = 0;
  const Diffusion model(Counter{&asked}, Cosine{}, VelocityTarget{});
  const auto evaluations = [&](const auto& sampler) {
    asked = 0;
    const auto x = generate(sampler, model, Shape{2, 2, 2, 1}, Key{1});
    CHECK(x == generate(sampler, model, Shape{2, 2, 2, 1}, Key{1}));
    return asked / 2;
  };
  CHECK(evaluations(Ddim{.steps = 7}) == 7);
  CHECK(evaluations(Ddim{.steps = 1}) == 1);
  CHECK(evaluations(Ddpm{.steps = 12}) == 12);
  CHECK(evaluations(Heun{.steps = 5}) == 9);
}

TEST_CASE("generate with a key for each image: every image is what its key generates alone") {
  int asked = 0;
  const Diffusion model(Counter{&asked}, Cosine{}, VelocityTarget{});
  const auto all = generate(Ddpm{.steps = 3}, model, Shape{2, 2, 2, 1}, SampleKeys({Key{5}, Key{6}}));
  for (Index n = 0; n < 2; ++n) {
    const auto alone = generate(Ddpm{.steps = 3}, model, Shape{1, 2, 2, 1}, Key{static_cast<std::uint64_t>(5 + n)});
    CHECK(dense(view(all).slice(0, n, n + 1)) == alone);
  }
}

}  // namespace sample_test
