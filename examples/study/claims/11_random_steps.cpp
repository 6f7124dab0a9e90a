// Claim 11: diffusion cannot be causal; train one random step per image. A step of diffusion changes every pixel, so
// that one evaluation of the network serves one noise level of one image, where a causal network is trained on all
// pixels in one. With a random level for each image the loss depends on the draw of the levels: how much less if the
// levels of a batch are spread evenly (stratified) than if they are independent is measured on a trained network.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "inkling/gen/noised.hpp"
#include "inkling/gen/schedule/time_draw.hpp"
#include "inkling/train/clock.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

constexpr Index batch_size = 32;  // as main.diffusion is trained
constexpr int levels = 10;        // equal parts of what training draws

/// Batches of images, and how often each is given times anew.
struct Plan {
  int batches, draws;
};

Plan plan_of(const Settings& s) {
  if (s.steps > 0) return {2, 2};
  if (s.full) return {8, 16};
  return s.minutes < 30 ? Plan{4, 5} : Plan{6, 8};
}

/// Losses of batches: the variance with the same images, over all draws of times and noise, and with other images too.
class BatchLosses {
 public:
  void add(int batch, double loss) {
    if (static_cast<std::size_t>(batch) >= losses_.size()) losses_.resize(static_cast<std::size_t>(batch) + 1);
    losses_[static_cast<std::size_t>(batch)].push_back(loss);
  }
  double mean() const {
    double sum = 0, count = 0;
    for (const auto& batch : losses_) {
      for (const double v : batch) sum += v;
      count += static_cast<double>(batch.size());
    }
    return sum / count;
  }
  double same_images() const {
    double squares = 0, freedom = 0;
    for (const auto& batch : losses_) {
      squares += squares_about(batch, spread(batch).mean);
      freedom += static_cast<double>(batch.size()) - 1;
    }
    return squares / freedom;
  }
  /// Between batches and within them: what training sees.
  double other_images() const {
    std::vector<double> means;
    double draws = 1;
    for (const auto& batch : losses_) {
      means.push_back(spread(batch).mean);
      draws = static_cast<double>(batch.size());
    }
    const double of_means = squares_about(means, spread(means).mean) / (static_cast<double>(means.size()) - 1);
    return of_means + same_images() * (1 - 1 / draws);
  }

 private:
  static double squares_about(const std::vector<double>& values, double mean) {
    double squares = 0;
    for (const double v : values) squares += (v - mean) * (v - mean);
    return squares;
  }

  std::vector<std::vector<double>> losses_;
};

/// The losses of single images by noise level.
struct ByLevel {
  std::array<double, levels> sum{}, squares{}, count{};

  void add(double u, double loss) {
    const auto i = static_cast<std::size_t>(std::clamp(static_cast<int>(u * levels), 0, levels - 1));
    sum[i] += loss;
    squares[i] += loss * loss;
    count[i] += 1;
  }
};

struct Batch {
  Images images;
  systems::Told told;
};

/// Some images of the training set, drawn at random.
Batch some_images(const data::ImageDataset& digits, Key key) {
  const auto u = uniform<double>(Shape{batch_size}, key);
  Batch batch{Images({batch_size, 28, 28, 1}), systems::tell_nothing(batch_size)};
  Tensor<std::int32_t, 1> labels(Shape{batch_size});
  for (Index i = 0; i < batch_size; ++i) {
    const auto n = static_cast<Index>(u(i) * static_cast<double>(digits.size()));
    labels(i) = digits.labels(n);
    for (Index p = 0; p < 784; ++p) {
      batch.images.mutable_data()[i * 784 + p] = static_cast<float>(digits.images.data()[n * 784 + p]) / 127.5f - 1;
    }
  }
  batch.told = systems::tell_classes(labels);
  return batch;
}

/// The mean loss of a batch whose times are at these quantiles of what training draws.
double batch_loss(const systems::Denoiser& model, const Batch& batch, const Tensor<double, 1>& quantiles, Key key,
                  ByLevel& by_level) {
  Tensor<double, 1> times(quantiles.shape());
  for (Index i = 0; i < times.size(); ++i) times(i) = model.time(quantiles(i));
  const auto losses = model.losses_at(batch.images, times, batch.told, key);
  double sum = 0;
  for (Index i = 0; i < losses.size(); ++i) {
    const double loss = static_cast<double>(losses(i)) / 784;  // a pixel
    sum += loss;
    by_level.add(quantiles(i), loss);
  }
  return sum / static_cast<double>(losses.size());
}

/// How many of 784 pixels are the same before and after a step of a chain of so many.
double unchanged_pixels(const systems::Denoiser& model, const Images& images, int steps, Key key) {
  const auto times = model.times(steps);
  const Images clean = dense(view(images).slice(0, 0, 1));
  Index same = 0;
  for (std::size_t i = 0; i + 2 < times.size(); ++i) {
    const Scales more = model.scales(times[i]), less = model.scales(times[i + 1]);
    const Images before = noised(clean, less, key.fold(2 * i));
    const Images after = noised(before, less, more, key.fold(2 * i + 1));
    for (Index p = 0; p < 784; ++p) same += before.data()[p] == after.data()[p];
  }
  return static_cast<double>(same) / static_cast<double>(times.size() - 2);
}

Record measure(Bench& bench) {
  Record record;
  const auto model = systems::Denoiser::load(bench.weights("main.diffusion"));
  const Plan plan = plan_of(bench.settings());
  std::vector<double> same, anew, means, stratified_means, deviations, stratified_deviations;
  ByLevel by_level;
  const double start = processor_seconds();
  for (int repetition = 0; repetition < seeds; ++repetition) {
    BatchLosses independent, spread_evenly;
    for (int b = 0; b < plan.batches; ++b) {
      const Key key = bench.key(1).fold(static_cast<std::uint64_t>(repetition)).fold(static_cast<std::uint64_t>(b));
      const Batch batch = some_images(bench.train_set(), key.fold(0));
      for (int d = 0; d < plan.draws; ++d) {
        const Key own = key.fold(1 + static_cast<std::uint64_t>(d));
        bench.sampling([&] {
          const Key noise = own.fold(2);
          independent.add(b,
                          batch_loss(model, batch, UniformTimes{}.quantiles(batch_size, own.fold(0)), noise, by_level));
          spread_evenly.add(
              b, batch_loss(model, batch, StratifiedTimes{}.quantiles(batch_size, own.fold(1)), noise, by_level));
          return 0;
        });
      }
    }
    same.push_back(independent.same_images() / spread_evenly.same_images());
    anew.push_back(independent.other_images() / spread_evenly.other_images());
    means.push_back(independent.mean());
    stratified_means.push_back(spread_evenly.mean());
    deviations.push_back(std::sqrt(independent.same_images()));
    stratified_deviations.push_back(std::sqrt(spread_evenly.same_images()));
  }
  const double evaluations = 2.0 * seeds * plan.batches * plan.draws * batch_size;
  record.set("milliseconds", 1000 * (processor_seconds() - start) / evaluations);
  record.set("evaluations", evaluations);
  record.set("same_images", same);
  record.set("other_images", anew);
  record.set("independent_mean", means);
  record.set("stratified_mean", stratified_means);
  record.set("independent_deviation", deviations);
  record.set("stratified_deviation", stratified_deviations);
  std::vector<double> sigma, loss, error;
  for (std::size_t i = 0; i < levels; ++i) {
    if (by_level.count[i] < 2) continue;
    const double mean = by_level.sum[i] / by_level.count[i];
    sigma.push_back(model.scales(model.time((static_cast<double>(i) + 0.5) / levels)).ratio());
    loss.push_back(mean);
    error.push_back(
        std::sqrt(std::max(0.0, by_level.squares[i] / by_level.count[i] - mean * mean) / by_level.count[i]));
  }
  record.set("level_sigma", sigma);
  record.set("level_loss", loss);
  record.set("level_error", error);
  record.set("steps", 18.0);
  record.set("unchanged", unchanged_pixels(model, evenly_spread(bench.test_set(), 1), 18, bench.key(2)));
  return record;
}

std::string with_error(const std::vector<double>& values) {
  const Spread s = spread(values);
  return number(s.mean) + " ± " + number(s.error);
}

Table table_of_variance(const Record& r) {
  return {
      .caption = "The loss of a batch of " + std::to_string(batch_size) +
                 " images, by pixel, in three repetitions. The means agree: one random step per image estimates the "
                 "mean over all steps, either way.",
      .columns = {"", "independent times", "stratified times", "ratio of variances"},
      .rows = {{"mean", with_error(r.series("independent_mean")), with_error(r.series("stratified_mean")), ""},
               {"standard deviation, the same images", with_error(r.series("independent_deviation")),
                with_error(r.series("stratified_deviation")), with_error(r.series("same_images"))},
               {"other images each time", "", "", with_error(r.series("other_images"))}},
      .tasks = {"random_steps"}};
}

Table table_of_work(const Record& r) {
  const double ms = r.number("milliseconds");
  const auto row = [&](const std::string& what, double steps) -> std::vector<std::string> {
    return {what, number(steps), number(steps), number(steps * ms / 1000)};
  };
  return {
      .caption =
          "To train on every step of one image. From one of the steps to the next " + number(r.number("unchanged")) +
          " of 784 pixels stay as they are, so that nothing that was computed for one serves another; of a chain that "
          "reveals a pixel at a time 783 do, and a causal network answers for all 784 at once.",
      .columns = {"", "steps", "evaluations of the network", "seconds (forward)"},
      .rows = {row("diffusion", r.number("steps")),
               row("diffusion, as fine as DDPM", 1000),
               {"causal network, pixel by pixel", "784", "1", ""},
               row("diffusion, one random step per image", 1)},
      .tasks = {"random_steps"}};
}

Section report(const Results& results) {
  const Record& r = results["random_steps"];
  Series series{.name = "loss", .points = {}};
  const auto sigma = r.series("level_sigma"), loss = r.series("level_loss"), error = r.series("level_error");
  for (std::size_t i = 0; i < sigma.size(); ++i) {
    series.points.push_back({.x = sigma[i], .y = loss[i], .low = loss[i] - error[i], .high = loss[i] + error[i]});
  }
  Section section;
  section.verdict = rule_11(spread(r.series("same_images")), spread(r.series("other_images")));
  section.blocks = {table_of_work(r),
                    Chart{.title = "The loss depends on the noise level",
                          .alternative = "Mean loss of one image against the noise level, ten levels.",
                          .x = {.label = "noise level σ/α", .log = true},
                          .y = {.label = "squared error of a pixel, weighted as in training", .from = 0},
                          .series = {series},
                          .caption = "Each level is a tenth of what training draws. Where the loss differs between "
                                     "levels, spreading the levels of a batch evenly takes that out of its variance.",
                          .tasks = {"random_steps"}},
                    table_of_variance(r)};
  return section;
}

}  // namespace

Verdict rule_11(const Spread& same_images, const Spread& other_images) {
  Verdict v;
  v.rule =
      "The variance of a batch's loss with independent times, divided by that with stratified times. Supported if the "
      "ratio is at least 2 with two standard errors to spare, for the same images and for images drawn anew; supported "
      "only with the same images if it is for those; not supported if it is not.";
  v.because = "Stratified times lower the variance " + number(same_images.mean) + " ± " + number(same_images.error) +
              " times for the same images, and " + number(other_images.mean) + " ± " + number(other_images.error) +
              " times with other images in each batch.";
  const auto at_least_twice = [](const Spread& s) { return s.count > 1 && s.mean - 2 * s.error >= 2; };
  if (at_least_twice(same_images) && at_least_twice(other_images)) {
    v.outcome = Outcome::supported;
  } else if (at_least_twice(same_images)) {
    v.outcome = Outcome::conditional;
    v.because = "the images of a batch are the same, for what images differ by remains. " + v.because;
  } else {
    v.outcome = Outcome::not_supported;
  }
  return v;
}

Claim claim_11() {
  return {11, "Diffusion cannot be causal; train one random step per image.",
          [](const Settings& s) -> std::vector<Task> {
    const Plan plan = plan_of(s);
    return {{.name = "random_steps",
             .measuring = 1 + 0.004 * 2 * seeds * plan.batches * plan.draws * static_cast<double>(batch_size),
             .needs = {"main.diffusion"},
             .run = measure}};
  }, report};
}

}  // namespace study
