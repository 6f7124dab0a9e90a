// Claim 1: predicting an image in one go gives a blurry average. A network is asked for the whole image at once, told
// the class or nothing; the best it can do by least squares is the mean of what is possible, and that is measured
// beside it.
#include <string>
#include <vector>

#include "inkling/gen/loss.hpp"
#include "inkling/gen/regression.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/metrics/ink_statistics.hpp"
#include "inkling/models/unet.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/mean_digits.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

/// Mean squared error per pixel, in [0, 1], of guessing row `label` (or row 10) of the guesses.
double error_of(const Images& guesses, const data::ImageDataset& digits, bool told) {
  double sum = 0;
  for (Index n = 0; n < digits.size(); ++n) {
    const float* guess = guesses.data() + (told ? digits.labels(n) : 10) * 784;
    for (Index i = 0; i < 784; ++i) {
      const double d = digits.images.data()[n * 784 + i] / 255.0 - (static_cast<double>(guess[i]) + 1) / 2;
      sum += d * d;
    }
  }
  return sum / static_cast<double>(digits.size() * 784);
}

Record learn(Bench& bench) {
  Record record;
  OneShot model(models::UNet<float>({.width = 16, .blocks = 1, .classes = 10}, bench.key(0)));
  const auto trained = bench.train(record, model, bench.train_set(), {.batch_size = 32, .lr = 2e-3, .ema_decay = 0.99});
  Tensor<std::int32_t, 1> ids(Shape{11});
  for (Index i = 0; i < 11; ++i) ids(i) = i < 10 ? static_cast<std::int32_t>(i) : null_label;
  const auto guesses = bench.sampling(
      [&] { return generate(Ddim{.steps = 1}, trained, Shape{11, 28, 28, 1}, bench.key(1), ClassLabels{ids}); });
  const auto means = mean_digits(bench.train_set());
  record.set("told_error", error_of(guesses, bench.test_set(), true));
  record.set("untold_error", error_of(guesses, bench.test_set(), false));
  record.set("mean_told_error", error_of(means, bench.test_set(), true));
  record.set("mean_untold_error", error_of(means, bench.test_set(), false));
  const auto ink = metrics::ink_statistics(guesses);
  const auto real = metrics::ink_statistics(evenly_spread(bench.test_set(), bench.test_set().size()));
  record.set("greyness", ink.greyness);
  record.set("real_greyness", real.greyness);
  record.set("gradient_energy", ink.gradient_energy);
  record.set("real_gradient_energy", real.gradient_energy);
  io::write_png(bench.picture("one_shot"), image_grid(concat(0, guesses, means), 11));
  return record;
}

Section report(const Results& results) {
  const Record& r = results["one_shot"];
  Section section;
  section.verdict = rule_01(r.number("told_error") / r.number("mean_told_error"),
                            r.number("untold_error") / r.number("mean_untold_error"), r.number("greyness"),
                            r.number("real_greyness"));
  section.blocks = {
      Picture{.file = results.picture("one_shot"),
              .alternative = "Eleven grey, blurred digits in two rows that look alike: 0 to 9 and a smudge.",
              .caption =
                  "What least squares answers when it is told each class, and nothing (last). Below, the mean of "
                  "the training digits of each class and of all.",
              .scale = 2,
              .tasks = {"one_shot"}},
      Table{
          .caption =
              "Mean squared error per pixel on the test digits, pixels in [0, 1]; greyness is the share of inked "
              "pixels that are not black.",
          .columns = {"", "network", "mean of the training digits", "real digits"},
          .rows = {{"error, told the class", number(r.number("told_error")), number(r.number("mean_told_error")), ""},
                   {"error, told nothing", number(r.number("untold_error")), number(r.number("mean_untold_error")), ""},
                   {"greyness", number(r.number("greyness")), "", number(r.number("real_greyness"))},
                   {"gradient energy", number(r.number("gradient_energy")), "",
                    number(r.number("real_gradient_energy"))}},
          .tasks = {"one_shot"}}};
  return section;
}

}  // namespace

Verdict rule_01(double told_ratio, double untold_ratio, double greyness, double real_greyness) {
  Verdict v;
  v.rule =
      "Supported if the network's error is within 3 % of that of the mean digit, told the class and told nothing, and "
      "at "
      "least 0.95 of its ink is grey.";
  v.because = "The error is " + number(told_ratio) + " times that of the class's mean and " + number(untold_ratio) +
              " times that of the mean of all; " + number(greyness) + " of its ink is grey, of real digits " +
              number(real_greyness) + ".";
  const bool average = std::abs(told_ratio - 1) <= 0.03 && std::abs(untold_ratio - 1) <= 0.03;
  v.outcome = average && greyness >= 0.95 ? Outcome::supported : Outcome::not_supported;
  return v;
}

Claim claim_01() {
  return {1, "Predicting an image in one go gives a blurry average.", [](const Settings&) -> std::vector<Task> {
    return {{.name = "one_shot", .training = 0.4, .measuring = 2, .run = learn}};
  }, report};
}

}  // namespace study
