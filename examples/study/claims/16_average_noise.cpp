// Claim 16: the average of many noises is still (nearly) noise. Asked for the noise, the best answer is the average of
// all noises that could have led to the noisy image. They have that image in common, so that the average does not fade
// as that of unrelated noises would: where there is much noise it is the input itself, at full contrast, while the
// average of the clean images has faded to one blur. Measured as standard deviations over the noise levels.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "inkling/gen/noised.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

constexpr Index pixels = 784;

Index images_at_a_level(const Settings& s) { return s.steps > 0 ? 8 : s.full ? 200 : s.minutes < 30 ? 40 : 100; }
int levels_of(const Settings& s) { return s.steps > 0 ? 4 : 12; }

double deviation(const Images& x) {
  double sum = 0, squares = 0;
  for (const float v : x.values()) {
    sum += static_cast<double>(v);
    squares += static_cast<double>(v) * static_cast<double>(v);
  }
  const double n = static_cast<double>(x.size());
  return std::sqrt(std::max(0.0, squares / n - sum * sum / (n * n)));
}

/// How much the images differ from one another: the deviation of each pixel over the images, root mean square.
double deviation_between(const Images& x) {
  const Index count = x.extent(0);
  double sum = 0;
  for (Index p = 0; p < pixels; ++p) {
    double mean = 0, squares = 0;
    for (Index i = 0; i < count; ++i) {
      const double v = static_cast<double>(x.data()[i * pixels + p]);
      mean += v / static_cast<double>(count);
      squares += v * v;
    }
    sum += std::max(0.0, squares - static_cast<double>(count) * mean * mean) / static_cast<double>(count - 1);
  }
  return std::sqrt(sum / static_cast<double>(pixels));
}

double correlation(const Images& a, const Images& b) {
  double ab = 0, aa = 0, bb = 0;
  for (Index i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a.data()[i]), y = static_cast<double>(b.data()[i]);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

/// Of neighbours in a row: none in noise, much in a blur.
double neighbour_correlation(const Images& x) {
  const auto left = dense(view(x).slice(2, 0, 27)), right = dense(view(x).slice(2, 1, 28));
  return correlation(left, right);
}

/// The standard deviation of the average of so many unrelated noises.
double unrelated_average(Index count, Key key) {
  const auto noises = normal<float>(Shape{count, 28, 28, 1}, key);
  Images average({1, 28, 28, 1});
  for (Index i = 0; i < noises.size(); ++i) {
    average.mutable_data()[i % pixels] += noises.data()[i] / static_cast<float>(count);
  }
  return deviation(average);
}

struct Levels {
  std::vector<double> sigma, noise, noise_in_pure, clean, clean_between, with_truth, with_input, neighbours;
};

/// What the noise is taken to be: (x − α·x̂₀)/σ.
Images noise_behind(const Images& x, const Images& clean, Scales s) {
  return detail::combine(1 / s.sigma, x, -s.alpha / s.sigma, clean);
}

Images first(const Images& x) { return dense(view(x).slice(0, 0, 1)); }

Record measure(Bench& bench) {
  Record record;
  const auto model = systems::Denoiser::load(bench.weights("main.diffusion"));
  const Index count = images_at_a_level(bench.settings());
  const Images digits = evenly_spread(bench.test_set(), count);
  const auto told = systems::tell_classes(dense(view(bench.test_set().labels).slice(0, 0, count)));
  const auto times = model.times(levels_of(bench.settings()));
  const Images truth = normal<float>(digits.shape(), bench.key(0));
  const Images pure = normal<float>(digits.shape(), bench.key(1));
  Levels all;
  std::vector<Images> states, cleans, noises;
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const double t = times[i];
    const Scales s = model.scales(t);
    const Images x = detail::combine(s.alpha, digits, s.sigma, truth), only_noise = pure * s.sigma;
    const Images clean = bench.sampling([&] { return model.expected(x, t, told); });
    const Images behind_pure = bench.sampling([&] { return model.expected(only_noise, t, told); });
    const Images noise = noise_behind(x, clean, s);
    all.sigma.push_back(s.ratio());
    all.noise.push_back(deviation(noise));
    all.noise_in_pure.push_back(deviation(noise_behind(only_noise, behind_pure, s)));
    all.clean.push_back(deviation(clean));
    all.clean_between.push_back(deviation_between(clean));
    all.with_truth.push_back(correlation(noise, truth));
    all.with_input.push_back(correlation(noise, x));
    all.neighbours.push_back(neighbour_correlation(noise));
    states.push_back(first(x) * (1 / std::hypot(s.alpha, s.sigma)));
    cleans.push_back(first(clean));
    noises.push_back(first(noise) * (1.0f / 3));
  }
  record.set("sigma", all.sigma);
  record.set("noise", all.noise);
  record.set("noise_in_pure", all.noise_in_pure);
  record.set("clean", all.clean);
  record.set("clean_between", all.clean_between);
  record.set("with_truth", all.with_truth);
  record.set("with_input", all.with_input);
  record.set("neighbours", all.neighbours);
  record.set("data", deviation(digits));
  record.set("data_between", deviation_between(digits));
  record.set("unrelated", unrelated_average(100, bench.key(2)));
  record.set("images", static_cast<double>(count));
  const auto columns = static_cast<Index>(states.size());
  const Images rows = concat(0, std::vector<Images>{concat(0, states), concat(0, cleans), concat(0, noises)});
  io::write_png(bench.picture("average_noise"), image_grid(clamp(rows, -1, 1), columns));
  return record;
}

Chart chart_of_deviations(const Record& r) {
  Chart chart{.title = "How much is left of the noise, and of the image",
              .alternative =
                  "The standard deviation of the predicted noise stays near 1 at every noise level; that of "
                  "the expected clean images between images falls to nearly nothing as the noise grows.",
              .x = {.label = "noise level σ/α", .log = true},
              .y = {.label = "standard deviation", .from = 0},
              .series = {},
              .levels = {{"noise", 1.0}, {"average of 100 unrelated noises", r.number("unrelated")}},
              .caption = "Test digits, noised; of " + number(r.number("images")) + " images at each level.",
              .tasks = {"average_noise"}};
  const auto sigma = r.series("sigma");
  for (const auto& [key, name] :
       {std::pair{"noise", "predicted noise, noised digits"}, std::pair{"noise_in_pure", "predicted noise, pure noise"},
        std::pair{"clean", "expected clean image, all pixels"},
        std::pair{"clean_between", "expected clean image, between images"}}) {
    Series series{.name = name, .points = {}};
    const auto values = r.series(key);
    for (std::size_t i = 0; i < sigma.size(); ++i) series.points.push_back({.x = sigma[i], .y = values[i]});
    chart.series.push_back(std::move(series));
  }
  return chart;
}

Table table_of_levels(const Record& r) {
  Table table{.caption =
                  "Correlations of the predicted noise: with the noise that was added, with the input, and of "
                  "neighbouring pixels, which noise has not. Of the digits themselves the standard deviation is " +
                  number(r.number("data")) + ", between images " + number(r.number("data_between")) + ".",
              .columns = {"σ/α", "predicted noise", "expected clean image, between images", "with the noise",
                          "with the input", "of neighbours"},
              .rows = {},
              .tasks = {"average_noise"}};
  const auto sigma = r.series("sigma");
  for (std::size_t i = 0; i < sigma.size(); ++i) {
    std::vector<std::string> row{number(sigma[i])};
    for (const char* key : {"noise", "clean_between", "with_truth", "with_input", "neighbours"}) {
      row.push_back(number(r.series(key)[i]));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Section report(const Results& results) {
  const Record& r = results["average_noise"];
  Section section;
  section.verdict =
      rule_16(r.series("sigma"), r.series("noise"), r.series("clean_between").front() / r.number("data_between"));
  section.blocks = {
      Paragraph{
          "The average of unrelated noises fades. The noises that could have led to one noisy image are not "
          "unrelated: each is the input less one of the images that are possible, over σ. Where the noise is strong "
          "their average is the input itself. That it looks like noise does not mean that it says much: what is "
          "known of the image is a small part of it."},
      Picture{.file = results.picture("average_noise"),
              .alternative =
                  "Three rows: a digit that emerges from noise; its expected clean image, from a blur to the "
                  "digit; the predicted noise, which looks like noise throughout.",
              .caption = "From the strongest noise to the weakest: the noisy image, the expected clean image, the "
                         "predicted noise.",
              .scale = 2,
              .tasks = {"average_noise"}},
      chart_of_deviations(r), table_of_levels(r)};
  return section;
}

}  // namespace

Verdict rule_16(const std::vector<double>& sigma, const std::vector<double>& deviation, double clean_left) {
  Verdict v;
  v.rule =
      "Supported if the standard deviation of the predicted noise is within 0.1 of 1 at every noise level, while at "
      "the "
      "strongest the expected clean images differ by a tenth at most of what digits do; supported only above a noise "
      "level if it is so from there on, at σ/α of 1 or less.";
  double lowest = HUGE_VAL, highest = 0, from = HUGE_VAL;
  bool unbroken = true;
  for (std::size_t i = 0; i < sigma.size(); ++i) {  // from the strongest noise on
    lowest = std::fmin(lowest, deviation[i]);
    highest = std::fmax(highest, deviation[i]);
    unbroken = unbroken && std::abs(deviation[i] - 1) <= 0.1;
    if (unbroken) from = sigma[i];
  }
  v.because = "The standard deviation is between " + number(lowest) + " and " + number(highest) +
              "; at the strongest noise " + number(clean_left) + " of the digits' own remains in the clean images.";
  if (sigma.empty() || clean_left > 0.1 || from > 1) {
    v.outcome = Outcome::not_supported;
  } else if (unbroken) {
    v.outcome = Outcome::supported;
  } else {
    v.outcome = Outcome::conditional;
    v.because = "σ/α is at least " + number(from) + ". " + v.because;
  }
  return v;
}

Claim claim_16() {
  return {16, "The average of many noises is still (nearly) noise.", [](const Settings& s) -> std::vector<Task> {
    return {{.name = "average_noise",
             .measuring = 1 + 0.004 * 2 * levels_of(s) * static_cast<double>(images_at_a_level(s)),
             .needs = {"main.diffusion"},
             .run = measure}};
  }, report};
}

}  // namespace study
