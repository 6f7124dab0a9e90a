// Claim 5: a causal architecture trains all steps in one evaluation. Shown exactly, with random weights: no output
// depends on its own pixel or a later one, so that one evaluation holds the conditional of every pixel. And what a
// single stack of masked convolutions does not see, which two stacks do.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "inkling/io/png.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/small_causal.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

struct Kind {
  const char* name;        // of the network
  const char* short_name;  // in records
};
constexpr Kind kinds[] = {{"one stack", "one"}, {"two stacks", "two"}, {"gpt", "gpt"}};

/// Deep enough for two stacks to see the whole image: 3 + layers rows and columns.
SmallCausalSpec spec_of(const Kind& kind, const Settings& s) {
  const Index side = s.steps > 0 ? 7 : 13;
  const bool gpt = std::string(kind.name) == "gpt";
  return {.network = kind.name, .side = side, .width = 8, .layers = gpt ? 2 : side - 3, .heads = 2};
}

struct Seen {
  double later = 0;    ///< the largest influence of a pixel on its own output or an earlier one
  double earlier = 0;  ///< pairs of an output and an earlier pixel
  double hidden = 0;   ///< those of them without any influence
};

Seen seen_in(const Tensor<double, 2>& influence) {
  Seen seen;
  for (Index i = 0; i < influence.extent(0); ++i) {
    for (Index j = 0; j < influence.extent(1); ++j) {
      if (j >= i) {
        seen.later = std::max(seen.later, influence(i, j));
      } else {
        ++seen.earlier;
        seen.hidden += influence(i, j) == 0;
      }
    }
  }
  return seen;
}

using Canvas = Tensor<std::uint8_t, 3>;

void paint(Canvas& canvas, Index row, Index column, int red, int green, int blue) {
  std::uint8_t* pixel = canvas.mutable_data() + (row * canvas.extent(1) + column) * 3;
  pixel[0] = static_cast<std::uint8_t>(red);
  pixel[1] = static_cast<std::uint8_t>(green);
  pixel[2] = static_cast<std::uint8_t>(blue);
}

/// Influence in grey, by its logarithm from 10⁻⁶ of the largest; an earlier pixel without any is red, no later one is
/// painted, the output itself is green.
void paint_influence(Canvas& canvas, Index row, Index column, double influence, double largest, Index i, Index j) {
  if (i == j) return paint(canvas, row, column, 40, 200, 90);
  if (influence == 0) return j < i ? paint(canvas, row, column, 200, 40, 40) : paint(canvas, row, column, 20, 20, 60);
  const double light = 1 + std::log10(std::max(influence / largest, 1e-6)) / 6;
  const int grey = 70 + static_cast<int>(185 * light);
  paint(canvas, row, column, grey, grey, grey);
}

/// For every network, side by side: the matrix of all influences, and that of one output as an image, `zoom` times as
/// large.
Canvas picture_of(const std::vector<Tensor<double, 2>>& all, Index side) {
  const Index pixels = side * side, gap = 6, zoom = pixels / side;
  const Index output = (side - 3) * side + side / 2 - 1;
  Canvas canvas({2 * pixels + gap, static_cast<Index>(all.size()) * (pixels + gap) - gap, 3});
  std::fill(canvas.mutable_values().begin(), canvas.mutable_values().end(), std::uint8_t{128});
  Index left = 0;
  for (const auto& influence : all) {
    const auto values = influence.values();
    const double largest = *std::max_element(values.begin(), values.end());
    for (Index i = 0; i < pixels; ++i) {
      for (Index j = 0; j < pixels; ++j) paint_influence(canvas, i, left + j, influence(i, j), largest, i, j);
    }
    const auto row = dense(view(influence).slice(0, output, output + 1));
    const double most = *std::max_element(row.values().begin(), row.values().end());
    for (Index y = 0; y < pixels; ++y) {
      for (Index x = 0; x < pixels; ++x) {
        const Index j = y / zoom * side + x / zoom;
        paint_influence(canvas, pixels + gap + y, left + x, influence(output, j), most, output, j);
      }
    }
    left += pixels + gap;
  }
  return canvas;
}

Record measure(Bench& bench) {
  Record record;
  std::vector<Tensor<double, 2>> influences;
  for (const Kind& kind : kinds) {
    const SmallCausalSpec spec = spec_of(kind, bench.settings());
    const SmallCausal network(spec, bench.key(1));
    influences.push_back(bench.sampling([&] { return network.influence(2, bench.key(2)); }));
    const Seen seen = seen_in(influences.back());
    const std::string prefix = std::string(kind.short_name) + ".";
    record.set(prefix + "later", seen.later);
    record.set(prefix + "earlier", seen.earlier);
    record.set(prefix + "hidden", seen.hidden);
    const auto tokens = coin_flips(4, spec.side, bench.key(3));
    const auto once = bench.sampling([&] { return network.nats_at_once(tokens); });
    const auto turn = bench.sampling([&] { return network.nats_in_turn(tokens); });
    double gap = 0;
    for (Index n = 0; n < once.size(); ++n) gap = std::max(gap, std::abs(once(n) - turn(n)));
    record.set(prefix + "nats", once(0));
    record.set(prefix + "gap", gap);
    record.set("side", static_cast<double>(spec.side));
  }
  io::write_png(bench.picture("one_evaluation"), picture_of(influences, static_cast<Index>(record.number("side"))));
  return record;
}

Section report(const Results& results) {
  const Record& r = results["one_evaluation"];
  double later = 0, gap = 0;
  Table table{.caption = "Three causal networks with random weights. Pairs are of an output and an earlier pixel.",
              .columns = {"", "largest influence of the same or a later pixel", "nats at once",
                          "largest difference from "
                          "pixel after pixel",
                          "pairs", "without influence"},
              .rows = {},
              .tasks = {"one_evaluation"}};
  for (const Kind& kind : kinds) {
    const std::string prefix = std::string(kind.short_name) + ".";
    later = std::max(later, r.number(prefix + "later"));
    gap = std::max(gap, r.number(prefix + "gap"));
    table.rows.push_back({kind.name, number(r.number(prefix + "later")), number(r.number(prefix + "nats")),
                          number(r.number(prefix + "gap")), number(r.number(prefix + "earlier")),
                          number(r.number(prefix + "hidden"))});
  }
  const std::string side = number(r.number("side"));
  Section section;
  section.verdict = rule_05(later, gap, r.number("one.hidden"), r.number("two.hidden"));
  section.blocks = {
      Paragraph{
          "In training, every output is compared with its own pixel: " + side + " · " + side +
          "conditionals of one evaluation. That is honest only if no output can see the pixel that it is asked for, "
          "nor a later one. For the convolutions the influence of pixel j on output i is a gradient, for the "
          "transformer the change of the logits when pixel j changes colour. No training is needed: it is so for any "
          "weights."},
      Picture{
          .file = results.picture("one_evaluation"),
          .alternative = "Three square matrices, empty on and above the diagonal; the first has red holes below it. "
                         "Under them, what one pixel sees: with one stack, a red wedge to its upper right is hidden.",
          .caption = "Gated convolutions of one stack, of two stacks, and a transformer. Above: row i says which "
                     "pixels output i depends on; light is much (by the logarithm), dark blue nothing, green the "
                     "pixel itself, red an earlier pixel that is not seen. Below: one row, as an image of " +
                     side + " × " + side +
                     " pixels. Masked convolutions of one stack have a blind spot, since going right takes going up.",
          .scale = 1,
          .tasks = {"one_evaluation"}},
      std::move(table)};
  return section;
}

}  // namespace

Verdict rule_05(double later_influence, double nats_gap, double hidden_one, double hidden_two) {
  Verdict v;
  v.rule =
      "Supported if the influence of the same and of later pixels is exactly 0, and one evaluation gives the sum of "
      "the conditionals of pixel after pixel to 1e-4 nats.";
  v.because = "The largest influence of the same or a later pixel is " + number(later_influence) +
              ", the largest difference in nats " + number(nats_gap) +
              ". Of the earlier pixels one stack of convolutions "
              "fails to see " +
              number(hidden_one) + " pairs, two stacks " + number(hidden_two) + ".";
  v.outcome = later_influence == 0 && nats_gap <= 1e-4 ? Outcome::supported : Outcome::not_supported;
  return v;
}

Claim claim_05() {
  return {5, "A causal architecture trains all steps in one evaluation.", [](const Settings&) -> std::vector<Task> {
    return {{.name = "one_evaluation", .training = 0, .measuring = 1, .run = measure}};
  }, report};
}

}  // namespace study
