#include "study/claims/together.hpp"

#include <algorithm>

#include "inkling/core/view.hpp"
#include "inkling/dist/quantizer.hpp"
#include "inkling/io/apng.hpp"
#include "study/claims/pixel_frames.hpp"
#include "study/harness/bench.hpp"

namespace study {
namespace {

using namespace ink;
using systems::Tokens;

Record draw_amounts(Bench& bench, const std::string& choice) {
  Record record;
  const auto model = systems::PixelModel::load(bench.weights("main.anyorder"));
  const Index count = together_count(bench.settings()), shown = std::min<Index>(12, count);
  std::vector<Images> rows;
  for (const Index k : together_amounts(bench.settings(), choice)) {
    const std::string name = amount_name(k);
    const double start = bench.sampling_time();
    const auto drawn = bench.sampling([&] {
      return model.draw({.choice = choice, .pixels = k}, systems::tell_nothing(count),
                        bench.key(static_cast<std::uint64_t>(k)));
    });
    record.set(name + "seconds", (bench.sampling_time() - start) / static_cast<double>(count));
    record.set(name + "evaluations", static_cast<double>(drawn.evaluations));
    note_thirds(record, name, bench.judge(), drawn.images);
    rows.push_back(dense(view(drawn.images).slice(0, 0, shown)));
  }
  record.set("drawn", static_cast<double>(count));
  io::write_png(bench.picture("together." + choice), image_grid(concat(0, rows), shown, {.pad = 1}));
  return record;
}

Record floor(Bench& bench) {
  Record record;
  const Index count = std::min(together_count(bench.settings()), bench.test_set().size());
  const Images real = evenly_spread(bench.test_set(), count);
  note_thirds(record, "grey.", bench.judge(), real);
  const Quantizer two{2};
  note_thirds(record, "two.", bench.judge(), two.images<float>(two.tokens(real, bench.key(1))));
  record.set("drawn", static_cast<double>(count));
  return record;
}

/// Seconds on one core for an image and an evaluation of main.anyorder, about.
constexpr double evaluation = 0.004;

}  // namespace

const std::vector<Choice>& choices() {
  static const std::vector<Choice> all = {
      {"block", "a square block"},    {"run", "a run of the raster"},    {"confident", "the most confident first"},
      {"random", "at random places"}, {"masked", "as masked diffusion"}, {"spread", "spread out evenly"}};
  return all;
}

Index together_count(const Settings& s) { return s.steps > 0 ? 6 : s.full ? 150 : s.minutes < 30 ? 42 : 99; }

std::vector<Index> together_amounts(const Settings& s, const std::string& choice) {
  const bool squares = choice == "block";
  if (s.steps > 0) return squares ? std::vector<Index>{196} : std::vector<Index>{196, 392};
  if (s.minutes < 30 && !s.full) return squares ? std::vector<Index>{49, 196} : std::vector<Index>{49, 98, 196};
  if (!s.full) return squares ? std::vector<Index>{16, 49, 196} : std::vector<Index>{16, 28, 49, 98, 196};
  return squares ? std::vector<Index>{4, 8, 16, 49, 196} : std::vector<Index>{4, 8, 16, 28, 49, 98, 196};
}

std::vector<std::string> together_names() {
  std::vector<std::string> all{"together.floor"};
  for (const Choice& c : choices()) all.push_back("together." + c.name);
  return all;
}

std::vector<Task> together_tasks(const Settings& s) {
  std::vector<Task> all{{.name = "together.floor", .measuring = 1, .run = floor}};
  for (const Choice& c : choices()) {
    Index evaluations = 0;
    for (const Index k : together_amounts(s, c.name)) evaluations += evaluations_of(k);
    all.push_back({.name = "together." + c.name,
                   .measuring = evaluation * static_cast<double>(evaluations * together_count(s)),
                   .needs = {"main.anyorder"},
                   .run = [name = c.name](Bench& bench) { return draw_amounts(bench, name); }});
  }
  return all;
}

Spread thirds(const Record& record, const std::string& prefix) { return spread(record.series(prefix + "thirds")); }

void note_thirds(Record& record, const std::string& prefix, const Judge& judge, const Images& images) {
  note(record, prefix, judge.fidelity(images));
  const Index each = images.extent(0) / seeds;
  std::vector<double> parts;
  for (Index i = 0; i < seeds; ++i) {
    parts.push_back(judge.fidelity(dense(view(images).slice(0, i * each, (i + 1) * each))).cnn);
  }
  record.set(prefix + "thirds", parts);
}

void animate_choices(Bench& bench, const systems::PixelModel& model, const std::vector<std::string>& names,
                     Index pixels, const std::string& path) {
  constexpr Index digits = 6;
  std::vector<std::vector<Tokens>> rows(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    rows[i].emplace_back(Shape<3>{digits, 28, 28}, missing_token);
    bench.sampling([&] {
      return model.draw({.choice = names[i], .pixels = pixels}, systems::tell_nothing(digits), bench.key(i),
                        [&](Index, const Tokens& x) { rows[i].push_back(x); });
    });
  }
  std::vector<Tensor<float, 3>> frames;
  for (std::size_t step = (rows[0].size() - 1) % 2; step < rows[0].size(); step += 2) {  // to the last
    std::vector<Tokens> now;
    for (const auto& row : rows) now.push_back(row[std::min(step, row.size() - 1)]);
    const Tokens all = concat(0, now);
    frames.push_back(token_grid(all, model.spec().levels, all.extent(0), digits));
  }
  frames.insert(frames.begin(), frames.back());  // what is shown where animations are not
  io::write_apng(path, frames, {.seconds = 0.15, .last_seconds = 2});
}

}  // namespace study
