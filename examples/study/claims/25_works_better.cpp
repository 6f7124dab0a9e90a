// Claim 25: diffusion works better. Small networks of equal width are trained for equal seconds on few and on many
// digits: autoregression, the same regularised, masked diffusion and diffusion by noise. Along the training the
// held-out digits' likelihood (of black and white pixels: autoregression's is exact, masked diffusion's a bound) and
// the quality of drawn digits are measured, against seconds, operations and how often each digit was seen.
//
// M. Kilian et al. 2024, arXiv:2405.13218; arXiv:2507.15857, 2511.03276 and 2510.04071.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "study/claims/claims.hpp"
#include "study/claims/moments.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"
#include "systems/flops.hpp"

namespace study {
namespace {

using namespace ink;

enum class Kind { autoregression, regularised, masked, noise };

struct Family {
  Kind kind;
  const char* name;
  const char* says;
};

constexpr Family families[] = {{Kind::autoregression, "ar", "autoregression"},
                               {Kind::regularised, "regularised", "autoregression, regularised"},
                               {Kind::masked, "masked", "masked diffusion"},
                               {Kind::noise, "diffusion", "diffusion by noise"}};

std::vector<Index> sizes(const Settings& s) {
  return s.full ? std::vector<Index>{60, 600, 6000, 60000} : std::vector<Index>{60, 600, 6000};
}

systems::PixelSpec pixel_spec_of(Kind kind) {
  if (kind == Kind::masked) return {.network = "unet", .family = "any-order", .width = 16, .layers = 1};
  return {.width = 16, .layers = 6, .head = 32, .hidden = kind == Kind::regularised ? 20 : 0};
}

systems::DenoiserSpec noise_spec() { return {.width = 16}; }

double flops_of(Kind kind) {
  return kind == Kind::noise ? systems::flops(noise_spec()) : systems::flops(pixel_spec_of(kind));
}

/// The learning rate stays as it is, so that every moment is the end of a shorter training.
TrainOptions options_of(Kind kind) {
  const bool causal = kind == Kind::autoregression || kind == Kind::regularised;
  const double lr = causal ? 4e-3 : 2e-3;
  return {.batch_size = 16,
          .lr = lr,
          .lr_floor = lr,
          .warmup = 20,
          .weight_decay = kind == Kind::regularised ? 0.1
                          : causal                  ? 0
                                                    : 0.01};
}

struct Counts {
  Index held_out;  ///< digits whose likelihood is measured
  int draws;       ///< of masked diffusion's bound, a digit
  Index drawn;
  int first_drawn;  ///< moments from this one on are drawn from
};

Counts counts(const Settings& s) {
  if (s.steps > 0) return {4, 2, 4, 5};
  if (s.full) return {200, 8, 200, 3};
  return s.minutes < 30 ? Counts{30, 4, 30, 5} : Counts{100, 8, 60, 3};
}

data::ImageDataset first_digits(const data::ImageDataset& digits, Index count) {
  std::vector<Index> rows(static_cast<std::size_t>(std::min(count, digits.size())));
  std::iota(rows.begin(), rows.end(), Index{0});
  return digits.take(rows);
}

double held_out_nats(Bench& bench, const systems::PixelModel& model) {
  const Counts n = counts(bench.settings());
  const auto tokens = model.tokens(evenly_spread(bench.test_set(), n.held_out), Key{1234});
  const auto told = systems::tell_nothing(tokens.extent(0));
  const auto nats = bench.sampling([&] {
    return model.spec().family == "autoregressive" ? model.nats(tokens, told)
                                                   : model.bound(tokens, told, n.draws, Key{5678});
  });
  return std::accumulate(nats.values().begin(), nats.values().end(), 0.0) / static_cast<double>(nats.size());
}

/// Keeps the moments' costs, and the figures that measure(moment, whether to draw) adds.
template <class Measure>
void along(Bench& bench, Record& record, const std::string& task, Kind kind, Index size, const Measure& measure) {
  std::vector<double> seconds, epochs, flops;
  const double batch = record.number("images") / record.number("steps");
  int number = 0;
  for (const Moment& m : moments_of(bench, task)) {
    const double images = m.steps * batch;
    seconds.push_back(m.seconds);
    epochs.push_back(images / static_cast<double>(std::min(size, bench.train_set().size())));
    flops.push_back(3 * flops_of(kind) * images);
    measure(m, number++ >= counts(bench.settings()).first_drawn);
  }
  record.set("moment_seconds", seconds);
  record.set("epochs", epochs);
  record.set("flops", flops);
}

Record learn(Bench& bench, const std::string& task, Kind kind, Index size) {
  Record record;
  const auto digits = first_digits(bench.train_set(), size);
  const Index count = counts(bench.settings()).drawn;
  const auto told = systems::tell_nothing(count);
  std::vector<double> nats, cnn, pca;
  const auto judge = [&](const Images& images) {
    const Fidelity fd = bench.judge().fidelity(images);
    cnn.push_back(fd.cnn);
    pca.push_back(fd.pca);
  };
  if (kind == Kind::noise) {
    systems::Denoiser model(noise_spec(), bench.key(0));
    train_with_moments(bench, record, model, task, digits, options_of(kind));
    along(bench, record, task, kind, size, [&](const Moment& m, bool draw) {
      if (!draw) return;
      const auto then = systems::Denoiser::load(m.file);
      judge(bench.sampling([&] { return then.draw({.sampler = "dpm++2m", .steps = 10}, told, bench.key(1)); }).images);
    });
  } else {
    systems::PixelModel model(pixel_spec_of(kind), bench.key(0));
    train_with_moments(bench, record, model, task, digits, options_of(kind));
    const systems::PixelDraw how =
        kind == Kind::masked ? systems::PixelDraw{.choice = "spread", .pixels = 28} : systems::PixelDraw{};
    along(bench, record, task, kind, size, [&](const Moment& m, bool draw) {
      const auto then = systems::PixelModel::load(m.file);
      nats.push_back(held_out_nats(bench, then));
      if (draw) judge(bench.sampling([&] { return then.draw(how, told, bench.key(1)); }).images);
      std::filesystem::remove(m.file);
    });
    record.set("nats", nats);
    record.set("best_nats", *std::min_element(nats.begin(), nats.end()));
    record.set("last_nats", nats.back());
    record.set("early_nats", nats[3]);
  }
  record.set("fd_cnn", cnn);
  record.set("last_fd_cnn", cnn.back());
  record.set("last_fd_pca", pca.back());
  const Fidelity floor = bench.judge().floor(count);
  record.set("floor_cnn", floor.cnn);
  return record;
}

std::string task_name(const Family& f, Index size) {
  return std::string("curve.") + f.name + "." + std::to_string(size);
}

double measuring(Kind kind, const Settings& s) {
  const Counts n = counts(s);
  const double digits = static_cast<double>(n.held_out), drawn = static_cast<double>(n.drawn * (6 - n.first_drawn));
  if (kind == Kind::noise) return 0.017 * drawn + 0.2;
  if (kind == Kind::masked) return 0.0017 * 6 * digits * n.draws + 0.05 * drawn + 0.2;
  return 0.001 * 6 * digits + 0.006 * drawn + 0.2;
}

std::vector<Task> tasks(const Settings& s) {
  std::vector<Task> all;
  for (const Index size : sizes(s)) {
    for (const Family& family : families) {
      const Kind kind = family.kind;
      for (int seed = 1; seed <= seeds; ++seed) {
        const std::string name = task_name(family, size) + "." + std::to_string(seed);
        all.push_back({.name = name,
                       .training = size == 60 ? curve_weight / 2 : curve_weight,
                       .measuring = measuring(kind, s),
                       .run = [=](Bench& bench) { return learn(bench, name, kind, size); }});
      }
    }
  }
  return all;
}

/// The mean of three seeds' curves, with bars from the lowest to the highest.
Series curve(const Results& results, const std::string& task, const std::string& name, const char* x, const char* y) {
  Series series{.name = name, .points = {}};
  std::vector<std::vector<double>> all;
  for (int seed = 1; seed <= seeds; ++seed) all.push_back(results[task + "." + std::to_string(seed)].series(y));
  const Record& first = results[task + ".1"];
  const auto at = first.series(x);
  const std::size_t skip = at.size() - all[0].size();  // moments that were not drawn from
  for (std::size_t i = 0; i < all[0].size(); ++i) {
    const Spread s = spread({all[0][i], all[1][i], all[2][i]});
    series.points.push_back({at[skip + i], s.mean, s.low, s.high});
  }
  return series;
}

std::string digits_text(Index size) { return std::to_string(size) + " digits"; }

Chart likelihood_chart(const Results& results, const std::string& title, const char* x, const std::string& label) {
  Chart c{.title = title,
          .alternative = "Nats of held-out digits against " + label +
                         ": a curve for each system and number of "
                         "training digits; with few digits autoregression's turns up first.",
          .x = {.label = label, .log = true},
          .y = {.label = "nats of a held-out digit", .log = true},
          .series = {},
          .caption =
              "−log p of held-out black and white digits, less is better: exact for autoregression, a bound for "
              "masked diffusion. Means of three seeds, bars from the lowest to the highest. Networks 16 wide, "
              "equal seconds; regularised: weight decay 0.1, and a fifth of the pixels hidden in training.",
          .tasks = {}};
  for (const Index size : sizes(results.settings())) {
    for (const Family& f : families) {
      if (f.kind == Kind::noise) continue;
      c.series.push_back(curve(results, task_name(f, size), std::string(f.says) + ", " + digits_text(size), x, "nats"));
      c.tasks.push_back(task_name(f, size) + ".1");
    }
  }
  return c;
}

Table end_table(const Results& results) {
  Table t{.caption = "After equal seconds, means of three seeds ± standard errors. FD-CNN of " +
                     number(static_cast<double>(counts(results.settings()).drawn)) +
                     " digits; as many test digits score " + number(results["curve.ar.60.1"].number("floor_cnn")) + ".",
          .columns = {"", "times seen", "GFLOP", "nats, least", "nats, last", "FD-CNN"},
          .rows = {},
          .tasks = {}};
  const auto shown = [&](const std::string& task, const char* what) {
    const Spread s = spread(results.of_seeds(task, what));
    return number(s.mean) + " ± " + number(s.error);
  };
  for (const Index size : sizes(results.settings())) {
    for (const Family& f : families) {
      const std::string task = task_name(f, size);
      const bool likely = f.kind != Kind::noise;
      const Record& r = results[task + ".1"];
      t.rows.push_back({std::string(f.says) + ", " + digits_text(size), number(r.series("epochs").back()),
                        number(r.series("flops").back() / 1e9), likely ? shown(task, "best_nats") : "",
                        likely ? shown(task, "last_nats") : "", shown(task, "last_fd_cnn")});
      t.tasks.push_back(task + ".1");
    }
  }
  return t;
}

std::vector<Comparison> comparisons(const Results& results) {
  std::vector<Comparison> all;
  for (const Index size : sizes(results.settings())) {
    const auto of = [&](const char* family, const char* what) {
      return spread(results.of_seeds("curve." + std::string(family) + "." + std::to_string(size), what));
    };
    const auto compare = [&](const std::string& where, const char* diffusion, const char* other, const char* what) {
      all.push_back({where + ", " + digits_text(size), of(diffusion, what), of(other, what)});
    };
    compare("likelihood early on", "masked", "ar", "early_nats");
    compare("likelihood at its best", "masked", "ar", "best_nats");
    compare("likelihood at its best against the regularised", "masked", "regularised", "best_nats");
    compare("likelihood at the end", "masked", "ar", "last_nats");
    compare("likelihood at the end against the regularised", "masked", "regularised", "last_nats");
    compare("FD-CNN of masked diffusion", "masked", "ar", "last_fd_cnn");
    compare("FD-CNN of diffusion by noise", "diffusion", "ar", "last_fd_cnn");
    compare("FD-CNN of diffusion by noise against the regularised", "diffusion", "regularised", "last_fd_cnn");
  }
  return all;
}

Chart quality_chart(const Results& results) {
  Chart c{.title = "Quality against seconds",
          .alternative = "FD-CNN of drawn digits against processor seconds of training for each system.",
          .x = {.label = "processor seconds of training", .log = true},
          .y = {.label = "FD-CNN", .log = true},
          .series = {},
          .levels = {{"test digits", results["curve.ar.60.1"].number("floor_cnn")}},
          .caption = "FD-CNN of " + number(static_cast<double>(counts(results.settings()).drawn)) +
                     " digits drawn along the training, means of three seeds.",
          .tasks = {}};
  for (const Index size : sizes(results.settings())) {
    for (const Family& f : families) {
      c.series.push_back(curve(results, task_name(f, size), std::string(f.says) + ", " + digits_text(size),
                               "moment_seconds", "fd_cnn"));
      c.tasks.push_back(task_name(f, size) + ".1");
    }
  }
  return c;
}

/// With which numbers of digits one family is clearly better than another, in words.
std::string where_better(const Results& results, const char* better, const char* other, const char* what) {
  std::string all;
  for (const Index size : sizes(results.settings())) {
    const auto of = [&](const char* family) {
      return spread(results.of_seeds(std::string("curve.") + family + "." + std::to_string(size), what));
    };
    if (clearly_below(of(better), of(other))) all += (all.empty() ? "with " : ", ") + std::to_string(size);
  }
  return all.empty() ? "with no number of digits" : all + " digits";
}

Paragraph published(const Results& results) {
  return {
      "Published: at equal compute, predicting the next token is the more efficient early on (arXiv:2405.13218). Here "
      "autoregression has the clearly better likelihood after a quarter of the time " +
      where_better(results, "ar", "masked", "early_nats") +
      ". When data are repeated, masked diffusion wins (arXiv:2507.15857, 2511.03276). Here its best likelihood is "
      "clearly better than that of plain autoregression " +
      where_better(results, "masked", "ar", "best_nats") +
      ". Not against a regularised one (arXiv:2510.04071): here it is clearly better than that " +
      where_better(results, "masked", "regularised", "best_nats") + ", and clearly worse " +
      where_better(results, "regularised", "masked", "best_nats") + "."};
}

Section report(const Results& results) {
  Section section;
  section.verdict = rule_25(comparisons(results));
  section.blocks = {
      published(results),
      likelihood_chart(results, "Likelihood against repetition", "epochs", "times each digit was seen"),
      likelihood_chart(results, "Likelihood against operations", "flops", "operations of training"),
      likelihood_chart(results, "Likelihood against seconds", "moment_seconds", "processor seconds of training"),
      quality_chart(results),
      end_table(results)};
  return section;
}

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : "; ") + name;
  return all;
}

}  // namespace

Verdict rule_25(const std::vector<Comparison>& comparisons) {
  Verdict v;
  v.rule =
      "Supported if diffusion is clearly better than autoregression, plain and regularised, with few digits and "
      "with many, in likelihood and in FD-CNN; not supported if it is nowhere; otherwise only where it is. "
      "Clearly: by more than twice the standard error of three seeds, and every seed.";
  std::vector<std::string> better, worse, open;
  for (const Comparison& c : comparisons) {
    const std::string figures =
        c.where + " (" + number(c.diffusion.mean) + " to " + number(c.autoregression.mean) + ")";
    (clearly_below(c.diffusion, c.autoregression)   ? better
     : clearly_below(c.autoregression, c.diffusion) ? worse
                                                    : open)
        .push_back(figures);
  }
  const std::string counted_open = "Not decided: " + counted(static_cast<long long>(open.size()), "comparison") + ".";
  v.outcome = better.empty()                  ? Outcome::not_supported
              : worse.empty() && open.empty() ? Outcome::supported
                                              : Outcome::conditional;
  if (!better.empty()) v.because = "It is better in " + listed(better) + ". ";
  if (!worse.empty()) v.because += "Autoregression is better in " + listed(worse) + ". ";
  if (!open.empty()) v.because += counted_open;
  if (v.outcome == Outcome::conditional) {
    v.because = "it is judged by " + listed(better) + ". " +
                (worse.empty() ? "" : "Autoregression is better in " + listed(worse) + ". ") +
                (open.empty() ? std::string() : counted_open);
  }
  return v;
}

Claim claim_25() { return {25, "Diffusion works better.", tasks, report}; }

}  // namespace study
