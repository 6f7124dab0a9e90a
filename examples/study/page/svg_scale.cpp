#include "study/page/svg_scale.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "study/page/format.hpp"

namespace study {

namespace {

constexpr int most_ticks = 50;
constexpr double slack = 1e-9;  // of the length of an axis: a tick at its very end belongs to it

struct Ends {
  double from, to;
};

/// Whether an axis can show it: not what is without bounds, or so far out that nothing else could be seen.
bool usable(double value, bool log) {
  return std::fabs(value) <= 1e100 && (!log || value >= 1e-100);  // NaN is not
}

/// Too close for ticks between them.
bool equal(Ends e) { return e.to - e.from <= 1e-12 * std::fmax(std::fabs(e.from), std::fabs(e.to)); }

Ends ends_of(const Axis& axis, const std::vector<double>& values) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double v : values) {
    if (!usable(v, axis.log)) continue;
    low = std::fmin(low, v);
    high = std::fmax(high, v);
  }
  if (low > high) low = axis.log ? 1 : 0, high = axis.log ? 10 : 1;
  return {low, high};
}

/// With room for marks at the ends, and some length in any case.
Ends widened(Ends e, bool log, double room) {
  if (log) {
    const double by = equal(e) ? 2 : std::pow(e.to / e.from, 0.04);
    return {e.from / by, e.to * by};
  }
  if (equal(e)) {
    const double by = e.from == 0 ? 1 : std::fabs(e.from) / 2;
    return {e.from - by, e.to + by};
  }
  const double by = room * (e.to - e.from);
  // An axis that is near zero begins there: lengths can then be compared.
  return {e.from >= 0 && e.from < 0.5 * e.to ? 0 : e.from - by, e.to <= 0 && e.to > 0.5 * e.from ? 0 : e.to + by};
}

double round_step(double length, int most) {
  const double rough = length / std::max(1, most), unit = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double by : {1.0, 2.0, 2.5, 5.0}) {
    if (by * unit >= rough * (1 - slack)) return by * unit;
  }
  return 10 * unit;
}

int decimals_of(double step) {
  int decimals = 0;
  for (double s = step; decimals < 12 && std::fabs(s - std::round(s)) > 1e-6 * s; s *= 10) ++decimals;
  return decimals;
}

std::vector<Tick> linear_ticks(const Scale& scale, int most) {
  const double length = scale.to - scale.from, step = round_step(length, most);
  const double largest = std::fmax(std::fabs(scale.from), std::fabs(scale.to));
  std::vector<Tick> ticks;
  const double first = std::ceil(scale.from / step - slack);
  for (int i = 0; i < most_ticks && (first + i) * step <= scale.to + slack * length; ++i) {
    const double value = (first + i) * step;
    const bool plain = largest < 1e7 && step >= 1e-6;
    ticks.push_back({value, plain ? fixed(value, decimals_of(step)) : number(value, 2)});
  }
  return ticks;
}

bool within(const Scale& scale, double value) {
  const double at = scale.place(value);
  return at >= -slack && at <= 1 + slack;
}

/// The numbers of the axis that are one of these times a power of ten.
std::vector<double> round_numbers(const Scale& scale, const std::vector<double>& multiples) {
  std::vector<double> all;
  const int first = static_cast<int>(std::floor(std::log10(scale.from))) - 1;
  for (int power = first; std::pow(10.0, power) <= scale.to * 1.01; ++power) {
    for (const double m : multiples) {
      if (within(scale, m * std::pow(10.0, power))) all.push_back(m * std::pow(10.0, power));
    }
  }
  return all;
}

/// A number with one digit, as the marks of a logarithmic axis are.
std::string log_label(double value, bool as_power) {
  const int power = static_cast<int>(std::floor(std::log10(value) + 1e-9));
  if (!as_power) return fixed(value, std::max(0, -power));
  const double first = value / std::pow(10.0, power);
  return (std::fabs(first - 1) < 1e-6 ? "" : fixed(first, 0) + "×") + power_of_ten(power);
}

std::vector<double> every(const std::vector<double>& all, std::size_t step) {
  std::vector<double> some;
  for (std::size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
  return some;
}

std::vector<double> labelled(const Scale& scale, int most) {
  const auto most_size = static_cast<std::size_t>(std::max(2, most));
  const std::vector<std::vector<double>> choices = {
      {1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 5, 7}, {1, 2, 5}, {1, 3}, {1}};
  for (const auto& multiples : choices) {
    const auto values = round_numbers(scale, multiples);
    if (values.size() >= 2 && values.size() <= most_size) return values;
  }
  const auto powers = round_numbers(scale, {1});
  return every(powers, (powers.size() + most_size - 1) / most_size);
}

std::vector<Tick> log_ticks(const Scale& scale, int most) {
  const auto values = labelled(scale, most);
  if (values.size() < 2 || (values.size() < 3 && scale.to < 10 * scale.from)) return linear_ticks(scale, most);
  bool as_powers = false;
  for (const double v : values) as_powers = as_powers || v < 0.9e-4 || v > 1.1e5;
  std::vector<Tick> ticks;
  for (const double v : values) ticks.push_back({v, log_label(v, as_powers)});
  if (std::log10(scale.to / scale.from) > 5) return ticks;
  for (const double v : round_numbers(scale, {1, 2, 3, 4, 5, 6, 7, 8, 9})) {
    const auto same = [v](const Tick& t) { return std::fabs(t.value / v - 1) < 1e-6; };
    if (std::none_of(ticks.begin(), ticks.end(), same)) ticks.push_back({v, ""});
  }
  return ticks;
}

/// Out to the next labelled ticks, if that wastes little.
Ends rounded(const Scale& scale, int most) {
  const double step = round_step(scale.to - scale.from, most);
  return {std::floor(scale.from / step + slack) * step, std::ceil(scale.to / step - slack) * step};
}

}  // namespace

double Scale::place(double value) const {
  if (!log) return (value - from) / (to - from);
  return value > 0 ? std::log(value / from) / std::log(to / from) : std::numeric_limits<double>::quiet_NaN();
}

bool Scale::shows(double value) const {
  const double at = place(value);
  return at >= -slack && at <= 1 + slack;
}

Scale make_scale(const Axis& axis, const std::vector<double>& values, int most, bool round_ends) {
  const Ends data = ends_of(axis, values);
  Ends ends = widened(data, axis.log, round_ends ? 0 : 0.03);
  if (!axis.log && round_ends) ends = rounded({false, ends.from, ends.to}, most);
  if (axis.from && usable(*axis.from, axis.log)) ends.from = *axis.from;
  if (axis.to && usable(*axis.to, axis.log)) ends.to = *axis.to;
  if (equal(ends)) ends = widened({ends.from, ends.from}, axis.log, 0);
  Scale scale{axis.log, ends.from, ends.to};
  scale.ticks = axis.log ? log_ticks(scale, most) : linear_ticks(scale, most);
  return scale;
}

}  // namespace study
