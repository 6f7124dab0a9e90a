#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "analytic.hpp"
#include "gaussian_pair.hpp"
#include "inkling/gen/editing/ddim_inversion.hpp"
#include "inkling/gen/editing/image_to_image.hpp"
#include "inkling/gen/editing/inpaint.hpp"
#include "inkling/gen/editing/interpolate.hpp"
#include "inkling/gen/noised.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "statistics.hpp"

namespace editing_test {

using namespace ink;
using namespace analytic;

namespace {

struct Straight {
  Scales operator()(double t) const { return {1 - t, t}; }
  std::vector<double> times(int steps) const { return detail::even_times(steps); }
};

double largest_difference(const Images& a, const Images& b) {
  double most = 0;
  for (Index i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a.data()[i] - b.data()[i]));
  return most;
}

Images some_images(std::uint64_t seed) { return normal<double>(Shape<4>{5, 2, 2, 1}, Key{seed}) * 0.6; }

/// A sampler that takes no steps, but remembers where it was: nowhere at first.
struct Remembering : Ddim {
  double begin(const auto&, const auto&, const auto&) const { return -1; }
  Images step(const auto&, const Images& x, double t, double s, double& memory, Key, const auto&) const {
    CHECK((memory == -1 || memory == t));
    memory = s;
    return x;
  }
};

}  // namespace

// --- noised

TEST_CASE("Noise added in two steps is noise added in one") {
  const Images ones(Shape<4>{200, 10, 10, 1}, 1.0);
  const Cosine schedule;
  const Scales some = schedule(0.3), more = schedule(0.6);
  const auto check = [&](const Images& x) {
    CHECK(statistics::mean_of(x) == doctest::Approx(more.alpha).epsilon(0.04));
    CHECK(variance_of(x) == doctest::Approx(more.sigma * more.sigma).epsilon(0.04));
  };
  check(noised(ones, more, Key{1}));
  check(noised(noised(ones, some, Key{1}), some, more, Key{2}));
  CHECK(noised(ones, Scales{1, 0}, Key{1}) == ones);
}

// --- image_to_image

TEST_CASE("Image to image follows the flow from the noised image") {
  const GaussianData<Karras> model;
  const auto images = some_images(1);
  for (double time : {0.1, 1.0, 20.0}) {
    const auto x = image_to_image(Heun{.steps = 200}, model, images, time, Key{2});
    const auto start = noised(images, model.scales(time), Key{2}.fold(0));
    CHECK(largest_difference(x, start * std::sqrt(0.36 / (0.36 + time * time))) < 1e-3);
  }
}

TEST_CASE("From pure noise nothing is left of the image, and at the sampler's first time it is plain sampling") {
  const GaussianData<Straight> model;
  const Ddim sampler{.steps = 20, .eta = 1};
  const auto x = image_to_image(sampler, model, some_images(1), 1.0, Key{2});
  CHECK(x == image_to_image(sampler, model, some_images(3), 1.0, Key{2}));
  CHECK(x == sample(sampler, model, normal<double>(x.shape(), Key{2}.fold(0)), Key{2}.fold(1)));
  CHECK(!(x == image_to_image(sampler, model, some_images(1), 0.93, Key{2})));
}

TEST_CASE("Image to image refuses times outside of the sampler's") {
  const GaussianData<Straight> model;
  const auto images = some_images(1);
  CHECK_THROWS_WITH_AS(image_to_image(Ddim{}, model, images, 1.5, Key{2}),
                       "image_to_image: time is 1.5; it must be in (0, 1]", ValueError);
  CHECK_THROWS_AS(image_to_image(Ddim{}, model, images, 0, Key{2}), ValueError);
  CHECK_THROWS_AS(image_to_image(Ddim{}, model, images, std::nan(""), Key{2}), ValueError);
}

// --- Inpaint

TEST_CASE("Inpainting keeps the known pixels exactly, with every sampler, and changes the others") {
  const GaussianData<LinearBeta> model;
  const auto image = some_images(1);
  Tensor<std::uint8_t, 4> known(Shape<4>{1, 2, 2, 1}, {1, 0, 0, 1});
  const auto check = [&](const auto& sampler, const InpaintOptions& options) {
    const auto x = sample(Inpaint(sampler, image, known, options), model, some_images(2), Key{3});
    for (Index i = 0; i < x.size(); ++i) {
      const bool kept = i % 4 == 0 || i % 4 == 3;
      CHECK((x.data()[i] == image.data()[i]) == kept);
    }
  };
  check(Ddim{.steps = 10}, {});
  check(Ddim{.steps = 10, .eta = 1}, {.jump = 3, .passes = 3});
  check(Heun{.steps = 10}, {.jump = 1, .passes = 2});
}

TEST_CASE("The path of RePaint goes back and takes every stretch again") {
  const GaussianData<Straight> model;
  const auto image = some_images(1);
  const Tensor<std::uint8_t, 4> known(Shape<4>{1, 1, 1, 1});
  const auto path = [&](const InpaintOptions& o) {
    return Inpaint(Ddim{.steps = 4}, image, known, o).times(model, image);
  };
  CHECK(path({}) == std::vector<double>{1, 0.75, 0.5, 0.25, 0});
  CHECK(path({.jump = 2, .passes = 2}) == std::vector<double>{1, 0.75, 0.5, 0.25, 0, 0.5, 0.25, 0});
  CHECK(path({.jump = 1, .passes = 2}) == std::vector<double>{1, 0.75, 0.5, 0.75, 0.5, 0.25, 0.5, 0.25, 0, 0.25, 0});
  CHECK(path({.jump = 2, .passes = 3}).size() == 11);
  CHECK(path({.jump = 4, .passes = 9}).size() == 5);
}

TEST_CASE("RePaint comes nearer to the conditional distribution than replacement") {
  const GaussianPair<LinearBeta> model{{}, 0.36, 0.9};
  const Index n = 2000;
  const double told = 0.8;
  const Images image(Shape<4>{n, 1, 2, 1}, told);
  const Tensor<std::uint8_t, 4> known(Shape<4>{1, 1, 2, 1}, {1, 0});
  struct Moments {
    double mean, variance;
  };
  const auto moments = [&](const InpaintOptions& options) {
    const Inpaint fill(Ddim{.steps = 100, .eta = 1}, image, known, options);
    const auto x = sample(fill, model, normal<double>(image.shape(), Key{1}), Key{2});
    Tensor<double, 1> filled(Shape{n});
    for (Index i = 0; i < n; ++i) filled(i) = x(i, 0, 1, 0);
    const double mean = statistics::mean_of(filled);
    return Moments{mean, statistics::variance_around(mean, filled)};
  };
  const Moments plain = moments({}), again = moments({.jump = 5, .passes = 10});
  const double mean = 0.9 * told, variance = 0.36 * (1 - 0.81);
  CHECK(std::abs(again.mean - mean) < 0.3 * std::abs(plain.mean - mean));
  CHECK(std::abs(again.variance - variance) < 0.5 * std::abs(plain.variance - variance));
  CHECK(std::abs(again.mean - mean) < 0.06);
}

TEST_CASE("A sampler with a memory begins anew after every jump") {
  const GaussianData<Straight> model;
  const auto image = some_images(1);
  Remembering sampler;
  sampler.steps = 6;
  const Inpaint fill(sampler, image, Tensor<std::uint8_t, 4>(Shape<4>{1, 1, 1, 1}), {.jump = 2, .passes = 3});
  CHECK(sample(fill, model, image, Key{1}).shape() == image.shape());
}

TEST_CASE("What becomes of one image does not depend on the others") {
  const GaussianData<LinearBeta> model;
  const auto images = some_images(1), noise = some_images(2);
  const auto first = [](const Images& x) { return Images::from(Shape<4>{1, 2, 2, 1}, x.values().first(4)); };
  const Tensor<std::uint8_t, 4> known(Shape<4>{1, 2, 2, 1}, {1, 0, 0, 1});
  const auto fill = [&](const Images& image, const Images& x) {
    const Inpaint sampler(Ddim{.steps = 6, .eta = 1}, image, known, {.jump = 2, .passes = 2});
    return sample(sampler, model, x, Key{3});
  };
  CHECK(first(fill(images, noise)) == fill(first(images), first(noise)));
  const auto redraw = [&](const Images& x) {
    return image_to_image(Ddim{.steps = 6, .eta = 1}, model, x, 0.5, Key{3});
  };
  CHECK(first(redraw(images)) == redraw(first(images)));
}

TEST_CASE("Inpainting says what does not fit") {
  const GaussianData<Straight> model;
  const auto image = some_images(1);
  using Mask = Tensor<std::uint8_t, 4>;
  CHECK_THROWS_WITH_AS(Inpaint(Ddim{}, image, Mask(Shape<4>{5, 2, 3, 1})),
                       "Inpaint: known is (5, 2, 3, 1), image is (5, 2, 2, 1); known[2] must be 1 or equal to image[2]",
                       ShapeError);
  const Inpaint fill(Ddim{}, image, Mask(Shape<4>{5, 2, 2, 1}));
  CHECK_THROWS_WITH_AS(sample(fill, model, Images({4, 2, 2, 1}), Key{1}),
                       "Inpaint: x is (4, 2, 2, 1), image is (5, 2, 2, 1); both must be equal", ShapeError);
  CHECK_THROWS_WITH_AS(Inpaint(Ddim{}, image, Mask(Shape<4>{1, 1, 1, 1}), {.jump = 0}),
                       "Inpaint: jump is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(Inpaint(Ddim{}, image, Mask(Shape<4>{1, 1, 1, 1}), {.passes = 0}),
                       "Inpaint: passes is 0; it must be at least 1", ValueError);
}

// --- DdimInversion

TEST_CASE("Inverted noise is where the flow comes from, and the way back ends at the image") {
  const GaussianData<Cosine> model;
  const auto images = some_images(1);
  const auto noise = sample(DdimInversion{.steps = 400}, model, images, Key{2});
  const Scales end = model.scales(1);
  const Images exact = images * std::sqrt((0.36 * end.alpha * end.alpha + end.sigma * end.sigma) / 0.36);
  CHECK(largest_difference(noise, exact) < 0.02);

  const auto round_trip = [&](int steps, int iterations) {
    const auto x = sample(DdimInversion{.steps = steps, .iterations = iterations}, model, images, Key{2});
    return largest_difference(sample(Ddim{.steps = steps}, model, x, Key{3}), images);
  };
  const double e50 = round_trip(50, 1), e100 = round_trip(100, 1), e200 = round_trip(200, 1);
  CHECK(e50 > 1e-3);
  CHECK(e100 < 0.7 * e50);
  CHECK(std::log2(e100 / e200) == doctest::Approx(1).epsilon(0.2));
  CHECK(round_trip(20, 3) < 0.1 * round_trip(20, 1));
  CHECK(round_trip(20, 60) < 1e-9);
}

TEST_CASE("Inversion of three modes, and to pure noise") {
  const Images x(Shape<4>{1, 5, 1, 1}, {-1, -0.9, 0.1, 0.3, 1.3});
  struct ToZero : ThreeModes {
    std::vector<double> times(int steps) const {
      auto all = ThreeModes::times(steps - 1);
      all.push_back(0);
      return all;
    }
  };
  const ToZero model;
  const auto noise = sample(DdimInversion{.steps = 40, .iterations = 200}, model, x, Key{1});
  CHECK(largest_difference(sample(Ddim{.steps = 40}, model, noise, Key{1}), x) < 1e-6);
  CHECK(variance_of(noise) > 10);

  const GaussianData<Straight> straight;
  const auto images = some_images(1);
  const auto pure = sample(DdimInversion{.steps = 300}, straight, images, Key{2});
  CHECK(largest_difference(pure, images / 0.6) < 0.05);
  CHECK(largest_difference(sample(Ddim{.steps = 300}, straight, pure, Key{2}), images) < 0.02);
  CHECK_THROWS_WITH_AS(sample(DdimInversion{.steps = 1}, straight, images, Key{2}),
                       "DdimInversion: steps is 1; a step from the image to pure noise forgets it", ValueError);
  CHECK_THROWS_WITH_AS(sample(DdimInversion{.iterations = 0}, straight, images, Key{2}),
                       "DdimInversion: iterations is 0; it must be at least 1", ValueError);
}

// --- interpolate

TEST_CASE("slerp goes along the circle, row by row") {
  const Tensor<double, 2> a(Shape{3, 2}, {1, 0, 3, 0, 1, 2}), b(Shape{3, 2}, {0, 1, 0, 3, 2, 4});
  CHECK(slerp(a, b, 0) == a);
  CHECK(slerp(a, b, 1) == b);
  const auto third = slerp(a, b, 1.0 / 3);
  CHECK(third(0, 0) == doctest::Approx(std::cos(M_PI / 6)));
  CHECK(third(0, 1) == doctest::Approx(std::sin(M_PI / 6)));
  CHECK(third(1, 0) == doctest::Approx(3 * std::cos(M_PI / 6)));
  CHECK(third(2, 0) == doctest::Approx(4.0 / 3));  // the same direction: evenly
  CHECK(third(2, 1) == doctest::Approx(8.0 / 3));
  CHECK_THROWS_WITH_AS(slerp(a, Tensor<double, 2>(Shape{3, 1}), 0),
                       "slerp: a is (3, 2), b is (3, 1); both must be equal", ShapeError);
}

TEST_CASE("An interpolation begins and ends at the images, and is as strong as they are in between") {
  const GaussianData<Karras> model;
  const Shape<4> shape{2, 20, 20, 1};
  const Images a = normal<double>(shape, Key{1}) * 0.6, b = normal<double>(shape, Key{2}) * 0.6;
  const auto frames =
      interpolate(DdimInversion{.steps = 20, .iterations = 60}, Ddim{.steps = 20}, model, a, b, {0, 0.5, 1}, Key{3});
  REQUIRE(frames.size() == 3);
  CHECK(largest_difference(frames[0], a) < 1e-6);
  CHECK(largest_difference(frames[2], b) < 1e-6);
  CHECK(variance_of(frames[1]) == doctest::Approx(0.36).epsilon(0.1));  // the straight way would halve it
}

}  // namespace editing_test
