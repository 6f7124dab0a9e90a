// Numbers and times as people write them: the right number of digits, a real minus sign, separators of thousands.
//
//     number(0.13437)                      "0.134"          three significant digits
//     number(60000)                        "60,000"         integers are written in full
//     number(1.5e-7)                       "1.50 × 10⁻⁷"
//     number(spread({0.128, 0.14}))        "0.134 ± 0.006"  the digits that the error leaves
//     percent(0.9871)                      "98.7 %"
//     duration(125)                        "2 min 5 s"
//
// What is not a number is "–".
#pragma once

#include <string>

#include "study/harness/verdict.hpp"

namespace study {

std::string number(double value, int digits = 3);

/// The same for integers as well: 2 is "2.00".
std::string significant(double value, int digits = 3);

/// The mean and its standard error; with one seed the mean alone.
std::string number(const Spread& s);

/// With so many digits after the point.
std::string fixed(double value, int decimals);

/// A share of one.
std::string percent(double share, int decimals = 1);

/// Seconds, in the two largest of hours, minutes and seconds.
std::string duration(double seconds);

/// "10⁻⁷"
std::string power_of_ten(int exponent);

/// "1 task", "2 tasks"
std::string counted(long long count, const std::string& thing);

}  // namespace study
