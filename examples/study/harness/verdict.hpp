// Verdicts: what the numbers say of a claim, by rules that are stated beside them. No verdict is written by hand.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace study {

enum class Outcome { supported, conditional, not_supported, not_measured };

inline const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::supported: return "supported";
    case Outcome::conditional: return "supported only when";
    case Outcome::not_supported: return "not supported";
    case Outcome::not_measured: return "not measured";
  }
  return "";
}

struct Verdict {
  Outcome outcome = Outcome::not_measured;
  std::string rule;     ///< from which numbers which outcome follows, in words
  std::string because;  ///< the numbers that decided; for `conditional` the condition comes first
};

/// The mean of several seeds, and how far it may be off: the standard error of the mean.
struct Spread {
  double mean = std::numeric_limits<double>::quiet_NaN(), error = 0, low = 0, high = 0;
  int count = 0;
};

inline Spread spread(const std::vector<double>& values) {
  Spread s;
  s.count = static_cast<int>(values.size());
  if (values.empty()) return s;
  double sum = 0, squares = 0;
  s.low = s.high = values.front();
  for (const double v : values) {
    sum += v;
    s.low = std::fmin(s.low, v);
    s.high = std::fmax(s.high, v);
  }
  s.mean = sum / s.count;
  for (const double v : values) squares += (v - s.mean) * (v - s.mean);
  if (s.count > 1) s.error = std::sqrt(squares / (s.count - 1) / s.count);
  return s;
}

/// Whether a is below b by more than chance: the difference of the means exceeds twice its standard error, and every
/// seed of a is below every seed of b. With one seed each nothing can be said.
inline bool clearly_below(const Spread& a, const Spread& b) {
  if (a.count < 2 || b.count < 2) return false;
  return b.mean - a.mean > 2 * std::hypot(a.error, b.error) && a.high < b.low;
}

}  // namespace study
