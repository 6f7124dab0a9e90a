// Claim 17: text can steer generation. A diffusion model hears captions through a text encoder and cross-attention; it
// draws from the captions of held-out digits, and what the words asked for is measured on what was drawn: the digit by
// the frozen classifier, thickness and slant by the strokes' shape.
#include <array>
#include <string>
#include <vector>

#include "common/told_measures.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/claims/told.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

constexpr std::array<double, 2> scales{1, 2};

std::string at_scale(const std::string& name, double scale) { return name + (scale == 1 ? ".1" : ".2"); }

systems::Told tell(const std::vector<std::string>& captions) {
  return systems::tell_captions({data::CaptionTokenizer{}.encode(captions)});
}

/// A row for each of ten captions.
void draw_picture(Bench& bench, const systems::Denoiser& model) {
  const Index columns = told_columns(bench.settings());
  std::vector<std::string> captions;
  for (const std::string& caption : ten_captions()) {
    captions.insert(captions.end(), static_cast<std::size_t>(columns), caption);
  }
  const auto drawn =
      bench.sampling([&] { return model.draw(told_sampler(bench.settings(), 2), tell(captions), bench.key(2)); });
  io::write_png(bench.picture("told_caption"), image_grid(drawn.images, columns));
}

Record learn(Bench& bench) {
  Record record;
  systems::Denoiser model(told_model("caption"), bench.key(0));
  bench.train_system(record, model, bench.train_set(), {.batch_size = 32, .lr = 2e-3});
  model.save(bench.weights("told.caption"));

  std::vector<Index> rows(static_cast<std::size_t>(std::min(told_count(bench.settings()), bench.test_set().size())));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<Index>(i);
  const auto real = bench.test_set().take(rows);
  const AskedCaptions asked = ask_captions(real);
  record.set("count", static_cast<double>(rows.size()));
  const WordsFollowed in_real = words_followed(asked, real.images);
  record.set("real.thickness", in_real.thickness);
  record.set("real.slant", in_real.slant);
  record.set("real.right", bench.judge().agreement(data::normalize<float>(real.images), real.labels));
  for (const double scale : scales) {
    const auto drawn = bench.sampling(
        [&] { return model.draw(told_sampler(bench.settings(), scale), tell(asked.captions), bench.key(1)); });
    const WordsFollowed followed = words_followed(asked, bytes(drawn.images));
    record.set(at_scale("right", scale), bench.judge().agreement(drawn.images, asked.labels));
    record.set(at_scale("thickness", scale), followed.thickness);
    record.set(at_scale("slant", scale), followed.slant);
    record.set(at_scale("evaluations", scale), static_cast<double>(drawn.evaluations));
  }
  draw_picture(bench, model);
  return record;
}

std::vector<std::string> table_row(const Record& r, const std::string& name, double scale) {
  const double right = r.number(at_scale("right", scale));
  return {name, percent(right) + " ± " + number(100 * share_error(right, static_cast<Index>(r.number("count")))) + " %",
          number(r.number(at_scale("thickness", scale))), number(r.number(at_scale("slant", scale)))};
}

std::string listed_captions() {
  std::string all;
  for (const std::string& caption : ten_captions()) all += (all.empty() ? "" : "; ") + caption;
  return all;
}

Section report(const Results& results) {
  const Record& r = results["told.caption"];
  Section section;
  section.verdict = rule_17(r.number("right.2"), {r.number("thickness.2"), r.number("real.thickness")},
                            {r.number("slant.2"), r.number("real.slant")});
  section.blocks = {
      Picture{.file = results.picture("told_caption"),
              .alternative = "Ten rows of drawn digits, a row for each caption: " + listed_captions() + ".",
              .caption = "A row for each caption, guidance of 2: " + listed_captions() + ".",
              .scale = 2,
              .tasks = {"told.caption"}},
      Table{.caption = "Digits drawn from the captions of " + number(r.number("count")) +
                       " held-out digits, such as “a thin seven leaning left”, and those digits themselves. Rank "
                       "correlation of word and measure within classes: words have three degrees only, so that even "
                       "real digits do not reach 1.",
            .columns = {"", "digit right", "thickness, rank correlation", "slant, rank correlation"},
            .rows = {table_row(r, "drawn, guidance 1", 1),
                     table_row(r, "drawn, guidance 2", 2),
                     {"real digits", percent(r.number("real.right")), number(r.number("real.thickness")),
                      number(r.number("real.slant"))}},
            .tasks = {"told.caption"}}};
  return section;
}

}  // namespace

Verdict rule_17(double digit_right, const Followed& thickness, const Followed& slant) {
  Verdict v;
  v.rule =
      "Supported if at guidance 2 the classifier names the digit that the caption names in at least 97 % of the "
      "drawings, and the rank correlations of thickness and of slant with the words are at least three quarters of "
      "those of real digits; with a condition if only some of the three are so.";
  v.because = "The digit is right in " + percent(digit_right) + "; the rank correlation of thickness is " +
              number(thickness.drawn) + " (real digits " + number(thickness.real) + "), of slant " +
              number(slant.drawn) + " (" + number(slant.real) + ").";
  const bool digit = digit_right >= 0.97, thick = thickness.drawn >= 0.75 * thickness.real,
             slanted = slant.drawn >= 0.75 * slant.real;
  if (digit && thick && slanted) {
    v.outcome = Outcome::supported;
  } else if (digit || thick || slanted) {
    v.outcome = Outcome::conditional;
    std::string which;
    for (const auto& [follows, what] :
         {std::pair{digit, "which digit"}, {thick, "how thick"}, {slanted, "how slanted"}}) {
      if (follows) which += (which.empty() ? "" : " and ") + std::string(what);
    }
    v.because = "The text is about " + which + ". " + v.because;
  } else {
    v.outcome = Outcome::not_supported;
  }
  return v;
}

Claim claim_17() {
  return {17, "Text can steer generation.", [](const Settings& s) -> std::vector<Task> {
    const double measuring = s.full ? 110 : s.minutes < 30 ? 10 : 55;
    return {{.name = "told.caption", .training = told_weight(s), .measuring = measuring, .run = learn}};
  }, report};
}

}  // namespace study
