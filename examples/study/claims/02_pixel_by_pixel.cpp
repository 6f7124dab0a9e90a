// Claim 2: predicting one missing pixel is easy, and predictors of one pixel, chained, generate. The nats of causal
// networks beside those of tables that only count; and what the chain draws beside pixels that are drawn each for
// itself.
#include <cmath>
#include <string>
#include <vector>

#include "inkling/core/view.hpp"
#include "inkling/data/batches.hpp"
#include "inkling/dist/quantizer.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/pixel_frames.hpp"
#include "study/claims/pixel_tables.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

/// The test digits as the networks' nats are measured on: of two levels, the same draws.
PixelPlanes test_planes(Bench& bench, int levels) {
  const Images test = evenly_spread(bench.test_set(), bench.settings().steps > 0 ? 20 : bench.test_set().size());
  std::vector<Tokens> parts;
  for (Index begin = 0; begin < test.extent(0); begin += 100) {
    const auto some = dense(view(test).slice(0, begin, std::min(begin + 100, test.extent(0))));
    parts.push_back(Quantizer{levels}.tokens(some, Key{1234}.fold(static_cast<std::uint64_t>(begin))));
  }
  return {concat(0, parts), levels};
}

/// The training digits; of two levels, about 60,000 draws.
PixelPlanes train_planes(Bench& bench, int levels) {
  const Images train = first_images(bench.train_set(), bench.train_set().size());
  const Index draws =
      levels > 2 || bench.settings().steps > 0 ? 1 : std::max<Index>(1, 60000 / std::max<Index>(1, train.extent(0)));
  std::vector<Tokens> parts;
  for (Index i = 0; i < draws; ++i) {
    parts.push_back(Quantizer{levels}.tokens(train, bench.key(10).fold(static_cast<std::uint64_t>(i))));
  }
  return {concat(0, parts), levels};
}

struct Named {
  const char *name, *says;
  PixelTable table;
};

const std::vector<Named> two_level_tables = {
    {"two.global", "how often any pixel is white", {0, false}},
    {"two.place", "how often this pixel is white", {0, true}},
    {"two.near4", "a table of 4 neighbours", {4, false}},
    {"two.near4place", "a table of 4 neighbours for every place", {4, true}},
    {"two.near16", "a table of 16 neighbours", {16, false}},
    {"two.near16place", "a table of 16 neighbours for every place", {16, true}},
};
const std::vector<Named> grey_tables = {
    {"grey.global", "how often any pixel has the level", {0, false}},
    {"grey.place", "how often this pixel has the level", {0, true}},
    {"grey.near4", "a table of 4 neighbours, of 16 shades each", {4, false, 4}},
};

void note_tables(Record& record, const std::vector<Named>& tables, const PixelPlanes& train, const PixelPlanes& test) {
  for (const Named& t : tables) {
    const auto nats = table_nats(train, test, t.table);
    double sum = 0, squares = 0;
    for (const double v : nats) {
      sum += v;
      squares += v * v;
    }
    const double n = static_cast<double>(nats.size()), mean = sum / n;
    record.set(t.name, mean);
    record.set(std::string(t.name) + "_error", std::sqrt(std::max(0.0, squares / n - mean * mean) / n));
  }
}

/// Digits without a chain: every pixel is drawn for itself, as often white as in the training digits.
Images unchained(Bench& bench, Index count) {
  const auto& images = bench.train_set().images;
  const Index pixels = 784;
  Images grey({count, 28, 28, 1});
  for (Index p = 0; p < pixels; ++p) {
    double sum = 0;
    for (Index n = 0; n < images.extent(0); ++n) sum += images.data()[n * pixels + p];
    const auto mean = static_cast<float>(sum / 255 / static_cast<double>(images.extent(0)));
    for (Index n = 0; n < count; ++n) grey.mutable_data()[n * pixels + p] = 2 * mean - 1;
  }
  return Quantizer{2}.images<float>(Quantizer{2}.tokens(grey, bench.key(2)));
}

Record tables(Bench& bench) {
  Record record;
  note_tables(record, two_level_tables, train_planes(bench, 2), test_planes(bench, 2));
  note_tables(record, grey_tables, train_planes(bench, 256), test_planes(bench, 256));
  const Images each = unchained(bench, bench.settings().drawn_a_cell());
  note(record, "unchained.", bench.judge().fidelity(each));
  io::write_png(bench.picture("pixelwise.unchained"), image_grid(dense(view(each).slice(0, 0, 20)), 10, {.pad = 1}));
  return record;
}

double bits(double nats) { return nats / (784 * std::log(2.0)); }

std::string with_error(const Record& r, const std::string& name) {
  char out[64];
  std::snprintf(out, sizeof out, "%.1f ± %.1f", r.number(name), r.number(name + "_error"));
  return out;
}

std::string three_places(double value) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3f", value);
  return out;
}

Table nats_table(const Results& results) {
  const Record &r = results["pixelwise.tables"], &network = results["main.pixelcnn"];
  Table t{.caption =
              "Nats of a test image of black and white pixels, each drawn with the probability that its grey level "
              "names (one draw, the same for all rows; ± is the standard error over the test digits). A table counts "
              "what pixels were in the training digits where the nearest pixels before them looked the same. The draw "
              "of the pixels itself has 45.5 nats on all of MNIST, which nothing can predict.",
          .columns = {"each pixel is predicted from", "nats"},
          .rows = {{"nothing: both are equally likely", number(784 * std::log(2.0))}},
          .tasks = {"pixelwise.tables", "main.pixelcnn"}};
  for (const Named& n : two_level_tables) t.rows.push_back({n.says, with_error(r, n.name)});
  t.rows.push_back({"all pixels before it, by a network", with_error(network, "nats")});
  return t;
}

Table bits_table(const Results& results) {
  const Record &r = results["pixelwise.tables"], &network = results["main.pixelcnn256"];
  Table t{.caption = "The same of 256 grey levels, in bits per pixel.",
          .columns = {"each pixel is predicted from", "bits per pixel"},
          .rows = {{"nothing: all levels are equally likely", "8"}},
          .tasks = {"pixelwise.tables", "main.pixelcnn256"}};
  for (const Named& n : grey_tables) t.rows.push_back({n.says, three_places(bits(r.number(n.name)))});
  t.rows.push_back({"all pixels before it, by a network", three_places(network.number("bits_per_dimension"))});
  return t;
}

Section report(const Results& results) {
  const Record &r = results["pixelwise.tables"], &two = results["sampling.two"], &grey = results["sampling.grey"];
  const Record &network = results["main.pixelcnn"], &grey_network = results["main.pixelcnn256"];
  Section section;
  section.verdict = rule_02({.nats = network.number("nats"),
                             .error = network.number("nats_error"),
                             .table_nats = r.number("two.near16place"),
                             .table_error = r.number("two.near16place_error")},
                            grey_network.number("bits_per_dimension"), bits(r.number("grey.near4")),
                            two.number("t1.fd_cnn"), r.number("unchained.fd_cnn"));
  section.blocks = {
      nats_table(results),
      bits_table(results),
      Picture{.file = results.picture("pixelwise.two"),
              .alternative = "An animation: black and white pixels fill ten grey squares row by row, and are digits.",
              .caption = "One pixel after the other, each drawn from its distribution given those before it.",
              .scale = 3,
              .tasks = {"sampling.two"}},
      Picture{.file = results.picture("pixelwise.grey"),
              .alternative = "The same with grey levels: ten digits appear from the top row to the bottom.",
              .caption = "The same of 256 grey levels.",
              .scale = 3,
              .tasks = {"sampling.grey"}},
      Picture{.file = results.picture("pixelwise.unchained"),
              .alternative = "Twenty clouds of white dots, dense in the middle; none is a digit.",
              .caption = "Without the chain: every pixel drawn for itself, as often white as in the training digits.",
              .scale = 2,
              .tasks = {"pixelwise.tables"}},
      Table{.caption = "Distance of " + number(two.number("drawn")) +
                       " drawn digits from the training digits (FD-CNN). Black and white digits have the floor of real "
                       "ones that were made black and white.",
            .columns = {"", "FD-CNN", "floor: test digits"},
            .rows = {{"black and white, chained", number(two.number("t1.fd_cnn")), number(two.number("floor_cnn"))},
                     {"black and white, each pixel for itself", number(r.number("unchained.fd_cnn")),
                      number(two.number("floor_cnn"))},
                     {"256 levels, chained", number(grey.number("t1.fd_cnn")), number(grey.number("floor_cnn"))}},
            .tasks = {"sampling.two", "sampling.grey", "pixelwise.tables"}}};
  return section;
}

}  // namespace

Verdict rule_02(const PixelNats& two, double bits, double table_bits, double fd, double unchained_fd) {
  Verdict v;
  v.rule =
      "Supported if the network needs fewer nats than the table of 16 neighbours for every place, by more than twice "
      "the standard error, and fewer bits of 256 levels than the table of 4 neighbours, and what it draws has less "
      "than half the FD-CNN of pixels drawn each for itself. Only when, if one of the two likelihoods is not better.";
  v.because = number(two.nats) + " nats against the table's " + number(two.table_nats) + "; " + number(bits) +
              " bits per pixel against the table's " + number(table_bits) + "; FD-CNN " + number(fd) + " against " +
              number(unchained_fd) + ".";
  const bool fewer_nats = two.table_nats - two.nats > 2 * std::hypot(two.error, two.table_error);
  const bool fewer_bits = bits < table_bits, digits = fd < 0.5 * unchained_fd;
  if (digits && fewer_nats && fewer_bits) {
    v.outcome = Outcome::supported;
  } else if (digits && (fewer_nats || fewer_bits)) {
    v.outcome = Outcome::conditional;
    v.because = std::string("pixels have ") + (fewer_nats ? "two levels" : "256 levels") + ": " + v.because;
  } else {
    v.outcome = Outcome::not_supported;
  }
  return v;
}

Claim claim_02() {
  return {2, "Predicting one missing pixel is easy; chained, predictors of one pixel generate.",
          [](const Settings& s) -> std::vector<Task> {
    return {{.name = "pixelwise.tables",
             .measuring = s.full ? 15.0 : 8.0,
             .needs = {"main.pixelcnn", "main.pixelcnn256", "sampling.two", "sampling.grey"},
             .run = tables}};
  }, report};
}

}  // namespace study
