// What holds for every sampler in every wrapper: identities, the same result in either nesting, and the right end.
// A new sampler goes into all_samplers.hpp; a new wrapper into the cases here.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "all_samplers.hpp"
#include "analytic.hpp"
#include "enumerable.hpp"
#include "inkling/core/view.hpp"
#include "inkling/gen/adapter/clipped.hpp"
#include "inkling/gen/editing/ddim_inversion.hpp"
#include "inkling/gen/editing/image_to_image.hpp"
#include "inkling/gen/editing/inpaint.hpp"
#include "inkling/gen/editing/repeated.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/at_times.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/token/masked_diffusion.hpp"
#include "inkling/gen/token_sampler/discrete_ancestral.hpp"
#include "inkling/gen/token_sampler/entropy_bounded.hpp"

namespace wrappers_test {

using namespace ink;
using analytic::Images;

namespace {

using Model = analytic::GaussianData<Karras>;
using Mask = Tensor<std::uint8_t, 4>;

const Model model{};
const Images noise = model.prior(Shape<4>{2, 2, 2, 1}, Key{1}), image = normal<double>(noise.shape(), Key{2}) * 0.6;
const Mask nothing(Shape<4>{1, 1, 1, 1}), corners(Shape<4>{1, 2, 2, 1}, {1, 0, 0, 1});
const std::vector<double> grid = karras_sigmas(5, 0.01, 80);

template <class S>
Images run(const S& sampler) {
  return sample(sampler, model, noise, Key{3});
}

template <class S>
auto corrected(const S& sampler, int corrections = 1) {
  return PredictorCorrector<S>{.predictor = sampler, .corrections = corrections, .snr = 0.1};
}

template <class S>
auto inpainted(const S& sampler, const Mask& known, const InpaintOptions& options = {.jump = 2, .passes = 2}) {
  return Inpaint(sampler, image, known, options);
}

template <class S>
auto watched(const S& sampler) {
  return Watched(sampler, [](const auto&) {});
}

template <class S>
AtTimes<S> at(const S& sampler, const std::vector<double>& times = grid) {
  return {sampler, times};
}

/// check(name, wrap), where wrap(sampler) is a sampler around another.
template <class F>
void for_every_wrapper(const F& check) {
  check("PredictorCorrector", [](const auto& s) { return corrected(s); });
  check("Inpaint", [](const auto& s) { return inpainted(s, corners); });
  check("Repeated", [](const auto& s) { return Repeated(s, {.jump = 2, .passes = 3}); });
  check("Watched", [](const auto& s) { return watched(s); });
}

}  // namespace

TEST_CASE("A wrapper that changes nothing is the sampler itself, bit for bit") {
  for_every_sampler(4, [&](const std::string& name, const auto& sampler) {
    CAPTURE(name);
    const Images plain = run(sampler);
    CHECK(run(at(sampler, model.times(4))) == plain);
    CHECK(run(corrected(sampler, 0)) == plain);
    CHECK(run(inpainted(sampler, nothing, {})) == plain);
    CHECK(run(Repeated(sampler)) == plain);
    CHECK(run(Repeated(sampler, {.jump = 1, .passes = 2})) ==
          run(inpainted(sampler, nothing, {.jump = 1, .passes = 2})));
    CHECK(run(watched(sampler)) == plain);
    CHECK(sample(sampler, Clipped(model, 1e9), noise, Key{3}) == plain);
    const double first = model.times(4).front();
    CHECK(image_to_image(sampler, model, image, first, Key{5}) ==
          sample(sampler, model, noised(image, model.scales(first), Key{5}.fold(0)), Key{5}.fold(1)));
  });
}

TEST_CASE("AtTimes reaches a sampler within any other, whose own number of steps then says nothing") {
  for_every_sampler(3, [&](const std::string& name, const auto& few) {
    CAPTURE(name);
    const Images plain = run(at(few));
    auto many = few;
    if constexpr (requires { many.steps; }) {
      many.steps = 700;
    } else {
      many.predictor.steps = 700;
    }
    CHECK(run(at(many)) == plain);
    CHECK(run(at(at(many, {80, 1, 0}))) == plain);
    for_every_wrapper([&](const std::string& wrapper, const auto& wrap) {
      CAPTURE(wrapper);
      const Images expected = run(wrap(at(few)));
      CHECK(run(at(wrap(few))) == expected);
      CHECK(run(at(wrap(many))) == expected);
      CHECK(run(at(wrap(at(many, {80, 1, 0})))) == expected);
    });
  });
}

TEST_CASE("image_to_image begins on the grid of whatever it is given, and jumps on what is left of it") {
  const double time = 2;
  std::vector<double> rest{time};
  std::copy_if(grid.begin(), grid.end(), std::back_inserter(rest), [&](double t) { return t < time; });
  REQUIRE(rest.size() > 3);
  for_every_sampler(3, [&](const std::string& name, const auto& sampler) {
    CAPTURE(name);
    const auto redrawn = [&](const auto& s) { return image_to_image(s, model, image, time, Key{5}); };
    const Images start = noised(image, model.scales(time), Key{5}.fold(0));
    CHECK(redrawn(at(sampler)) == sample(at(sampler, rest), model, start, Key{5}.fold(1)));
    for_every_wrapper([&](const std::string& wrapper, const auto& wrap) {
      CAPTURE(wrapper);
      const Images expected = sample(at(wrap(sampler), rest), model, start, Key{5}.fold(1));
      CHECK(redrawn(at(wrap(sampler))) == expected);
      CHECK(redrawn(wrap(at(sampler))) == expected);
    });
    const Images filled = redrawn(inpainted(sampler, corners));
    for (Index i = 0; i < filled.size(); ++i) {
      CHECK((filled.data()[i] == image.data()[i]) == (i % 4 == 0 || i % 4 == 3));
    }
  });
}

TEST_CASE("The path of a wrapper is that of its sampler's grid, in either nesting") {
  const auto jumps = inpainted(Ddim{.steps = 4}, corners, {.jump = 1, .passes = 2});
  const std::vector<double> four = model.times(4);
  const std::vector<double> path = jumps.times(model, image);
  CHECK(path.size() > 5);
  CHECK(at(jumps, four).times(model, image) == path);
  CHECK(corrected(jumps).times(model, image) == path);
  CHECK(inpainted(at(Ddim{}, four), corners, {.jump = 1, .passes = 2}).times(model, image) == path);
  // Inpainting twice goes over the first one's path, and never jumps to less noise.
  const auto twice = inpainted(jumps, corners, {.jump = 2, .passes = 2}).times(model, image);
  CHECK(twice.size() > path.size());
  for (std::size_t i = 1; i < twice.size(); ++i) CHECK(twice[i] != twice[i - 1]);
  // Inversion runs the grid backwards, and is no sampler to inpaint with.
  std::vector<double> rising(grid.rbegin(), grid.rend());
  CHECK(at(DdimInversion{}).times(model, image) == rising);
  CHECK_THROWS_WITH_AS(run(Repeated(DdimInversion{.steps = 3})),
                       "Repeated: the sampler's times go from 0 to 80; they must end with less noise", ValueError);
  CHECK_THROWS_WITH_AS(Repeated(Ddim{}, {.passes = 0}), "Repeated: passes is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(run(inpainted(DdimInversion{.steps = 3}, corners)),
                       "Inpaint: the sampler's times go from 0 to 80; they must end with less noise", ValueError);
}

TEST_CASE("With a key for each image, a wrapped sampler draws every image as it does alone") {
  const auto second = [](const Images& x) { return Images(dense(view(x).slice(0, 1, 2))); };
  for_every_sampler(3, [&](const std::string& name, const auto& sampler) {
    if (name == "AdaptiveOde") return;  // its steps suit the whole batch
    CAPTURE(name);
    const auto check = [&](const auto& both, const auto& alone) {
      CHECK(second(sample(both, model, noise, SampleKeys({Key{3}, Key{4}}))) ==
            sample(alone, model, second(noise), Key{4}));
    };
    check(at(sampler), at(sampler));
    check(at(watched(sampler)), at(watched(sampler)));
    check(at(corrected(sampler)), at(corrected(sampler)));
    const InpaintOptions jumps{.jump = 2, .passes = 2};
    check(at(Inpaint(sampler, image, corners, jumps)), at(Inpaint(sampler, second(image), corners, jumps)));
  });
}

TEST_CASE("Wrapped samplers end at images as wide as the data") {
  const Images many = model.prior(Shape<4>{20, 10, 10, 1}, Key{7}),
               of_data = normal<double>(many.shape(), Key{8}) * 0.6;
  const auto times = karras_sigmas(24, 0.01, 80);
  for_every_sampler(5, [&](const std::string& name, const auto& sampler) {
    if (name == "Renoise" || name == "FlowEuler, stochastic" || name == "AncestralEuler, eta 2") return;  // biased
    CAPTURE(name);
    const auto check = [&](const Images& x) { CHECK(analytic::variance_of(x) == doctest::Approx(0.36).epsilon(0.12)); };
    const auto jumps = Inpaint(sampler, of_data, nothing, {.jump = 3, .passes = 2});
    check(sample(at(jumps, times), model, many, Key{9}));
    check(sample(at(corrected(sampler), times), model, many, Key{9}));
    check(image_to_image(at(jumps, times), model, of_data, 5, Key{9}));
  });
}

TEST_CASE("Samplers of tokens run at given times and under a callback, too") {
  const MaskedDiffusion masked(enumerable::random_joint(2, 2, Key{3}), Quantizer{2});
  const Tokens missing = masked.prior({50, 2, 2, 1}, Key{1});
  const auto plain = sample(DiscreteAncestral{.steps = 5}, masked, missing, Key{2});
  CHECK(sample(AtTimes{DiscreteAncestral{.steps = 1}, masked.times(5)}, masked, missing, Key{2}) == plain);
  CHECK(sample(AtTimes{DiscreteAncestral{.steps = 1}, {1, 0.5, 0}}, masked, missing, Key{2}) !=
        sample(AtTimes{DiscreteAncestral{.steps = 1}, {1, 0}}, masked, missing, Key{2}));
  const auto shown = [&](const auto& sampler) {
    Tokens last;
    int steps = 0;
    const auto drawn = sample(sampler, masked, missing, Key{2}, Unconditional{}, [&](const auto& view) {
      last = view.clean;
      ++steps;
    });
    CHECK(drawn == sample(sampler, masked, missing, Key{2}));
    CHECK(last == drawn);
    CHECK(steps > 1);
  };
  shown(DiscreteAncestral{.steps = 5});
  shown(Reveal<>{});
  shown(EntropyBounded{});
}

}  // namespace wrappers_test
