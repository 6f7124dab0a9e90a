// Claim 14: from the predicted clean image, re-apply the noise process to move on. Re-noising, DDPM and DDIM are one
// family, which differ in how much of the predicted noise they keep. Exactly: on Gaussian data, whose best denoiser is
// known, what standard deviation each ends with, by the library's samplers against recursions written out here. And on
// digits: how good each is at a few numbers of steps, with one trained denoiser.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "inkling/dist/dirac.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler/at_times.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/ddpm.hpp"
#include "inkling/gen/sampler/renoise.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/gen/schedule/time_grid.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/metrics/ink_statistics.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

// --- Gaussian data, exactly --------------------------------------------------------------------------------------

constexpr double data_deviation = 0.6;
const std::vector<int> step_counts{5, 10, 20, 50, 100, 200, 500, 1000};
const std::vector<std::string> members{"renoise", "ddpm", "half", "ddim"};

std::string title(const std::string& member) {
  if (member == "renoise") return "re-noise";
  if (member == "ddpm") return "DDPM";
  if (member == "ddim") return "DDIM";
  return "half way (η = 0.5)";
}

/// The best denoiser of numbers that are independently normal: E[x₀ | x_t] = α·v/(α²·v + σ²)·x_t.
struct GaussianData {
  LinearBeta schedule;

  Scales scales(double t) const { return schedule(t); }
  std::vector<double> times(int steps) const { return schedule.times(steps); }
  auto posterior(const Tensor<double, 4>& x, double t, const Unconditional&) const {
    const Scales s = schedule(t);
    const double v = data_deviation * data_deviation;
    return Dirac(Tensor<double, 4>(x * (s.alpha * v / (s.alpha * s.alpha * v + s.sigma * s.sigma))));
  }
  /// The noisy data themselves at the first time, so that nothing is lost at the start.
  double first_variance() const {
    const Scales s = schedule(1);
    return s.alpha * s.alpha * data_deviation * data_deviation + s.sigma * s.sigma;
  }
};

/// Calls f with a member of the family that takes so many steps.
template <class F>
auto with_member(const std::string& name, int steps, const F& f) {
  if (name == "renoise") return f(Renoise{.steps = steps});
  if (name == "ddpm") return f(Ddpm{.steps = steps});
  return f(Ddim{.steps = steps, .eta = name == "half" ? 0.5 : 0});
}

/// Where a sampler ends: a step on Gaussian data is x_s = a·x_t + b·z, and giving it 0 and 1 tells a and b exactly.
double deviation_by_steps(const std::string& member, int steps, Key key) {
  const GaussianData model;
  return with_member(member, steps, [&](const auto& sampler) {
    const Tensor<double, 4> zero({1, 1, 1, 1}), one({1, 1, 1, 1}, 1.0);
    auto memory = sampler.begin(model, zero, Unconditional{});
    const auto times = linspace_times(steps);
    double variance = model.first_variance();
    for (std::size_t i = 0; i + 1 < times.size(); ++i) {
      const double z = normal<double>(zero.shape(), key.fold(i)).item();
      const auto step = [&](const auto& x) {
        return sampler.step(model, x, times[i], times[i + 1], memory, key.fold(i), Unconditional{}).item();
      };
      const double from_zero = step(zero), a = step(one) - from_zero, b = from_zero / z;
      variance = a * a * variance + b * b;
    }
    return std::sqrt(variance);
  });
}

/// The same by many draws, which sees the noise between steps as well.
double deviation_by_draws(const std::string& member, int steps, Index count, Key key) {
  const GaussianData model;
  const auto x = normal<double>(Shape{count, 1, 1, 1}, key.fold(0)) * std::sqrt(model.first_variance());
  const auto drawn = with_member(member, steps, [&](const auto& s) {
    return sample(AtTimes{s, linspace_times(steps)}, model, Tensor<double, 4>(x), key.fold(1));
  });
  double squares = 0;
  for (const double v : drawn.values()) squares += v * v;
  return std::sqrt(squares / static_cast<double>(count));
}

/// By hand: ᾱ from DDPM's own table, and the formula of each member.
double deviation_by_hand(const std::string& member, int steps) {
  std::vector<double> alpha_bar{1};
  for (int i = 0; i < 1000; ++i) alpha_bar.push_back(alpha_bar.back() * (1 - (1e-4 + (0.02 - 1e-4) * i / 999)));
  const double v = data_deviation * data_deviation;
  double variance = alpha_bar[1000] * v + 1 - alpha_bar[1000];
  const auto after = [&](int k) {  // so many of the steps, spread evenly from the first row of the table to the last
    return alpha_bar[k == 0 ? 0 : static_cast<std::size_t>(std::nearbyint(999.0 * (k - 1) / (steps - 1))) + 1];
  };
  for (int k = steps; k > 0; --k) {
    const double at = after(k), to = after(k - 1);
    const double clean = std::sqrt(at) * v / (at * v + 1 - at);  // E[x₀ | x] is so many times x
    const double noise = (1 - std::sqrt(at) * clean) / std::sqrt(1 - at);
    if (member == "renoise") {
      variance = to * clean * clean * variance + 1 - to;
    } else if (member == "ddpm") {
      const double kept = at / to, beta = 1 - kept;
      const double a = std::sqrt(to) * beta / (1 - at) * clean + std::sqrt(kept) * (1 - to) / (1 - at);
      variance = a * a * variance + (1 - to) / (1 - at) * beta;
    } else {
      const double eta = member == "half" ? 0.5 : 0;
      const double fresh = eta * eta * (1 - to) / (1 - at) * (1 - at / to);
      const double a = std::sqrt(to) * clean + std::sqrt(1 - to - fresh) * noise;
      variance = a * a * variance + fresh;
    }
  }
  return std::sqrt(variance);
}

/// The largest difference between DDPM and DDIM with η = 1, which should be the same sampler.
double ddpm_less_ddim(Key key) {
  const GaussianData model;
  const auto x = normal<double>(Shape{100, 1, 1, 1}, key.fold(0));
  const auto a = sample(Ddpm{.steps = 50}, model, Tensor<double, 4>(x), key.fold(1));
  const auto b = sample(Ddim{.steps = 50, .eta = 1}, model, Tensor<double, 4>(x), key.fold(1));
  double worst = 0;
  for (Index i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a.data()[i] - b.data()[i]));
  return worst;
}

Record on_gaussian_data(Bench& bench) {
  Record record;
  double worst = 0, worst_drawn = 0;
  for (const std::string& member : members) {
    std::vector<double> by_steps, by_hand, by_draws;
    for (const int steps : step_counts) {
      by_steps.push_back(deviation_by_steps(member, steps, bench.key(1)));
      by_hand.push_back(deviation_by_hand(member, steps));
      worst = std::max(worst, std::abs(by_steps.back() - by_hand.back()));
      if (steps > 50) continue;
      constexpr Index count = 50'000;
      by_draws.push_back(deviation_by_draws(member, steps, count, bench.key(2)));
      const double error = by_hand.back() / std::sqrt(2.0 * count);
      worst_drawn = std::max(worst_drawn, std::abs(by_draws.back() - by_hand.back()) / error);
    }
    record.set(member + ".by_steps", by_steps);
    record.set(member + ".by_hand", by_hand);
    record.set(member + ".by_draws", by_draws);
  }
  record.set("worst", worst);
  record.set("worst_drawn", worst_drawn);  // in standard errors
  record.set("ddpm_less_ddim", ddpm_less_ddim(bench.key(3)));
  return record;
}

// --- Digits ------------------------------------------------------------------------------------------------------

std::vector<int> steps_on_digits(const Settings& s) {
  if (s.steps > 0) return {3};
  if (s.minutes < 30 && !s.full) return {10, 20};
  return {10, 20, 50};
}

/// Of a seed; three of them make the set that is compared with the floor.
Index drawn_a_seed(const Settings& s) { return s.steps > 0 ? 4 : s.full ? 160 : s.minutes < 30 ? 30 : 60; }

std::vector<std::string> members_on_digits(const Settings& s) {
  return s.full ? members : std::vector<std::string>{"renoise", "ddpm", "ddim"};
}

std::string task_name(int steps) { return "family." + std::to_string(steps); }

systems::DrawOptions draw_options(const std::string& member, int steps) {
  if (member == "half") return {.sampler = "ddim", .steps = steps, .eta = 0.5};
  return {.sampler = member, .steps = steps};
}

/// Draws three sets and judges each, and all of them.
Images draw_and_judge(Bench& bench, Record& record, const std::string& name, const systems::Denoiser& model,
                      const systems::DrawOptions& options) {
  const Index count = drawn_a_seed(bench.settings());
  std::vector<Images> sets;
  std::vector<double> distances;
  for (int seed = 1; seed <= seeds; ++seed) {
    sets.push_back(bench
                       .sampling([&] {
      // The same noise to begin with for every member and number of steps.
      return model.draw(options, systems::tell_every_class(count), bench.shared_key(static_cast<std::uint64_t>(seed)));
    }).images);
    distances.push_back(bench.judge().fidelity(sets.back()).cnn);
  }
  const Images all = concat(0, sets);
  record.set(name + ".fd_cnn_of_seeds", distances);
  note(record, name + ".", bench.judge().fidelity(all));
  const auto ink = metrics::ink_statistics(all);
  record.set(name + ".greyness", ink.greyness);
  record.set(name + ".gradient_energy", ink.gradient_energy);
  return dense(view(sets.front()).slice(0, 0, std::min<Index>(10, count)));
}

Record on_digits(Bench& bench, int steps) {
  Record record;
  const auto model = systems::Denoiser::load(bench.weights("main.diffusion"));
  std::vector<Images> rows;
  for (const std::string& member : members_on_digits(bench.settings())) {
    rows.push_back(draw_and_judge(bench, record, member, model, draw_options(member, steps)));
  }
  draw_and_judge(bench, record, "one_step", model, {.sampler = "ddim", .steps = 1});
  const Index count = seeds * drawn_a_seed(bench.settings());
  note(record, "floor.", bench.judge().floor(count));
  const auto real = metrics::ink_statistics(evenly_spread(bench.test_set(), count));
  record.set("floor.greyness", real.greyness);
  record.set("floor.gradient_energy", real.gradient_energy);
  record.set("drawn", static_cast<double>(count));
  const Index columns = rows.front().extent(0);
  io::write_png(bench.picture(task_name(steps)), image_grid(concat(0, rows), columns));
  return record;
}

// --- The section -------------------------------------------------------------------------------------------------

Chart chart_of_bias(const Record& r) {
  Chart chart{
      .title = "Standard deviation that Gaussian data come out with",
      .alternative = "Over 5 to 1000 steps DDIM and DDPM rise to the true 0.6; re-noising stays near 0.4.",
      .x = {.label = "steps", .log = true},
      .y = {.label = "standard deviation", .from = 0},
      .series = {},
      .levels = {{"the data", data_deviation}},
      .caption = "By the library's own steps with the best possible denoiser; steps spread evenly over DDPM's 1000.",
      .tasks = {"family.gaussian"}};
  for (const std::string& member : members) {
    Series series{.name = title(member), .points = {}};
    const auto values = r.series(member + ".by_steps");
    for (std::size_t i = 0; i < step_counts.size(); ++i) {
      series.points.push_back({.x = static_cast<double>(step_counts[i]), .y = values[i]});
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

Table table_of_bias(const Record& r) {
  Table table{.caption = "The standard deviation of the data is 0.6. The samplers differ from the formulas by " +
                         number(r.number("worst")) + " at most, and draws of 50,000 numbers by " +
                         number(r.number("worst_drawn")) + " standard errors; DDPM and DDIM with η = 1 differ by " +
                         number(r.number("ddpm_less_ddim")) + ".",
              .columns = {"steps"},
              .rows = {},
              .tasks = {"family.gaussian"}};
  for (const std::string& member : members) {
    table.columns.push_back(title(member));
    table.columns.push_back("by formula");
  }
  for (std::size_t i = 0; i < step_counts.size(); ++i) {
    std::vector<std::string> row{std::to_string(step_counts[i])};
    for (const std::string& member : members) {
      row.push_back(number(r.series(member + ".by_steps")[i]));
      row.push_back(number(r.series(member + ".by_hand")[i]));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<std::string> quality_tasks(const Settings& s) {
  std::vector<std::string> tasks;
  for (const int steps : steps_on_digits(s)) tasks.push_back(task_name(steps));
  return tasks;
}

Chart chart_of_quality(const Results& results) {
  const Settings& s = results.settings();
  const Record& first = results[quality_tasks(s).front()];
  Chart chart{.title = "Quality of the family on digits",
              .alternative = "FD-CNN against the number of steps for re-noising, DDPM and DDIM, with the floor.",
              .x = {.label = "steps, each one evaluation of the network", .log = true},
              .y = {.label = "FD-CNN (less is better)", .log = true},
              .series = {},
              .levels = {{"real digits", first.number("floor.fd_cnn")},
                         {"the first expected clean image", first.number("one_step.fd_cnn")}},
              .caption = "Of " + number(first.number("drawn")) + " images each, told every digit in turn; bars are " +
                         "standard errors of three sets. One network, the same noise to begin with.",
              .tasks = quality_tasks(s)};
  for (const std::string& member : members_on_digits(s)) {
    Series series{.name = title(member), .points = {}};
    for (const int steps : steps_on_digits(s)) {
      const Record& r = results[task_name(steps)];
      const double all = r.number(member + ".fd_cnn"), error = spread(r.series(member + ".fd_cnn_of_seeds")).error;
      series.points.push_back(
          {.x = static_cast<double>(steps), .y = all, .low = std::max(all - error, all / 10), .high = all + error});
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

Table table_of_quality(const Results& results) {
  const Settings& s = results.settings();
  Table table{.caption =
                  "Re-noising loses what the expected clean image has lost. Greyness is the share of inked pixels "
                  "that are not black, gradient energy the sharpness along rows.",
              .columns = {"", "steps", "FD-CNN", "FD-PCA64", "greyness", "gradient energy"},
              .rows = {},
              .tasks = quality_tasks(s)};
  const auto add = [&](const std::string& name, const std::string& steps, const Record& r, const std::string& prefix) {
    table.rows.push_back({name, steps, number(r.number(prefix + ".fd_cnn")), number(r.number(prefix + ".fd_pca")),
                          number(r.number(prefix + ".greyness")), number(r.number(prefix + ".gradient_energy"))});
  };
  for (const std::string& member : members_on_digits(s)) {
    for (const int steps : steps_on_digits(s)) {
      add(title(member), std::to_string(steps), results[task_name(steps)], member);
    }
  }
  const Record& last = results[quality_tasks(s).back()];
  add("first expected clean image", "1", last, "one_step");
  add("real digits", "", last, "floor");
  return table;
}

Section report(const Results& results) {
  const Settings& s = results.settings();
  std::vector<FamilyQuality> digits;
  for (const int steps : steps_on_digits(s)) {
    const Record& r = results[task_name(steps)];
    const auto of = [&](const std::string& name) { return spread(r.series(name + ".fd_cnn_of_seeds")); };
    digits.push_back({steps, of("renoise"), of("ddpm"), of("ddim"), of("one_step")});
  }
  const Record& exact = results["family.gaussian"];
  const int shown = steps_on_digits(s).size() > 1 ? 20 : steps_on_digits(s).front();
  Section section;
  section.verdict = rule_14(exact.number("worst"), exact.series("renoise.by_hand").back() / data_deviation, digits);
  section.blocks = {
      Paragraph{
          "x_s = α_s·x̂₀ + √(σ_s² − v)·ε̂ + √v·z. With v = 0 all of the predicted noise is kept (DDIM); with "
          "v = σ_s² none is, and the noise process is applied afresh to the expected clean image; DDPM is between."},
      chart_of_bias(exact),
      table_of_bias(exact),
      chart_of_quality(results),
      Picture{.file = results.picture(task_name(shown)),
              .alternative = "Rows of ten digits, drawn by re-noising, by DDPM and by DDIM.",
              .caption = "The digits 0 to 9 in " + std::to_string(shown) + " steps: from above " +
                         (s.full ? "re-noise, DDPM, half way, DDIM." : "re-noise, DDPM, DDIM."),
              .scale = 2,
              .tasks = {task_name(shown)}},
      table_of_quality(results)};
  return section;
}

}  // namespace

Verdict rule_14(double exact_error, double renoised_share, const std::vector<FamilyQuality>& digits) {
  Verdict v;
  v.rule =
      "Supported if the samplers agree with their formulas on Gaussian data to 1e-9, re-noising draws digits with "
      "clearly less FD-CNN than the first expected clean image at every number of steps, and neither DDPM nor DDIM has "
      "clearly less at any. If one has, or only they improve on the first image: supported only when predicted noise "
      "is "
      "kept. Clearly: by two standard errors, and every one of three sets.";
  bool moves = !digits.empty(), others_move = !digits.empty();
  std::string beaten;
  for (const FamilyQuality& q : digits) {
    moves = moves && clearly_below(q.renoise, q.one_step);
    others_move = others_move && (clearly_below(q.ddpm, q.one_step) || clearly_below(q.ddim, q.one_step));
    if (clearly_below(q.ddpm, q.renoise) || clearly_below(q.ddim, q.renoise)) {
      beaten += (beaten.empty() ? "" : ", ") + std::to_string(q.steps);
    }
    v.because += "In " + std::to_string(q.steps) + " steps FD-CNN is " + number(q.renoise.mean) + " by re-noising, " +
                 number(q.ddpm.mean) + " by DDPM, " + number(q.ddim.mean) + " by DDIM; of the first expected image " +
                 number(q.one_step.mean) + ". ";
  }
  v.because += "On Gaussian data re-noising keeps " + number(renoised_share) +
               " of the standard deviation after 1000 steps; samplers and formulas differ by " + number(exact_error) +
               ".";
  if (exact_error > 1e-9 || !(moves || others_move)) {
    v.outcome = Outcome::not_supported;
  } else if (moves && beaten.empty()) {
    v.outcome = Outcome::supported;
  } else {
    v.outcome = Outcome::conditional;
    v.because = "some of the predicted noise is kept, as DDPM and DDIM do" +
                (beaten.empty() ? "" : " (re-noising is clearly worse in " + beaten + " steps)") + ". " + v.because;
  }
  return v;
}

Claim claim_14() {
  return {14, "From the predicted clean image, re-apply the noise process to move on.",
          [](const Settings& s) -> std::vector<Task> {
    std::vector<Task> tasks{{.name = "family.gaussian", .measuring = 3, .run = on_gaussian_data}};
    for (const int steps : steps_on_digits(s)) {
      const double evaluations = static_cast<double>(members_on_digits(s).size()) * steps + 1;
      tasks.push_back({.name = task_name(steps),
                       .measuring = 1 + 0.004 * evaluations * static_cast<double>(seeds * drawn_a_seed(s)),
                       .needs = {"main.diffusion"},
                       .run = [steps](Bench& bench) { return on_digits(bench, steps); }});
    }
    return tasks;
  }, report};
}

}  // namespace study
