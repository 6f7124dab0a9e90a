// Claim 28: a generator makes new images. Copies among drawn digits are counted along trainings on few digits, and of
// the main diffusion: a copy is much nearer to one training digit than to any other. And why digits are new: a machine
// without training that sees only patches of the training digits draws, from the same noise, nearly what a small
// convolutional network draws.
//
// T. Bonnaire et al. 2025, arXiv:2505.17638 (copies); M. Kamb, S. Ganguli 2024, arXiv:2412.20292 (patches).
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/loss.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/metrics/nearest.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/local_machine.hpp"
#include "study/claims/moments.hpp"
#include "study/claims/neighbourhood.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

struct Counts {
  Index drawn;                 ///< digits that are looked at for copies, at a moment
  Index of_main;               ///< the same of the main diffusion
  int first_moment;            ///< along a training
  Index known;                 ///< training digits of the machine and of the network beside it
  Index calibrated, compared;  ///< trajectories that choose the patches, and that are compared
  int steps;                   ///< of a trajectory
};

Counts counts(const Settings& s) {
  if (s.steps > 0) return {4, 4, 4, 3, 1, 2, 2};
  if (s.full) return {200, 500, 2, 400, 2, 8, 8};
  return s.minutes < 30 ? Counts{30, 40, 4, 60, 1, 4, 8} : Counts{60, 100, 2, 150, 2, 6, 8};
}

Tensor<float, 2> rows_of(const Images& images) { return images.reshape(Shape<2>{images.extent(0), 784}); }

/// How much like copies some images are.
struct Copies {
  double share = 0;   ///< whose nearest training digit is nearer than a third of the way to the second nearest
  double nearer = 0;  ///< that are nearer to a training digit than to each of as many held-out digits
};

Copies copies_of(const Images& drawn, const data::ImageDataset& train, Index count,
                 const data::ImageDataset& held_out) {
  const Index equal = std::min({count, train.size(), held_out.size()});
  const auto to_train = metrics::nearest(rows_of(drawn), rows_of(first_images(train, count)), 2);
  const auto to_some = metrics::nearest(rows_of(drawn), rows_of(first_images(train, equal)));
  const auto to_held = metrics::nearest(rows_of(drawn), rows_of(first_images(held_out, equal)));
  Copies all;
  for (Index i = 0; i < drawn.extent(0); ++i) {
    all.share += to_train.distances(i, 0) < to_train.distances(i, 1) / 3 ? 1 : 0;
    all.nearer += to_some.distances(i, 0) < to_held.distances(i, 0) ? 1 : 0;
  }
  all.share /= static_cast<double>(drawn.extent(0));
  all.nearer /= static_cast<double>(drawn.extent(0));
  return all;
}

/// Along a training of claim 25.
Task copies_task(Index size, int seed, const Settings& s) {
  const std::string number = std::to_string(size) + "." + std::to_string(seed), source = "curve.diffusion." + number;
  const Counts n = counts(s);
  const double cost = 0.017 * static_cast<double>(n.drawn * (moment_count - n.first_moment)) + 0.5;
  return {.name = "copies." + number, .measuring = cost, .needs = {source}, .run = [=](Bench& bench) {
    Record record;
    std::vector<double> seconds, share, nearer;
    const auto moments = moments_of(bench, source);
    for (std::size_t m = static_cast<std::size_t>(n.first_moment); m < moments.size(); ++m) {
      const auto model = systems::Denoiser::load(moments[m].file);
      const auto drawn = bench.sampling([&] {
        return model.draw({.sampler = "dpm++2m", .steps = 10}, systems::tell_nothing(n.drawn), bench.key(1));
      });
      const Copies c = copies_of(drawn.images, bench.train_set(), size, bench.test_set());
      seconds.push_back(moments[m].seconds);
      share.push_back(c.share);
      nearer.push_back(c.nearer);
    }
    record.set("moment_seconds", seconds);
    record.set("copies", share);
    record.set("nearer", nearer);
    record.set("last_copies", share.back());
    record.set("last_nearer", nearer.back());
    return record;
  }};
}

Record copies_of_main(Bench& bench) {
  Record record;
  const auto model = systems::Denoiser::load(bench.weights("main.diffusion"));
  const Index count = counts(bench.settings()).of_main, all = bench.train_set().size();
  const int steps = bench.settings().steps > 0 ? 4 : 18;
  const auto drawn = bench.sampling([&] {
    return model.draw({.sampler = "dpm++2m", .steps = steps}, systems::tell_every_class(count), bench.key(1));
  });
  const Copies c = copies_of(drawn.images, bench.train_set(), all, bench.test_set());
  const Copies real = copies_of(evenly_spread(bench.test_set(), count), bench.train_set(), all, bench.test_set());
  record.set("copies", c.share);
  record.set("nearer", c.nearer);
  record.set("copies_of_real", real.share);
  return record;
}

using Network = decltype(KarrasDenoiser(Neighbourhood(8, Key{0})));

constexpr int patches[] = {3, 5, 7, 9, 13, 17, 21};
constexpr int everything = 55;

/// From noise to images by steps of DDIM; denoise(x, sigma, step) says what is behind x.
template <class F>
Images descend(Images x, const std::vector<double>& sigmas, const F& denoise) {
  for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) {
    const Images clean = denoise(x, sigmas[i], i);
    x = clean + (x - clean) * static_cast<float>(sigmas[i + 1] / sigmas[i]);
  }
  return clamp(x, -1, 1);
}

/// The squared correlation of the pixels of two images.
double correlation(const float* a, const float* b) {
  double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
  for (Index i = 0; i < 784; ++i) {
    ma += static_cast<double>(a[i]) / 784;
    mb += static_cast<double>(b[i]) / 784;
  }
  for (Index i = 0; i < 784; ++i) {
    const double u = static_cast<double>(a[i]) - ma, v = static_cast<double>(b[i]) - mb;
    aa += u * u;
    bb += v * v;
    ab += u * v;
  }
  return aa > 0 && bb > 0 ? ab * ab / (aa * bb) : 0;
}

/// The median over pairs of images, the second ones turned by `shift`.
double median_r2(const Images& a, const Images& b, Index shift = 0) {
  const Index count = a.extent(0);
  std::vector<double> all;
  for (Index n = 0; n < count; ++n)
    all.push_back(correlation(a.data() + n * 784, b.data() + (n + shift) % count * 784));
  std::sort(all.begin(), all.end());
  const std::size_t middle = all.size() / 2;
  return all.size() % 2 == 1 ? all[middle] : (all[middle - 1] + all[middle]) / 2;
}

/// The best patch of every step: on the network's own way from some noise, where the machine's answer is nearest to the
/// network's.
std::vector<int> calibrate(Record& record, const LocalMachine& machine, const Network& network, const Images& noise,
                           const std::vector<double>& sigmas, Places places, const std::string& name) {
  std::vector<int> best(sigmas.size() - 1, patches[0]);
  std::vector<double> r2(best.size(), -1);
  descend(noise, sigmas, [&](const Images& x, double sigma, std::size_t step) {
    const Images clean = network.posterior(x, sigma, Unconditional{}).mean();
    for (const int patch : patches) {
      const double fits = median_r2(clean, machine.expected(x, sigma, patch, places));
      if (fits <= r2[step]) continue;
      r2[step] = fits;
      best[step] = patch;
    }
    return clean;
  });
  record.set(name + ".patches", std::vector<double>(best.begin(), best.end()));
  record.set(name + ".step_r2", r2);
  return best;
}

Record compare_locally(Bench& bench) {
  Record record;
  const Counts n = counts(bench.settings());
  std::vector<Index> rows(static_cast<std::size_t>(n.known));
  std::iota(rows.begin(), rows.end(), Index{0});
  const auto digits = bench.train_set().take(rows);
  Network model = KarrasDenoiser(Neighbourhood(bench.settings().steps > 0 ? 8 : 32, bench.key(0)),
                                 Karras{.log_mean = -0.4, .log_deviation = 1.3});
  const auto network = bench.train(record, model, digits, {.batch_size = 16, .lr = 2e-3, .warmup = 20});
  record.set("known", static_cast<double>(n.known));

  const std::vector<double> sigmas = network.times(n.steps);
  record.set("sigmas", std::vector<double>(sigmas.begin(), sigmas.end() - 1));
  const LocalMachine machine(first_images(digits, n.known));
  const Images tried = network.prior(Shape{n.calibrated, 28, 28, 1}, bench.key(1));
  const Images noise = network.prior(Shape{n.compared, 28, 28, 1}, bench.key(2));
  const Images drawn = bench.sampling([&] {
    return descend(noise, sigmas, [&](const Images& x, double sigma, std::size_t) {
      return Images(network.posterior(x, sigma, Unconditional{}).mean());
    });
  });
  const auto by_machine = [&](Places places, const std::vector<int>& sizes) {
    return descend(noise, sigmas, [&](const Images& x, double sigma, std::size_t step) {
      return machine.expected(x, sigma, sizes[step], places);
    });
  };
  const auto any = calibrate(record, machine, network, tried, sigmas, Places::any, "any");
  const auto same = calibrate(record, machine, network, tried, sigmas, Places::same, "same");
  const Images anywhere = by_machine(Places::any, any), in_place = by_machine(Places::same, same);
  const Images ideal = by_machine(Places::same, std::vector<int>(any.size(), everything));
  record.set("any.r2", median_r2(drawn, anywhere));
  record.set("same.r2", median_r2(drawn, in_place));
  record.set("ideal.r2", median_r2(drawn, ideal));
  record.set("other.r2", median_r2(drawn, anywhere, 1));

  const auto near = metrics::nearest(rows_of(drawn), rows_of(first_images(digits, n.known)));
  std::vector<Index> nearest(static_cast<std::size_t>(n.compared));
  for (Index i = 0; i < n.compared; ++i) nearest[static_cast<std::size_t>(i)] = near.rows(i, 0);
  const Images sources = data::normalize<float>(digits.take(nearest).images);
  const std::vector<Images> all{drawn, anywhere, in_place, ideal, sources};
  io::write_png(bench.picture("local"), image_grid(concat(0, all), n.compared));
  return record;
}

std::vector<Task> tasks(const Settings& s) {
  const double local = s.steps > 0 ? 1 : s.full ? 270 : s.minutes < 30 ? 20 : 92;
  std::vector<Task> all{{.name = "local", .training = 2 * curve_weight, .measuring = local, .run = compare_locally},
                        {.name = "copies.main",
                         .measuring = 0.1 * static_cast<double>(counts(s).of_main) + 1,
                         .needs = {"main.diffusion"},
                         .run = copies_of_main}};
  for (const Index size : {60, 600}) {
    for (int seed = 1; seed <= seeds; ++seed) all.push_back(copies_task(size, seed, s));
  }
  return all;
}

Chart copies_chart(const Results& results) {
  Chart c{.title = "Copies along the training",
          .alternative =
              "The share of copies among drawn digits against seconds of training, for 60 and 600 training "
              "digits.",
          .x = {.label = "processor seconds of training", .log = true},
          .y = {.label = "share of copies", .from = 0, .to = 1},
          .series = {},
          .caption =
              "A copy is three times as near to one training digit as to the next. Means of three seeds, bars from "
              "the lowest to the highest.",
          .tasks = {}};
  for (const Index size : {60, 600}) {
    const std::string task = "copies." + std::to_string(size);
    Series series{.name = std::to_string(size) + " digits", .points = {}};
    const auto at = results[task + ".1"].series("moment_seconds");
    for (std::size_t i = 0; i < at.size(); ++i) {
      std::vector<double> shares;
      for (int seed = 1; seed <= seeds; ++seed) {
        shares.push_back(results[task + "." + std::to_string(seed)].series("copies")[i]);
      }
      const Spread s = spread(shares);
      series.points.push_back({at[i], s.mean, s.low, s.high});
    }
    c.series.push_back(std::move(series));
    for (int seed = 1; seed <= seeds; ++seed) c.tasks.push_back(task + "." + std::to_string(seed));
  }
  return c;
}

Table copies_table(const Results& results) {
  const Record& main = results["copies.main"];
  Table t{.caption =
              "At the end of the training. Nearer: the share of drawn digits that are nearer to a training digit "
              "than to each of as many held-out digits; a half is chance. Of real held-out digits " +
              number(main.number("copies_of_real")) + " would count as copies.",
          .columns = {"trained on", "copies", "nearer"},
          .rows = {},
          .tasks = {"copies.60.1", "copies.600.1", "copies.main"}};
  for (const char* size : {"60", "600"}) {
    const std::string task = std::string("copies.") + size;
    t.rows.push_back({std::string(size) + " digits", number(spread(results.of_seeds(task, "last_copies")).mean),
                      number(spread(results.of_seeds(task, "last_nearer")).mean)});
  }
  t.rows.push_back({"all digits (the main diffusion)", number(main.number("copies")), number(main.number("nearer"))});
  return t;
}

Table patch_table(const Results& results) {
  const Record& r = results["local"];
  Table t{.caption =
              "Step by step of the network's own way: the patch whose machine answers most like the network, and "
              "the median r² of their answers; of patches from any place, and from the same place. Both know " +
              number(r.number("known")) + " training digits.",
          .columns = {"noise", "patch, any place", "r²", "patch, same place", "r²"},
          .rows = {},
          .tasks = {"local"}};
  const auto sigmas = r.series("sigmas"), any = r.series("any.patches"), any_r2 = r.series("any.step_r2");
  const auto same = r.series("same.patches"), same_r2 = r.series("same.step_r2");
  for (std::size_t i = 0; i < sigmas.size(); ++i) {
    t.rows.push_back({number(sigmas[i]), number(any[i]), number(any_r2[i]), number(same[i]), number(same_r2[i])});
  }
  t.rows.push_back({"final images", "", number(r.number("any.r2")), "", number(r.number("same.r2"))});
  t.rows.push_back({"final images, ideal denoiser", "", "", number(everything), number(r.number("ideal.r2"))});
  t.rows.push_back({"final images from other noise", "", number(r.number("other.r2")), "", ""});
  return t;
}

Section report(const Results& results) {
  const Record& local = results["local"];
  Section section;
  section.verdict =
      rule_28(results["copies.main"].number("copies"), spread(results.of_seeds("copies.600", "last_copies")),
              spread(results.of_seeds("copies.60", "last_copies")), local.number("any.r2"), local.number("other.r2"));
  section.blocks = {
      copies_chart(results), copies_table(results),
      Picture{.file = results.picture("local"),
              .alternative = "Five rows of digits; the first two look much alike.",
              .caption = "From the same noise, from above: the convolutional network; the machine of "
                         "patches from any place; of patches from the same place; the ideal denoiser, which "
                         "copies; and the training digits nearest to the network's.",
              .scale = 2,
              .tasks = {"local"}},
      patch_table(results)};
  return section;
}

}  // namespace

Verdict rule_28(double copies_of_all, const Spread& copies_of_600, const Spread& copies_of_60, double r2,
                double r2_of_other_noise) {
  Verdict v;
  v.rule =
      "Supported if at most 1 % of the drawn digits are copies, whether training saw all digits, 600 or 60; not "
      "supported if more are after training on all; otherwise only of as many digits as copies stay away. How well "
      "patches predict a network's digits is told beside it: r² of 1 is the same image.";
  const auto few = [](double share) { return share <= 0.01; };
  std::string what;
  if (!few(copies_of_all)) {
    v.outcome = Outcome::not_supported;
  } else if (few(copies_of_600.mean) && few(copies_of_60.mean)) {
    v.outcome = Outcome::supported;
  } else {
    v.outcome = Outcome::conditional;
    what = few(copies_of_600.mean) ? "it has learned from hundreds of digits, not from 60: "
                                   : "it has learned from thousands of digits, not from hundreds: ";
  }
  v.because = what + "the share of copies is " + number(copies_of_all) + " after training on all digits, " +
              number(copies_of_600.mean) + " on 600, " + number(copies_of_60.mean) +
              " on 60. A machine that only sees patches predicts the network's digits with r² " + number(r2) +
              ", digits from other noise " + number(r2_of_other_noise) + ".";
  return v;
}

Claim claim_28() { return {28, "A generator makes new images.", tasks, report}; }

}  // namespace study
