// Claim 10: masked (absorbing) diffusion is any-order autoregression: the bridge between the families. Their losses are
// computed exactly, over every order and every set of missing pixels, for images of four pixels and networks in double
// precision; and one set of weights draws digits as either.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "inkling/gen/likelihood/token_bounds.hpp"
#include "inkling/gen/token/masked_diffusion.hpp"
#include "inkling/nn/condition.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/together.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

constexpr Index places = 4, images = 16;
const Unconditional nothing;

/// Every black and white image of 2 by 2 pixels.
Tokens all_images() {
  Tokens x({images, 2, 2});
  for (Index i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<std::int32_t>(i / places >> i % places & 1);
  return x;
}

/// A network of one hidden layer with random weights. It knows of no joint distribution: its answers to different
/// orders disagree, as a trained network's do.
struct SmallNetwork {
  using value_type = double;
  static constexpr Index hidden = 16;
  Tensor<double, 2> in, out;

  explicit SmallNetwork(Key key)
      : in(normal<double>(Shape{hidden, 2 * places}, key.fold(0))),
        out(normal<double>(Shape{2 * places, hidden}, key.fold(1))) {}

  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>& shown, const Tensor<double, 1>& level, const C&) const {
    Tensor<double, 4> logits({shown.extent(0), 2, 2, 2});
    for (Index n = 0; n < shown.extent(0); ++n) {
      for (Index h = 0; h < hidden; ++h) {
        double sum = level(n) / 1000;
        for (Index i = 0; i < 2 * places; ++i) sum += in(h, i) * shown.data()[2 * places * n + i];
        for (Index i = 0; i < 2 * places; ++i) logits.mutable_data()[2 * places * n + i] += out(i, h) * std::tanh(sum);
      }
    }
    return logits;
  }
  static void visit(auto&, auto&&) {}
};

/// Another schedule: quick at first.
struct RootMasking {
  double operator()(double t) const { return 1 - std::sqrt(t); }
  double weight(double t) const { return 0.5 / t; }
};

/// The loss of any-order autoregression: over every order and every number of known pixels.
Tensor<double, 1> any_order_loss(const SmallNetwork& network, Asked asked) {
  Tensor<double, 1> nats(Shape{images});
  Order order = orders::raster(2, 2);
  double count = 0;
  do {
    AnyOrder model(network, Quantizer{2}, ListedOrders{{order}});
    model.asked = asked;
    for (Index k = 0; k < places; ++k) {
      const double u = (static_cast<double>(k) + 0.5) / places;
      const auto e = model.corrupt_tokens(all_images(), Tensor<double, 1>(Shape{images}, u), Key{1});
      nats = nats - model.predict(e.state, e.level, nothing).log_prob(e.target) * e.weight / double{places};
    }
    ++count;
  } while (std::next_permutation(order.begin(), order.end()));
  return nats / count;
}

/// ∫ weight(t)·(1 − α)^missing·α^(D − missing) dt, by Gauss's rule in t = v²: the schedules are smooth in v.
template <class Schedule>
double weight_of(const Schedule& schedule, int missing) {
  double sum = 0;
  constexpr int panels = 4000;
  for (int i = 0; i < 2 * panels; ++i) {
    const double v = (i / 2 + 0.5 + (i % 2 ? 0.5 : -0.5) / std::sqrt(3.0)) / panels, kept = schedule(v * v);
    sum += 2 * v * schedule.weight(v * v) * std::pow(1 - kept, missing) * std::pow(kept, places - missing);
  }
  return sum / (2 * panels);
}

/// The loss of masked diffusion: over every set of missing pixels and all times.
template <class Schedule>
Tensor<double, 1> masked_loss(const SmallNetwork& network, const Schedule& schedule) {
  const MaskedDiffusion model(network, Quantizer{2}, schedule);
  Tensor<double, 1> nats(Shape{images});
  for (Index missing = 1; missing < Index{1} << places; ++missing) {
    Tokens state = all_images(), target = state;
    int count = 0;
    for (Index i = 0; i < places; ++i) {
      const bool here = missing >> i & 1;
      count += here;
      for (Index b = 0; b < images; ++b) (here ? state : target)(b, i / 2, i % 2) = missing_token;
    }
    nats = nats - model.posterior(state, 0.5, nothing).log_prob(target) * weight_of(schedule, count);
  }
  return nats;
}

double largest(const Tensor<double, 1>& a, const Tensor<double, 1>& b) {
  double most = 0;
  for (Index i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a(i) - b(i)));
  return most;
}

double mean_of(const Tensor<double, 1>& nats) {
  double sum = 0;
  for (const double v : nats.values()) sum += v / static_cast<double>(nats.size());
  return sum;
}

Record losses(Bench& bench) {
  Record record;
  const SmallNetwork network(bench.key(1));
  const auto next = any_order_loss(network, Asked::next);
  double worst = 0;
  const auto note_loss = [&](const std::string& name, const Tensor<double, 1>& nats) {
    record.set(name, mean_of(nats));
    record.set(name + "_off", largest(nats, next));
    worst = std::max(worst, largest(nats, next));
  };
  note_loss("next", next);
  note_loss("remaining", any_order_loss(network, Asked::remaining));
  note_loss("linear", masked_loss(network, LinearMasking{}));
  note_loss("cosine", masked_loss(network, CosineMasking{}));
  note_loss("root", masked_loss(network, RootMasking{}));
  record.set("largest_difference", worst);
  const AnyOrder model(network, Quantizer{2});
  const auto forth = ordered_nll(model, all_images(), nothing, {0, 1, 2, 3}),
             back = ordered_nll(model, all_images(), nothing, {3, 2, 1, 0});
  record.set("orders_differ", largest(forth, back));  // or equal losses would be no wonder
  return record;
}

Record frames(Bench& bench) {
  const auto model = systems::PixelModel::load(bench.weights("main.anyorder"));
  animate_choices(bench, model, {"random", "masked"}, bench.settings().steps > 0 ? 196 : 16,
                  bench.picture("bridge.frames"));
  return {};
}

Table loss_table(const Record& r) {
  const auto row = [&](const char* says, const std::string& name) {
    char nats[32];
    std::snprintf(nats, sizeof nats, "%.12f", r.number(name));
    return std::vector<std::string>{says, nats, number(r.number(name + "_off"))};
  };
  return {.caption =
              "Exact losses of one network with random weights, in nats: the mean over all 16 images of 2 by 2 pixels, "
              "and the largest difference of an image's from the first row. Each is over all 24 orders, or all sets of "
              "missing pixels and all times. Two single orders of this network differ by up to " +
              number(r.number("orders_differ")) + " nats.",
          .columns = {"loss", "nats", "largest difference"},
          .rows = {row("any order, the next pixel is asked for", "next"),
                   row("any order, all that remain are asked for", "remaining"),
                   row("masked diffusion, linear schedule", "linear"),
                   row("masked diffusion, cosine schedule", "cosine"), row("masked diffusion, root schedule", "root")},
          .tasks = {"bridge.losses"}};
}

std::vector<BridgeStep> steps_of(const Results& results) {
  std::vector<BridgeStep> all;
  auto amounts = together_amounts(results.settings(), "random");
  std::reverse(amounts.begin(), amounts.end());
  for (const Index k : amounts) {
    const auto of = [&](const std::string& choice) { return thirds(results["together." + choice], amount_name(k)); };
    all.push_back({static_cast<int>(evaluations_of(k)), of("random"), of("masked")});
  }
  return all;
}

Chart drawn_chart(const std::vector<BridgeStep>& steps) {
  const auto line = [&](const std::string& name, Spread BridgeStep::* member) {
    Series s{.name = name, .points = {}};
    for (const BridgeStep& step : steps) {
      const Spread& fd = step.*member;
      s.points.push_back({static_cast<double>(step.evaluations), fd.mean, fd.low, fd.high});
    }
    return s;
  };
  return {.title = "One set of weights, sampled both ways",
          .alternative = "Two falling lines that lie on each other within their bars.",
          .x = {.label = "network evaluations for an image", .log = true},
          .y = {.label = "FD-CNN", .log = true},
          .series = {line("any order: as many random pixels in every step", &BridgeStep::any_order),
                     line("masked diffusion: each pixel by chance", &BridgeStep::masked)},
          .caption = "Means of three seeds of sampling, with the lowest and the highest as bars; lower is better.",
          .tasks = {"together.random", "together.masked"}};
}

Section report(const Results& results) {
  const Record& r = results["bridge.losses"];
  const auto steps = steps_of(results);
  Section section;
  section.verdict = rule_10(r.number("largest_difference"), r.number("orders_differ"), steps);
  section.blocks = {
      loss_table(r), drawn_chart(steps),
      Picture{.file = results.picture("bridge.frames"),
              .alternative = "An animation: grey masks lift pixel by pixel from two rows of digits.",
              .caption = "Masks lift: 16 random pixels a step (above), and the steps of masked diffusion, "
                         "each pixel by chance (below).",
              .scale = 3,
              .tasks = {"bridge.frames"}},
      Picture{.file = results.picture("together.masked"),
              .alternative = "Rows of digits, whole at the top and torn at the bottom.",
              .caption = "The steps of masked diffusion: fewer from row to row.",
              .scale = 2,
              .tasks = {"together.masked"}}};
  return section;
}

}  // namespace

Verdict rule_10(double largest_difference, double orders_differ, const std::vector<BridgeStep>& steps) {
  Verdict v;
  v.rule =
      "Supported if all losses agree to 1e-9 nats for every image, of a network whose orders differ by more than 0.01, "
      "and at no number of evaluations one way of sampling is clearly better than the other, by three seeds. Only "
      "when, "
      "if the losses agree but at some number of evaluations one is.";
  std::string same;
  std::size_t count = 0;
  for (const BridgeStep& s : steps) {
    const bool here = !clearly_below(s.any_order, s.masked) && !clearly_below(s.masked, s.any_order);
    count += here;
    if (here) same += (same.empty() ? "" : ", ") + std::to_string(s.evaluations);
    v.because += (v.because.empty() ? "" : "; ") + (std::to_string(s.evaluations) + " evaluations: any order ") +
                 number(s.any_order.mean) + ", masked " + number(s.masked.mean);
  }
  v.because = "The losses differ by at most " + number(largest_difference) + " nats. FD-CNN at " + v.because + ".";
  if (!(largest_difference <= 1e-9) || !(orders_differ > 0.01) || count == 0) {
    v.outcome = Outcome::not_supported;
  } else if (count == steps.size()) {
    v.outcome = Outcome::supported;
  } else {
    v.outcome = Outcome::conditional;
    v.because = "there are " + same + " evaluations, as for what is drawn. " + v.because;
  }
  return v;
}

Claim claim_10() {
  return {10, "Masked diffusion is any-order autoregression: the bridge between the families.",
          [](const Settings&) -> std::vector<Task> {
    return {{.name = "bridge.losses", .measuring = 1, .needs = together_names(), .run = losses},
            {.name = "bridge.frames", .measuring = 3, .needs = {"main.anyorder"}, .run = frames}};
  }, report};
}

}  // namespace study
