// Claim 7: generation is the same loop for causal and non-causal networks: ask for the next pixel, draw it, go on. What
// a causal network can do besides is to remember what it computed for earlier pixels. With random weights: the images
// are the same, bit for bit, with and without that memory, and what it saves is measured.
#include <string>
#include <utility>
#include <vector>

#include "inkling/dist/quantizer.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/ops/reshape.hpp"
#include "inkling/train/clock.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/small_causal.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"
#include "systems/patch_chain.hpp"

namespace study {
namespace {

using namespace ink;

constexpr const char* networks[] = {"two stacks", "gpt"};

/// How the page calls them.
std::string title_of(const std::string& network) {
  return network == "gpt" ? "transformer, cache of keys and values" : "gated convolutions, cache of activations";
}

SmallCausalSpec spec_of(const std::string& network, const Settings& s) {
  return {.network = network, .side = s.steps > 0 ? 10 : 28, .width = 16, .layers = 2, .heads = 2};
}

Index different(const Tensor<std::int32_t, 3>& a, const Tensor<std::int32_t, 3>& b) {
  Index count = 0;
  for (Index i = 0; i < a.size(); ++i) count += a.data()[i] != b.data()[i];
  return count;
}

void draw_both_ways(Bench& bench, const std::string& name, Record& record, std::vector<Images>& drawn) {
  const SmallCausalSpec spec = spec_of(name, bench.settings());
  const SmallCausal network(spec, bench.key(1));
  const Index count = bench.settings().steps > 0 ? 1 : 4;
  const auto cached = bench.sampling([&] { return network.draw(count, true, bench.key(2)); });
  const auto plain = bench.sampling([&] { return network.draw(count, false, bench.key(2)); });
  const auto other = bench.sampling([&] { return network.draw(count, true, bench.key(3)); });
  const auto each = static_cast<double>(count);
  record.set(name + ".different", static_cast<double>(different(cached.tokens, plain.tokens)));
  record.set(name + ".of_other_seed", static_cast<double>(different(cached.tokens, other.tokens)));
  record.set(name + ".pixels", static_cast<double>(cached.tokens.size()));
  record.set(name + ".cached_seconds", cached.seconds / each);
  record.set(name + ".plain_seconds", plain.seconds / each);
  record.set(name + ".cached_flops", 2 * network.multiplications());
  record.set(name + ".plain_flops", 2 * network.multiplications() * static_cast<double>(spec.side * spec.side));
  record.set(name + ".parameters", static_cast<double>(network.parameters()));
  for (const auto* one : {&cached, &plain, &other}) {
    drawn.push_back(Quantizer{2}.images<float>(dense(view(one->tokens).slice(0, 0, 1))));
  }
}

/// One loop, two networks: evaluations and seconds of both kinds of the chain of patches.
void draw_chains(Bench& bench, Record& record) {
  for (const bool causal : {true, false}) {
    const systems::PatchChain chain({.causal = causal, .width = 16, .layers = 2}, bench.key(1));
    const double start = processor_seconds();
    Index evaluations = 0;
    bench.sampling([&] { return chain.draw(2, bench.key(2), [&](Index, const systems::Tokens&) { ++evaluations; }); });
    const std::string name = causal ? "chain" : "chain_not_causal";
    record.set(name + ".evaluations", static_cast<double>(evaluations));
    record.set(name + ".seconds", (processor_seconds() - start) / 2);
  }
}

Record measure(Bench& bench) {
  Record record;
  std::vector<Images> drawn;
  for (const char* name : networks) draw_both_ways(bench, name, record, drawn);
  draw_chains(bench, record);
  io::write_png(bench.picture("same_loop"), image_grid(concat(0, drawn), 3));
  return record;
}

Table table_of(const Record& r) {
  Table table{.caption =
                  "One image of black and white pixels, random weights, one thread: processor seconds and billions "
                  "of floating-point operations.",
              .columns = {"", "parameters", "pixels that differ", "from another seed", "seconds, cache",
                          "seconds, no cache", "times faster", "GFLOP, cache", "GFLOP, no cache"},
              .rows = {},
              .tasks = {"same_loop"}};
  for (const std::string name : networks) {
    const auto of = [&](const char* what) { return r.number(name + what); };
    table.rows.push_back({title_of(name), number(of(".parameters")),
                          number(of(".different")) + " of " + number(of(".pixels")), number(of(".of_other_seed")),
                          number(of(".cached_seconds")), number(of(".plain_seconds")),
                          number(of(".plain_seconds") / of(".cached_seconds")), number(of(".cached_flops") / 1e9),
                          number(of(".plain_flops") / 1e9)});
  }
  return table;
}

Section report(const Results& results) {
  const Record& r = results["same_loop"];
  const auto faster = [&](const std::string& name) {
    return r.number(name + ".plain_seconds") / r.number(name + ".cached_seconds");
  };
  Section section;
  section.verdict = rule_07(r.number("two stacks.different") + r.number("gpt.different"),
                            r.number("two stacks.of_other_seed") + r.number("gpt.of_other_seed"), faster("two stacks"),
                            faster("gpt"));
  section.blocks = {
      Paragraph{
          "The loop is: evaluate the network, take the answer for the next pixel, draw it, write it into the image. "
          "A causal network never computes anything else for an earlier pixel once that is drawn, so it may keep "
          "what it computed; a network that sees all pixels from everywhere has to begin anew. Neither training nor "
          "data are needed to see whether both give the same image: the weights are random, the key is the same."},
      table_of(r),
      Paragraph{
          "Counted are multiplications with an addition, as two operations. With a cache, a pixel of the "
          "convolutions costs 24w + L · 21w² + w² + 2w of them (width w, L layers: about one for every parameter), "
          "and P pixels of the transformer cost P · (12Lw² + 2w) + Lw · P(P + 1), the last for attention. Without it "
          "all of that is done again for every pixel: P times as much, here " +
          number(r.number("two stacks.plain_flops") / r.number("two stacks.cached_flops")) +
          ". Less is gained in seconds, since the products of a single pixel are too small to be fast."},
      Picture{.file = results.picture("same_loop"),
              .alternative = "Two rows of three noisy images: the first two of a row are equal, the third is not.",
              .caption =
                  "With the cache, without it, and with the cache and another seed; convolutions above, transformer "
                  "below. Random weights draw noise.",
              .scale = 2,
              .tasks = {"same_loop"}},
      Paragraph{"The transformers of claim 6, which draw 49 patches, share the loop to the line: the causal one took " +
                number(r.number("chain.evaluations")) + " evaluations and " + number(r.number("chain.seconds")) +
                " s without a cache, the other " + number(r.number("chain_not_causal.evaluations")) + " and " +
                number(r.number("chain_not_causal.seconds")) + " s."}};
  return section;
}

}  // namespace

Verdict rule_07(double different_pixels, double of_another_seed, double faster_convolutions,
                double faster_transformer) {
  Verdict v;
  v.rule =
      "Supported if no pixel differs with and without the cache (and some do with another seed), and both caches save "
      "time; only in what is drawn if a cache saves no time.";
  const bool same = different_pixels == 0 && of_another_seed > 0;
  const bool faster = faster_convolutions > 1 && faster_transformer > 1;
  v.because = number(different_pixels) + " pixels differ, with another seed " + number(of_another_seed) +
              ". The caches make drawing " + number(faster_convolutions) + " times (convolutions) and " +
              number(faster_transformer) + " times (transformer) as fast.";
  if (same && !faster) v.because = "only what is drawn is meant, since a cache saves no time: " + v.because;
  v.outcome = !same ? Outcome::not_supported : faster ? Outcome::supported : Outcome::conditional;
  return v;
}

Claim claim_07() {
  return {7, "Generation is the same loop for causal and non-causal networks.",
          [](const Settings&) -> std::vector<Task> {
    return {{.name = "same_loop", .training = 0, .measuring = 10, .run = measure}};
  }, report};
}

}  // namespace study
