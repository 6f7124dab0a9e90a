// Claim 13: the clean image can be computed from the predicted noise. Every prediction target is turned into every
// other and back, in double, on real digits, for every noise schedule and for times from nearly no noise to nothing
// else. The formulas are exact; how many digits they keep follows from how much they multiply, which is measured beside
// it.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "common/choices.hpp"
#include "inkling/gen/target/conversion.hpp"
#include "study/claims/claims.hpp"
#include "study/claims/rules.hpp"
#include "study/harness/bench.hpp"
#include "study/page/format.hpp"

namespace study {
namespace {

using namespace ink;

using Numbers = Tensor<double, 4>;

const std::vector<std::string> target_names{"noise", "clean", "velocity", "flow", "score", "karras", "previous"};

/// The largest difference of a from b, relative to the largest number of b; infinite if any is not a number.
double distance(const Numbers& a, const Numbers& b) {
  double worst = 0, largest = 0;
  for (Index i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a.data()[i] - b.data()[i]);
    worst = std::isnan(difference) ? HUGE_VAL : std::max(worst, difference);
    largest = std::max(largest, std::abs(b.data()[i]));
  }
  return worst / largest;
}

/// From the strongest noise of the schedule to the weakest, with what training draws between them.
std::vector<double> times_of(const AnySchedule& schedule) {
  std::vector<double> times{schedule.times(1).front()};
  for (const double u : {0.999, 0.99, 0.9, 0.7, 0.5, 0.3, 0.1, 0.01}) times.push_back(schedule.time(u));
  times.push_back(schedule.times(1000)[999]);
  return times;
}

/// What one schedule's conversions are off by, for every pair of targets; the sums over schedules are maxima.
struct Errors {
  std::vector<std::vector<double>> back =
      std::vector<std::vector<double>>(target_names.size(), std::vector<double>(target_names.size(), 0.0));
  double there = 0;          ///< the largest error of a target that was computed from another
  double roundings = 0;      ///< the largest error there and back, in roundings of the numbers on the way
  double safe = HUGE_VAL;    ///< the smallest factor on roundings with which an error exceeds 1e-12
  double amplification = 0;  ///< the largest factor on an error of the noise in the clean image
  int checked = 0, within = 0, refused = 0;

  void add(std::size_t a, std::size_t b, double error, double factor) {
    back[a][b] = std::max(back[a][b], error);
    roundings = std::max(roundings, error / (factor * std::numeric_limits<double>::epsilon()));
    if (error > 1e-12) safe = std::min(safe, factor);
    within += error <= 1e-12;
    ++checked;
  }
  /// Also what another schedule's are off by.
  void add(const Errors& other) {
    for (std::size_t a = 0; a < back.size(); ++a) {
      for (std::size_t b = 0; b < back.size(); ++b) back[a][b] = std::max(back[a][b], other.back[a][b]);
    }
    roundings = std::max(roundings, other.roundings);
    safe = std::min(safe, other.safe);
    within += other.within;
    checked += other.checked;
    refused += other.refused;
  }
  double worst() const {
    double worst = 0;
    for (const auto& row : back) worst = std::max(worst, *std::max_element(row.begin(), row.end()));
    return worst;
  }
};

double largest(const Numbers& x) {
  double most = 0;
  for (const double v : x.values()) most = std::max(most, std::abs(v));
  return most;
}

/// What a rounding of each number on the way there and back comes to, relative to the answer.
double factor_on_roundings(Conversion there, Conversion back, double x, double answer, double between) {
  const double first = std::abs(there.input) * x + std::abs(there.output) * answer;
  const double second = std::abs(back.input) * x + std::abs(back.output) * between;
  return (std::abs(back.output) * first + second) / answer;
}

struct Example {
  Numbers clean, noise;
};

void check_time(const AnySchedule& schedule, double t, const Example& example, Errors& errors) {
  const Scales s = schedule(t);
  const auto all = targets(schedule);
  const Numbers x = detail::combine(s.alpha, example.clean, s.sigma, example.noise);
  const auto truth = [&](const AnyTarget& target) {
    const Mix mix = target_mix(target, t, s);
    return detail::combine(mix.clean, example.clean, mix.noise, example.noise);
  };
  if (s.alpha > 0) errors.amplification = std::max(errors.amplification, s.sigma / s.alpha);
  for (std::size_t a = 0; a < target_names.size(); ++a) {
    const AnyTarget& from = all.at(target_names[a]);
    const Numbers answer = truth(from);
    for (std::size_t b = 0; b < target_names.size(); ++b) {
      if (a == b) continue;
      const AnyTarget& to = all.at(target_names[b]);
      try {
        const Numbers there = convert(from, to, x, answer, t, s);
        const Numbers back = convert(to, from, x, there, t, s);
        const Mix one = target_mix(from, t, s), other = target_mix(to, t, s);
        errors.add(a, b, distance(back, answer),
                   factor_on_roundings(conversion(one, other, s), conversion(other, one, s), largest(x),
                                       largest(answer), largest(there)));
        errors.there = std::max(errors.there, distance(there, truth(to)));
      } catch (const ValueError&) {  // where one does not follow from the other, as the clean image from noise alone
        ++errors.refused;
      }
    }
  }
}

Record convert_all(Bench& bench) {
  Record record;
  const Images digits = evenly_spread(bench.test_set(), 4);
  Example example{Numbers(digits.shape()), normal<double>(digits.shape(), bench.key(1))};
  for (Index i = 0; i < digits.size(); ++i) {
    example.clean.mutable_data()[i] = static_cast<double>(digits.data()[i]);
  }
  Errors all;
  for (const auto& [name, schedule] : schedules()) {
    Errors own;
    for (const double t : times_of(schedule)) check_time(schedule, t, example, own);
    record.set(name + ".back", own.worst());
    record.set(name + ".there", own.there);
    record.set(name + ".amplification", own.amplification);
    record.set(name + ".checked", static_cast<double>(own.checked));
    record.set(name + ".refused", static_cast<double>(own.refused));
    all.add(own);
  }
  for (std::size_t a = 0; a < target_names.size(); ++a) record.set("from_" + target_names[a], all.back[a]);
  record.set("back", all.worst());
  record.set("roundings", all.roundings);
  record.set("safe", all.safe);
  record.set("within", static_cast<double>(all.within));
  record.set("checked", static_cast<double>(all.checked));
  record.set("refused", static_cast<double>(all.refused));
  return record;
}

CellMap map_of_pairs(const Record& r) {
  CellMap map{.title = "There and back: the largest error of each pair of targets",
              .alternative = "A table of seven targets by seven. Errors are " + number(r.number("back")) + " at most.",
              .row_label = "from",
              .column_label = "by way of",
              .rows = target_names,
              .columns = target_names,
              .values = {},
              .caption = "Relative to the largest number, in double; the worst of all schedules and times.",
              .tasks = {"conversions"}};
  for (std::size_t a = 0; a < target_names.size(); ++a) {
    const auto errors = r.series("from_" + target_names[a]);
    std::vector<std::optional<double>> row(errors.begin(), errors.end());
    row[a].reset();
    map.values.push_back(std::move(row));
  }
  return map;
}

Table table_of_schedules(const Record& r) {
  Table table{
      .caption =
          "The same by schedule. An error of the predicted noise is multiplied by σ/α in the clean image. Where "
          "there is no signal the noise does not tell the image, and the conversion is refused.",
      .columns = {"schedule", "there and back", "against the truth", "largest σ/α", "conversions", "refused"},
      .rows = {},
      .tasks = {"conversions"}};
  for (const std::string& name : names(schedules())) {
    table.rows.push_back({name, number(r.number(name + ".back")), number(r.number(name + ".there")),
                          number(r.number(name + ".amplification")), number(r.number(name + ".checked")),
                          number(r.number(name + ".refused"))});
  }
  return table;
}

Section report(const Results& results) {
  const Record& r = results["conversions"];
  Section section;
  section.verdict = rule_13(r.number("back"), r.number("roundings"), r.number("safe"),
                            static_cast<int>(r.number("within")), static_cast<int>(r.number("checked")));
  section.blocks = {
      Paragraph{"With x_t = α·x₀ + σ·ε, a network that answers with one of x₀, ε or a sum of the two has answered with "
                "all of them: the noisy image is known. What differs is how an error of the answer is multiplied."},
      map_of_pairs(r), table_of_schedules(r)};
  return section;
}

}  // namespace

Verdict rule_13(double error, double roundings, double safe, int within, int conversions) {
  Verdict v;
  v.rule =
      "Every target is turned into every other and back, in double. Supported if all are the same to 1e-12, relative "
      "to "
      "the largest number. Supported only for some if the others are off by no more than eight roundings of the "
      "numbers "
      "on the way: the formulas are exact, the digits are not there. Not supported if any is off by more.";
  v.because = std::to_string(within) + " of " + std::to_string(conversions) +
              " conversions there and back are the same to 1e-12; the largest error is " + number(error) +
              ", and none is more than " + number(roundings) + " roundings of the numbers on the way.";
  if (conversions == 0 || !(roundings <= 8)) {
    v.outcome = Outcome::not_supported;
  } else if (within == conversions) {
    v.outcome = Outcome::supported;
  } else {
    v.outcome = Outcome::conditional;
    v.because = "the numbers on the way are less than " + number(safe) + " times the answer. " + v.because;
  }
  return v;
}

Claim claim_13() {
  return {13, "The clean image can be computed from the predicted noise.", [](const Settings&) -> std::vector<Task> {
    return {{.name = "conversions", .measuring = 1, .run = convert_all}};
  }, report};
}

}  // namespace study
