// Claim 15: a clean-image prediction from pure noise is the blurry average. What the network expects behind pure noise
// is compared with the mean training digit, and with the exact answer, the mean over the training digits weighted by
// how likely each is. Then along the way of a sampler: from the blur to a digit, in greyness and in gradient energy.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "inkling/io/apng.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/metrics/ink_statistics.hpp"
#include "inkling/metrics/rank_correlation.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/mean_digits.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

constexpr Index pixels = 784;
constexpr Index shown = 5;  // digits in the pictures
constexpr int steps = 18;

Index draws_of(const Settings& s) { return s.steps > 0 ? 10 : s.full ? 1000 : s.minutes < 30 ? 200 : 500; }
Index draws_at_a_level(const Settings& s) { return s.steps > 0 ? 3 : s.full ? 20 : 50; }
Index images_on_the_way(const Settings& s) { return s.steps > 0 ? shown : s.full ? 500 : s.minutes < 30 ? 50 : 100; }

/// The squared differences of image i of a from image `row` of b, summed.
double squares(const Images& a, Index i, const Images& b, Index row) {
  double sum = 0;
  for (Index p = 0; p < pixels; ++p) {
    const double d = static_cast<double>(a.data()[i * pixels + p]) - static_cast<double>(b.data()[row * pixels + p]);
    sum += d * d;
  }
  return sum;
}

/// Root mean squared difference of the images from a row of the means, each by itself.
double rmse_of_draws(const Images& images, const Images& means, Index first_row, Index rows) {
  double sum = 0;
  const Index count = images.extent(0);
  for (Index i = 0; i < count; ++i) sum += squares(images, i, means, first_row + i % rows);
  return std::sqrt(sum / static_cast<double>(count * pixels));
}

/// The same of the mean of all draws that stand for one row.
double rmse_of_mean(const Images& images, const Images& means, Index first_row, Index rows) {
  Images sums({rows, 28, 28, 1});
  std::vector<double> counts(static_cast<std::size_t>(rows), 0.0);
  for (Index i = 0; i < images.extent(0); ++i) {
    ++counts[static_cast<std::size_t>(i % rows)];
    for (Index p = 0; p < pixels; ++p) sums.mutable_data()[i % rows * pixels + p] += images.data()[i * pixels + p];
  }
  double sum = 0, used = 0;
  for (Index r = 0; r < rows; ++r) {
    const double n = counts[static_cast<std::size_t>(r)];
    if (n == 0) continue;
    for (Index p = 0; p < pixels; ++p) sums.mutable_data()[r * pixels + p] /= static_cast<float>(n);
    sum += squares(sums, r, means, first_row + r);
    ++used;
  }
  return std::sqrt(sum / (used * static_cast<double>(pixels)));
}

/// E[x₀ | x_t] if the training digits are all there is: their mean, weighted by exp(α·x·x₀/σ² − α²·x₀²/2σ²).
Images exact_answer(const Images& x, Scales s, const data::ImageDataset& digits) {
  Images all = first_images(digits, digits.size());
  Images answer(x.shape());
  std::vector<double> weight(static_cast<std::size_t>(digits.size()));
  for (Index i = 0; i < x.extent(0); ++i) {
    double most = -HUGE_VAL;
    for (Index n = 0; n < digits.size(); ++n) {
      const float* digit = all.data() + n * pixels;
      const float* state = x.data() + i * pixels;
      float cross = 0, square = 0;
      for (Index p = 0; p < pixels; ++p) {
        cross += state[p] * digit[p];
        square += digit[p] * digit[p];
      }
      const double log_weight =
          (s.alpha * static_cast<double>(cross) - 0.5 * s.alpha * s.alpha * static_cast<double>(square)) /
          (s.sigma * s.sigma);
      weight[static_cast<std::size_t>(n)] = log_weight;
      most = std::max(most, log_weight);
    }
    double total = 0;
    for (double& w : weight) total += w = std::exp(w - most);
    for (Index n = 0; n < digits.size(); ++n) {
      const auto share = static_cast<float>(weight[static_cast<std::size_t>(n)] / total);
      if (share < 1e-9f) continue;
      for (Index p = 0; p < pixels; ++p) {
        answer.mutable_data()[i * pixels + p] += share * all.data()[n * pixels + p];
      }
    }
  }
  return answer;
}

Images expected(Bench& bench, const systems::Denoiser& model, const Images& x, double t, const systems::Told& told) {
  std::vector<Images> pieces;
  for (Index begin = 0; begin < x.extent(0); begin += 100) {
    const Index end = std::min<Index>(begin + 100, x.extent(0));
    pieces.push_back(bench.sampling(
        [&] { return model.expected(dense(view(x).slice(0, begin, end)), t, systems::rows_of(told, begin, end)); }));
  }
  return concat(0, pieces);
}

Record from_noise(Bench& bench) {
  Record record;
  const auto model = systems::Denoiser::load(bench.weights("main.diffusion"));
  const Images means = mean_digits(bench.train_set());
  const double first = model.times(steps).front();
  const Index count = draws_of(bench.settings());
  const Images noise = model.prior(count, bench.key(0));
  const Images untold = expected(bench, model, noise, first, systems::tell_nothing(count));
  const Images told = expected(bench, model, noise, first, systems::tell_every_class(count));
  record.set("draws", static_cast<double>(count));
  record.set("untold_draws", rmse_of_draws(untold, means, 10, 1));
  record.set("untold_mean", rmse_of_mean(untold, means, 10, 1));
  record.set("told_draws", rmse_of_draws(told, means, 0, 10));
  record.set("told_mean", rmse_of_mean(told, means, 0, 10));
  record.set("greyness", metrics::ink_statistics(clamp(untold, -1, 1)).greyness);
  record.set("mean_greyness", metrics::ink_statistics(means).greyness);

  // Weaker and weaker noise without an image in it: how much the answer follows it, and should.
  const Index few = draws_at_a_level(bench.settings());
  const Images unit = normal<float>(Shape{few, 28, 28, 1}, bench.key(1));
  std::vector<double> sigma, network, exact, apart;
  for (const double part : {1.0, 0.5, 0.25, 0.125, 0.0625}) {
    const Scales s = model.scales(first * part);
    const Images x = unit * s.sigma;
    const Images answer = expected(bench, model, x, first * part, systems::tell_nothing(few));
    const Images best = exact_answer(x, s, bench.train_set());
    sigma.push_back(s.ratio());
    network.push_back(rmse_of_draws(answer, means, 10, 1));
    exact.push_back(rmse_of_draws(best, means, 10, 1));
    apart.push_back(rmse_of_draws(answer, best, 0, few));
  }
  record.set("sigma", sigma);
  record.set("network", network);
  record.set("exact", exact);
  record.set("apart", apart);
  const Images rows = concat(0, dense(view(untold).slice(0, 0, shown)), dense(view(told).slice(0, 0, shown)));
  const Images averages = concat(0, dense(view(means).slice(0, 10, 11)), dense(view(means).slice(0, 0, shown - 1)));
  io::write_png(bench.picture("from_noise"), image_grid(concat(0, rows, averages), shown));
  return record;
}

/// The rank correlation with the step; 0 where nothing changes, as without training.
double fall_of(const std::vector<double>& values) {
  std::vector<double> order;
  bool changes = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    order.push_back(static_cast<double>(i));
    changes = changes || values[i] != values[0];
  }
  return changes ? metrics::spearman(order, values) : 0;
}

/// x_t as it would look with the contrast of an image.
Images visible(const Images& x, Scales s) { return clamp(x * (0.6 / std::hypot(s.alpha * 0.6, s.sigma)), -1, 1); }

Images some(const Images& x) { return dense(view(x).slice(0, 0, shown)); }

Record on_the_way(Bench& bench) {
  Record record;
  const auto model = systems::Denoiser::load(bench.weights("main.diffusion"));
  const Index count = images_on_the_way(bench.settings());
  std::vector<double> sigma, greyness, energy;
  std::vector<Tensor<float, 3>> frames;
  std::vector<Images> strip_states, strip_cleans;
  const auto note_step = [&](Index index, double t, const Images& x, const Images& expected_clean, Scales s) {
    const Images clean = clamp(expected_clean, -1, 1);
    const auto ink = metrics::ink_statistics(clean);
    sigma.push_back(model.scales(t).ratio());
    greyness.push_back(ink.greyness);
    energy.push_back(ink.gradient_energy);
    const Images state = some(visible(x, s)), guess = some(clean);
    frames.push_back(image_grid(concat(0, state, guess), shown));
    if (index % 2 == 0) {
      strip_states.push_back(dense(view(state).slice(0, 0, 2)));
      strip_cleans.push_back(dense(view(guess).slice(0, 0, 2)));
    }
  };
  const auto drawn = bench.sampling([&] {
    return model.draw({.sampler = "ddim", .steps = steps, .piece = count}, systems::tell_every_class(count),
                      bench.key(0), [&](Index index, double t, double, const Images& x, const Images& clean) {
      note_step(index, t, x, clean, model.scales(t));
    });
  });
  strip_states.push_back(dense(view(drawn.images).slice(0, 0, 2)));
  strip_cleans.push_back(dense(view(drawn.images).slice(0, 0, 2)));
  frames.push_back(image_grid(concat(0, some(drawn.images), some(drawn.images)), shown));
  record.set("sigma", sigma);
  record.set("greyness", greyness);
  record.set("energy", energy);
  record.set("images", static_cast<double>(count));
  record.set("rank_correlation", fall_of(greyness));
  const auto real = metrics::ink_statistics(evenly_spread(bench.test_set(), bench.test_set().size()));
  record.set("real_greyness", real.greyness);
  record.set("real_energy", real.gradient_energy);
  io::write_apng(bench.picture("on_the_way"), frames, {.seconds = 0.2, .last_seconds = 1.5});
  const auto states = image_strip(strip_states), cleans = image_strip(strip_cleans);
  io::write_png(bench.picture("on_the_way_strip"), concat(0, states, cleans));
  return record;
}

// --- The section -------------------------------------------------------------------------------------------------

Chart chart_of(const Record& r, const std::string& what, const std::string& label, const std::string& alternative,
               double real) {
  Series series{.name = "expected clean image", .points = {}};
  const auto sigma = r.series("sigma"), values = r.series(what);
  for (std::size_t i = 0; i < sigma.size(); ++i) series.points.push_back({.x = sigma[i], .y = values[i]});
  return {.title = label,
          .alternative = alternative,
          .x = {.label = "noise level σ/α (a sampler goes from right to left)", .log = true},
          .y = {.label = label, .from = 0},
          .series = {series},
          .levels = {{"real digits", real}},
          .caption = "DDIM of " + std::to_string(steps) + " steps, " + number(r.number("images")) +
                     " images, told every digit in turn.",
          .tasks = {"from_blur.on_the_way"}};
}

Chart chart_of_pure_noise(const Record& r) {
  Chart chart{.title = "How much the answer to pure noise differs from the mean digit",
              .alternative = "Root mean squared differences against the strength of pure noise, network and exact.",
              .x = {.label = "strength of the noise σ/α", .log = true},
              .y = {.label = "root mean squared difference, pixels in [−1, 1]", .log = true},
              .series = {},
              .levels = {{"0.02", 0.02}},
              .caption =
                  "Single draws. Exact: the mean of the training digits, weighted by how likely each is. The "
                  "answer should follow the noise a little, the more the weaker it is.",
              .tasks = {"from_blur.noise"}};
  const auto sigma = r.series("sigma");
  for (const auto& [key, name] :
       {std::pair{"network", "network, from the mean digit"}, std::pair{"exact", "exact answer, from the mean digit"},
        std::pair{"apart", "network, from the exact answer"}}) {
    Series series{.name = name, .points = {}};
    const auto values = r.series(key);
    for (std::size_t i = 0; i < sigma.size(); ++i) series.points.push_back({.x = sigma[i], .y = values[i]});
    chart.series.push_back(std::move(series));
  }
  return chart;
}

Table table_of_errors(const Record& r) {
  return {.caption =
              "Root mean squared difference from the mean training digit (of the class, where it is told), pixels "
              "in [−1, 1], " +
              number(r.number("draws")) + " draws of pure noise.",
          .columns = {"", "each draw", "mean of the draws"},
          .rows = {{"told nothing", number(r.number("untold_draws")), number(r.number("untold_mean"))},
                   {"told the class", number(r.number("told_draws")), number(r.number("told_mean"))},
                   {"exact answer, told nothing", number(r.series("exact").front()), ""}},
          .tasks = {"from_blur.noise"}};
}

Section report(const Results& results) {
  const Record& noise = results["from_blur.noise"];
  const Record& way = results["from_blur.on_the_way"];
  const auto greyness = way.series("greyness");
  Section section;
  section.verdict = rule_15(noise.number("untold_draws"), noise.number("untold_mean"), noise.series("exact").front(),
                            greyness.front(), greyness.back(), way.number("rank_correlation"));
  section.blocks = {
      Picture{.file = results.picture("on_the_way"),
              .alternative = "Noise clears above; below, grey blurs turn into digits.",
              .caption = "Above the state x_t, its contrast made visible; below the clean image expected behind it.",
              .scale = 3,
              .tasks = {"from_blur.on_the_way"}},
      Picture{.file = results.picture("on_the_way_strip"),
              .alternative = "Two rows of noise that clears and two rows of blurs that sharpen, from left to right.",
              .caption = "Every other step: two states and, below, what is expected behind them.",
              .scale = 2,
              .tasks = {"from_blur.on_the_way"}},
      table_of_errors(noise),
      Picture{.file = results.picture("from_noise"),
              .alternative = "Blurred averages in three rows that look alike.",
              .caption = "What is expected behind five draws of pure noise, told nothing; told 0 to 4; and the mean "
                         "training digit of all (first), and of 0 to 3.",
              .scale = 2,
              .tasks = {"from_blur.noise"}},
      chart_of_pure_noise(noise),
      chart_of(way, "greyness", "greyness", "Greyness falls from near 1 towards that of real digits.",
               way.number("real_greyness")),
      chart_of(way, "energy", "gradient energy", "Gradient energy rises towards that of real digits.",
               way.number("real_energy"))};
  return section;
}

}  // namespace

Verdict rule_15(double rmse, double rmse_of_mean, double exact_rmse, double first_greyness, double last_greyness,
                double rank_correlation) {
  Verdict v;
  v.rule =
      "Supported if what is expected behind pure noise differs from the mean training digit by 0.02 at most (root mean "
      "square, pixels in [−1, 1]), draw by draw, and its greyness falls along the way: a rank correlation with the "
      "step "
      "of −0.9 or less. Supported only in the mean of many draws if only that is as near.";
  v.because = "A draw differs by " + number(rmse) + ", where the exact answer would by " + number(exact_rmse) +
              "; the mean of the draws by " + number(rmse_of_mean) + ". Greyness goes from " + number(first_greyness) +
              " to " + number(last_greyness) + ", with a rank correlation of " + number(rank_correlation) + ".";
  const bool falls = last_greyness < first_greyness && rank_correlation <= -0.9;
  if (falls && rmse <= 0.02) {
    v.outcome = Outcome::supported;
  } else if (falls && rmse_of_mean <= 0.02) {
    v.outcome = Outcome::conditional;
    v.because = "the answers to many draws are averaged. " + v.because;
  } else {
    v.outcome = Outcome::not_supported;
  }
  return v;
}

Claim claim_15() {
  return {15, "A clean-image prediction from pure noise is the blurry average.",
          [](const Settings& s) -> std::vector<Task> {
    const double draws = 2.0 * static_cast<double>(draws_of(s)) + 5.0 * static_cast<double>(draws_at_a_level(s));
    return {{.name = "from_blur.noise",
             .measuring = (s.full ? 15.0 : 4.0) + 0.004 * draws,
             .needs = {"main.diffusion"},
             .run = from_noise},
            {.name = "from_blur.on_the_way",
             .measuring = 1 + 0.004 * steps * static_cast<double>(images_on_the_way(s)),
             .needs = {"main.diffusion"},
             .run = on_the_way}};
  }, report};
}

}  // namespace study
