#include "study/page/format.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace study {

namespace {

constexpr const char* nothing = "–";
constexpr double plain_from = 1e-4, plain_to = 1e7;  // outside, powers of ten

std::string printed(double value, int decimals) {
  char out[400];
  std::snprintf(out, sizeof out, "%.*f", decimals, value);
  return out;
}

std::string with_separators(std::string digits) {
  const std::size_t point = std::min(digits.find('.'), digits.size());
  for (std::size_t i = point; i > 3;) digits.insert(i -= 3, ",");
  return digits;
}

int magnitude(double value) { return static_cast<int>(std::floor(std::log10(std::fabs(value)))); }

/// The magnitude after rounding to so many digits: 9.996 has that of 10.
int rounded_magnitude(double value, int digits) {
  const int m = magnitude(value);
  const double scaled = std::fabs(value) / std::pow(10.0, m);
  return scaled + 0.5 * std::pow(10.0, 1 - digits) >= 10 ? m + 1 : m;
}

bool plain(double value) { return value == 0 || (std::fabs(value) >= plain_from && std::fabs(value) < plain_to); }

/// Digits after the point at which an error is written: one digit of it, or two if it begins with 1.
int decimals_of_error(double error) {
  const int m = rounded_magnitude(error, 2);
  const bool begins_with_one = error / std::pow(10.0, m) < 1.95;
  return std::clamp(begins_with_one ? 1 - m : -m, 0, 15);
}

}  // namespace

std::string fixed(double value, int decimals) {
  if (std::isnan(value)) return nothing;
  if (std::isinf(value)) return value < 0 ? "−∞" : "∞";
  const std::string digits = printed(std::fabs(value), decimals);
  const bool zero = digits.find_first_not_of("0.") == std::string::npos;
  return (value < 0 && !zero ? "−" : "") + with_separators(digits);
}

std::string number(double value, int digits) {
  return plain(value) && value == std::floor(value) ? fixed(value, 0) : significant(value, digits);
}

std::string significant(double value, int digits) {
  if (!std::isfinite(value) || value == 0) return fixed(value, 0);
  const int m = rounded_magnitude(value, digits);
  if (plain(value)) return fixed(value, std::max(0, digits - 1 - m));
  return fixed(value / std::pow(10.0, m), digits - 1) + " × " + power_of_ten(m);
}

std::string number(const Spread& s) {
  if (s.count < 1 || !std::isfinite(s.mean)) return fixed(s.mean, 0);
  if (s.count == 1 || !std::isfinite(s.error)) return number(s.mean);
  if (s.error == 0) return number(s.mean) + " ± 0";
  if (plain(s.mean)) {
    const int decimals = decimals_of_error(s.error);
    return fixed(s.mean, decimals) + " ± " + fixed(s.error, decimals);
  }
  const int m = magnitude(s.mean);
  const double unit = std::pow(10.0, m);
  const int decimals = decimals_of_error(s.error / unit);
  return "(" + fixed(s.mean / unit, decimals) + " ± " + fixed(s.error / unit, decimals) + ") × " + power_of_ten(m);
}

std::string percent(double share, int decimals) {
  return std::isfinite(share) ? fixed(100 * share, decimals) + " %" : fixed(share, 0);
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return fixed(seconds, 0);
  if (seconds < 0) return "−" + duration(-seconds);
  if (seconds < 9.95) return (seconds < 0.095 && seconds > 0 ? number(seconds, 1) : fixed(seconds, 1)) + " s";
  const long long whole = std::llround(seconds);
  const auto two = [](long long a, const char* unit_a, long long b, const char* unit_b) {
    return std::to_string(a) + unit_a + (b == 0 ? "" : " " + std::to_string(b) + unit_b);
  };
  if (whole < 60) return two(whole, " s", 0, "");
  if (whole < 3600) return two(whole / 60, " min", whole % 60, " s");
  const long long minutes = (whole + 30) / 60;
  return two(minutes / 60, " h", minutes % 60, " min");
}

std::string power_of_ten(int exponent) {
  constexpr const char* raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = exponent < 0 ? "10⁻" : "10";
  for (const char digit : std::to_string(std::abs(exponent))) out += raised[digit - '0'];
  return out;
}

std::string counted(long long count, const std::string& thing) {
  return fixed(static_cast<double>(count), 0) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace study
