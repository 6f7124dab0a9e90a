// Claim 8: several pixels per step cost quality, contiguous ones the most and spread-out ones the least.
//
// What k pixels drawn together cost is measured without drawing, on test digits, by the nats of the same pixels after
// the same known ones: all at once, less one after the other. The answers to "what is every pixel, now that so many are
// known?" along a window of an order give both, for every k that divides the window.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "inkling/core/view.hpp"
#include "inkling/gen/order.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/together.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;
using systems::Tokens;
using Places = std::vector<Index>;

constexpr Index pixels = 784, most = 28;
const std::vector<Index> amounts = {2, 4, 8, 16, 28};

/// The nats of places, an image's in a row: nats(n, j, m) of the m-th when j of them are known besides what was.
class WindowNats {
 public:
  WindowNats(Index images, Index length) : length_(length), nats_(static_cast<std::size_t>(images * length * length)) {}
  double& operator()(Index n, Index j, Index m) {
    return nats_[static_cast<std::size_t>((n * length_ + j) * length_ + m)];
  }
  /// What it costs to draw image n's pixels k at a time rather than one by one, in nats a pixel: the first groups.
  double excess(Index n, Index k, Index groups) {
    double sum = 0;
    for (Index m = 0; m < groups * k; ++m) sum += (*this)(n, m / k * k, m) - (*this)(n, m, m);
    return sum / static_cast<double>(groups * k);
  }

 private:
  Index length_;
  std::vector<double> nats_;
};

/// Asks the network along the places of every image, which become known one by one.
WindowNats window_nats(Bench& bench, const systems::PixelModel& model, const Tokens& tokens, Tokens state,
                       const std::vector<Places>& places) {
  const auto length = static_cast<Index>(places[0].size());
  WindowNats nats(tokens.extent(0), length);
  const auto told = systems::tell_nothing(tokens.extent(0));
  for (Index j = 0; j < length; ++j) {
    const auto p = bench.sampling([&] { return model.probabilities(state, told); });
    for (Index n = 0; n < tokens.extent(0); ++n) {
      const Places& here = places[static_cast<std::size_t>(n)];
      for (Index m = j; m < std::min(j + most, length); ++m) {
        const Index at = n * pixels + here[static_cast<std::size_t>(m)];
        nats(n, j, m) = -std::log(std::max(1e-30, static_cast<double>(p.data()[2 * at + tokens.data()[at]])));
      }
      const Index at = n * pixels + here[static_cast<std::size_t>(j)];
      state.mutable_data()[at] = tokens.data()[at];
    }
  }
  return nats;
}

/// Squares of 4 by 4 in raster order, and in each the halves, quarters and pairs one after the other: any 2, 4, 8 or 16
/// pixels of it that begin at a multiple are a compact block.
Order nested_squares() {
  Order order;
  for (Index i = 0; i < pixels; ++i) {
    const Index square = i / 16, within = i % 16;
    const Index row = (within >> 3 & 1) * 2 + (within & 1), column = (within >> 2 & 1) * 2 + (within >> 1 & 1);
    order.push_back((square / 7 * 4 + row) * 28 + square % 7 * 4 + column);
  }
  return order;
}

/// For each amount the cost in every image.
using Costs = std::vector<std::vector<double>>;

void keep(Record& record, const std::string& choice, const std::vector<Index>& ks, const Costs& costs) {
  for (std::size_t i = 0; i < ks.size(); ++i) {
    const Spread s = spread(costs[i]);
    record.set(choice + "." + amount_name(ks[i]) + "cost", s.mean);
    record.set(choice + "." + amount_name(ks[i]) + "error", s.error);
  }
}

/// The costs along one window of an order of every image, order_of(n); from image to image it is elsewhere. Windows
/// begin at multiples of their length, as groups of so many pixels do.
template <class OrderOf>
Costs costs_of_order(Bench& bench, const systems::PixelModel& model, const Tokens& tokens, const std::vector<Index>& ks,
                     Index length, const OrderOf& order_of) {
  Costs costs(ks.size());
  constexpr Index piece = 28;
  for (Index begin = 0; begin < tokens.extent(0); begin += piece) {
    const Tokens some = dense(view(tokens).slice(0, begin, std::min(begin + piece, tokens.extent(0))));
    Tokens state(some.shape(), missing_token);
    std::vector<Places> places;
    for (Index n = 0; n < some.extent(0); ++n) {
      const Order order = order_of(begin + n);
      const auto first = order.begin() + (begin + n) * 29 % (pixels / length) * length;
      for (auto at = order.begin(); at != first; ++at) {
        state.mutable_data()[n * pixels + *at] = some.data()[n * pixels + *at];
      }
      places.emplace_back(first, first + length);
    }
    auto nats = window_nats(bench, model, some, state, places);
    for (std::size_t i = 0; i < ks.size(); ++i) {
      for (Index n = 0; n < some.extent(0); ++n) costs[i].push_back(nats.excess(n, ks[i], length / ks[i]));
    }
  }
  return costs;
}

/// The missing pixels of image n of which the network is surest.
Places surest(const Tensor<float, 4>& p, const Tokens& state, Index n) {
  std::vector<std::pair<float, Index>> all;
  for (Index i = 0; i < pixels; ++i) {
    const float* both = p.data() + 2 * (n * pixels + i);
    if (state.data()[n * pixels + i] == missing_token) all.emplace_back(-std::max(both[0], both[1]), i);
  }
  std::sort(all.begin(), all.end());
  Places places;
  for (Index i = 0; i < most; ++i) places.push_back(all[static_cast<std::size_t>(i)].second);
  return places;
}

/// The most confident first: image n's are 28 at a time until n mod 28 steps are done, and the k most confident then.
Costs costs_of_confidence(Bench& bench, const systems::PixelModel& model, const Tokens& tokens) {
  Costs costs(amounts.size());
  const Index images = tokens.extent(0), steps = std::min<Index>(pixels / most, images);
  Tokens state(tokens.shape(), missing_token);
  for (Index step = 0; step < steps; ++step) {
    const auto p = bench.sampling([&] { return model.probabilities(state, systems::tell_nothing(images)); });
    for (Index n = 0; n < images; ++n) {
      const Places places = surest(p, state, n);
      const auto row = [&](const Tokens& t) { return dense(view(t).slice(0, n, n + 1)); };
      if (n % steps == step) {
        auto nats = window_nats(bench, model, row(tokens), row(state), {places});
        for (std::size_t i = 0; i < amounts.size(); ++i) costs[i].push_back(nats.excess(0, amounts[i], 1));
      }
      for (const Index at : places) state.mutable_data()[n * pixels + at] = tokens.data()[n * pixels + at];
    }
  }
  return costs;
}

Index measured(const Settings& s) { return s.steps > 0 ? 2 : s.full ? 392 : s.minutes < 30 ? 28 : 98; }

Record penalty(Bench& bench) {
  Record record;
  const auto model = systems::PixelModel::load(bench.weights("main.anyorder"));
  const Index count = std::min(measured(bench.settings()), bench.test_set().size());
  const Tokens tokens = model.tokens(evenly_spread(bench.test_set(), count), bench.key(1));
  const auto along = [&](const std::string& name, const auto& up_to_16, const auto& of_28) {
    const std::vector<Index> few = {2, 4, 8, 16}, many = {28};
    keep(record, name, few, costs_of_order(bench, model, tokens, few, 16, up_to_16));
    keep(record, name, many, costs_of_order(bench, model, tokens, many, 28, of_28));
  };
  const auto always = [](const Order& order) { return [order](Index) { return order; }; };
  const auto raster = always(orders::raster(28, 28)), spread_out = always(orders::spread(28, 28));
  const auto any = [&](Index n) { return orders::random(28, 28, bench.key(2).fold(static_cast<std::uint64_t>(n))); };
  along("run", raster, raster);
  along("spread", spread_out, spread_out);
  along("random", any, any);
  along("block", always(nested_squares()), always(orders::blocks(28, 28, 4, 7)));
  keep(record, "confident", amounts, costs_of_confidence(bench, model, tokens));
  record.set("images", static_cast<double>(count));
  return record;
}

Record frames(Bench& bench) {
  const auto model = systems::PixelModel::load(bench.weights("main.anyorder"));
  animate_choices(bench, model, {"block", "run", "confident", "random", "spread"},
                  bench.settings().steps > 0 ? 196 : 16, bench.picture("together.frames"));
  return {};
}

const std::vector<std::string> measured_choices = {"block", "run", "confident", "random", "spread"};

std::string says(const std::string& name) {
  for (const Choice& c : choices()) {
    if (c.name == name) return c.says;
  }
  return name;
}

std::string pm(double value, double error) { return number(value) + " ± " + number(error); }

Chart cost_chart(const Record& r) {
  Chart chart{.title = "What it costs to draw k pixels at once",
              .alternative = "Nats a pixel against k: blocks and runs far above random and spread-out places.",
              .x = {.label = "k, pixels drawn at once", .log = true},
              .y = {.label = "excess, nats a pixel"},
              .series = {},
              .caption = "On " + number(r.number("images")) +
                         " test digits: the nats of k pixels drawn at once, less those of the same pixels drawn one "
                         "after the other. Bars are two standard errors over the digits.",
              .tasks = {"together.penalty"}};
  for (const std::string& name : measured_choices) {
    Series s{.name = says(name), .points = {}};
    for (const Index k : amounts) {
      const double cost = r.number(name + "." + amount_name(k) + "cost"),
                   error = 2 * r.number(name + "." + amount_name(k) + "error");
      s.points.push_back({static_cast<double>(k), cost, cost - error, cost + error});
    }
    chart.series.push_back(std::move(s));
  }
  return chart;
}

Table cost_table(const Record& r) {
  Table t{
      .caption = "The same in numbers: excess nats a pixel ± standard error. Blocks are 2×1, 2×2, 4×2, 4×4 and 4×7.",
      .columns = {"drawn at once"},
      .rows = {},
      .tasks = {"together.penalty"}};
  for (const Index k : amounts) t.columns.push_back("k = " + std::to_string(k));
  for (const std::string& name : measured_choices) {
    std::vector<std::string> row{says(name)};
    for (const Index k : amounts) {
      const std::string at = name + "." + amount_name(k);
      row.push_back(pm(r.number(at + "cost"), r.number(at + "error")));
    }
    t.rows.push_back(std::move(row));
  }
  return t;
}

Chart quality_chart(const Results& results) {
  const Record& floor = results["together.floor"];
  Chart chart{.title = "Quality against pixels drawn at once",
              .alternative = "FD-CNN rises with k; blocks and runs rise first, spread-out places last.",
              .x = {.label = "k, pixels drawn at once", .log = true},
              .y = {.label = "FD-CNN", .log = true},
              .series = {},
              .levels = {{"test digits, black and white", floor.number("two.fd_cnn")}},
              .caption = "Of " + number(floor.number("drawn")) + " digits for every point; lower is better.",
              .tasks = {}};
  for (const std::string& name : measured_choices) {
    Series s{.name = says(name), .points = {}};
    for (const Index k : together_amounts(results.settings(), name)) {
      const double fd = results["together." + name].number(amount_name(k) + "fd_cnn");
      s.points.push_back({static_cast<double>(k), fd, fd, fd});
    }
    chart.series.push_back(std::move(s));
    chart.tasks.push_back("together." + name);
  }
  return chart;
}

std::vector<TogetherCost> costs_of(const Record& r) {
  std::vector<TogetherCost> all;
  for (const Index k : amounts) {
    const auto of = [&](const std::string& choice) {
      const std::string at = choice + "." + amount_name(k);
      return CostError{r.number(at + "cost"), r.number(at + "error")};
    };
    all.push_back({static_cast<int>(k), of("block"), of("run"), of("random"), of("spread")});
  }
  return all;
}

Section report(const Results& results) {
  const Record& r = results["together.penalty"];
  const auto drawn = together_amounts(results.settings(), "block");
  const bool sixteen = std::find(drawn.begin(), drawn.end(), Index{16}) != drawn.end();
  const std::string at = amount_name(sixteen ? 16 : drawn.front());
  const auto fd = [&](const std::string& choice) { return thirds(results["together." + choice], at); };
  Section section;
  section.verdict = rule_08(costs_of(r), fd("block"), fd("run"), fd("spread"));
  section.blocks = {
      cost_chart(r), cost_table(r), quality_chart(results),
      Picture{.file = results.picture("together.frames"),
              .alternative = "An animation of five rows of digits: squares that fill in, runs of the raster, and "
                             "three rows of scattered pixels that turn into digits.",
              .caption = "16 pixels at a time; from the top: " + says("block") + ", " + says("run") + ", " +
                         says("confident") + ", " + says("random") + ", " + says("spread") + ".",
              .scale = 3,
              .tasks = {"together.frames"}}};
  for (const std::string& name : measured_choices) {
    std::string rows;
    for (const Index k : together_amounts(results.settings(), name)) {
      rows += (rows.empty() ? "" : ", ") + std::to_string(k);
    }
    section.blocks.push_back(
        Picture{.file = results.picture("together." + name),
                .alternative = "Rows of digits, whole at the top and torn at the bottom.",
                .caption = "Drawn at once: " + says(name) + ". Pixels a step, by row: " + rows + ".",
                .scale = 2,
                .tasks = {"together." + name}});
  }
  return section;
}

}  // namespace

Verdict rule_08(const std::vector<TogetherCost>& costs, const Spread& block, const Spread& run, const Spread& spread) {
  Verdict v;
  v.rule =
      "Supported if for every k up to 16 blocks and runs cost more than 5 times as much as random and as spread-out "
      "places, by more than two standard errors, for k of 4 to 16 blocks cost more than runs, and the FD-CNN of "
      "spread-out places is clearly below that of blocks and runs, by three seeds of sampling. Only when, if that is "
      "so "
      "for some k.";
  const auto apart = [](const CostError& much, const CostError& little) {
    return much.cost - 5 * little.cost > 2 * std::hypot(much.error, 5 * little.error);
  };
  std::string good;
  bool all = true, any = false;
  for (const TogetherCost& c : costs) {
    if (c.pixels > 16) continue;
    bool here = true;
    for (const CostError* much : {&c.block, &c.run}) here = here && apart(*much, c.random) && apart(*much, c.spread);
    if (c.pixels >= 4) here = here && c.block.cost > c.run.cost;
    all = all && here;
    any = any || here;
    if (here) good += (good.empty() ? "k is " : ", ") + std::to_string(c.pixels);
    v.because += (v.because.empty() ? "" : "; ") + ("k = " + std::to_string(c.pixels)) + ": block " +
                 number(c.block.cost) + ", run " + number(c.run.cost) + ", random " + number(c.random.cost) +
                 ", spread " + number(c.spread.cost) + " nats a pixel";
  }
  const bool better = clearly_below(spread, block) && clearly_below(spread, run);
  v.because += ". FD-CNN of three seeds: block " + number(block.mean) + ", run " + number(run.mean) + ", spread " +
               number(spread.mean) + ".";
  if (any && better) {
    v.outcome = all ? Outcome::supported : Outcome::conditional;
    if (!all) v.because = good + ": " + v.because;
  } else {
    v.outcome = Outcome::not_supported;
  }
  return v;
}

Claim claim_08() {
  return {8, "Several pixels per step cost quality: contiguous ones the most, spread-out ones the least.",
          [](const Settings& s) {
    std::vector<Task> all = together_tasks(s);
    const double asked = static_cast<double>(measured(s)) * (4 * (16 + 28) + 2 * most);
    all.push_back({.name = "together.penalty", .measuring = 0.004 * asked, .needs = {"main.anyorder"}, .run = penalty});
    all.push_back({.name = "together.frames", .measuring = 6, .needs = {"main.anyorder"}, .run = frames});
    return all;
  }, report};
}

}  // namespace study
