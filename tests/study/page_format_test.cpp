#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "study/page/base64.hpp"
#include "study/page/format.hpp"
#include "study/page/markup.hpp"

namespace page_format_test {

using namespace study;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("numbers have three significant digits") {
  CHECK(number(0.13437) == "0.134");
  CHECK(number(0.1) == "0.100");
  CHECK(number(12.345) == "12.3");
  CHECK(number(-3.14159) == "−3.14");
  CHECK(number(1234.56) == "1,235");
  CHECK(number(0.00123456) == "0.00123");
  CHECK(number(0.99961) == "1.00");
  CHECK(number(9.996) == "10.0");
  CHECK(number(3.14159, 5) == "3.1416");
}

TEST_CASE("integers are written in full, unless they should not be") {
  CHECK(number(0) == "0");
  CHECK(number(7) == "7");
  CHECK(number(60000) == "60,000");
  CHECK(number(-1234567) == "−1,234,567");
  CHECK(significant(2) == "2.00");
  CHECK(significant(0) == "0");
}

TEST_CASE("very small and very large numbers are powers of ten") {
  CHECK(number(1.5e-7) == "1.50 × 10⁻⁷");
  CHECK(number(-2.345e10) == "−2.35 × 10¹⁰");
  CHECK(number(9.999e-8) == "1.00 × 10⁻⁷");
  CHECK(number(1e9) == "1.00 × 10⁹");
  CHECK(power_of_ten(-12) == "10⁻¹²");
}

TEST_CASE("what is no number is a dash, and infinity a sign") {
  CHECK(number(nan) == "–");
  CHECK(number(inf) == "∞");
  CHECK(number(-inf) == "−∞");
  CHECK(percent(nan) == "–");
  CHECK(duration(nan) == "–");
}

TEST_CASE("a spread has the digits that its error leaves") {
  CHECK(number(Spread{0.1337, 0.00603, 0, 0, 3}) == "0.134 ± 0.006");
  CHECK(number(Spread{0.1337, 0.00123, 0, 0, 3}) == "0.1337 ± 0.0012");
  CHECK(number(Spread{1234.4, 57, 0, 0, 3}) == "1,234 ± 57");
  CHECK(number(Spread{2.5, 0.0996, 0, 0, 3}) == "2.50 ± 0.10");
  CHECK(number(Spread{1.2e-6, 3e-8, 0, 0, 3}) == "(1.20 ± 0.03) × 10⁻⁶");
  CHECK(number(Spread{2.345, 0, 2.345, 2.345, 1}) == "2.35");
  CHECK(number(Spread{2, 0, 2, 2, 3}) == "2 ± 0");
  CHECK(number(Spread{}) == "–");
}

TEST_CASE("shares, times and counts") {
  CHECK(percent(0.98712) == "98.7 %");
  CHECK(percent(1, 0) == "100 %");
  CHECK(duration(0) == "0.0 s");
  CHECK(duration(0.42) == "0.4 s");
  CHECK(duration(59.6) == "1 min");
  CHECK(duration(125) == "2 min 5 s");
  CHECK(duration(3600 * 3 + 61) == "3 h 1 min");
  CHECK(counted(1, "task") == "1 task");
  CHECK(counted(1200, "task") == "1,200 tasks");
}

TEST_CASE("text is escaped, and stays valid whatever comes") {
  CHECK(escape("a<b> & \"c\" 'd'") == "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  CHECK(escape("x₀ ≤ ε̂") == "x₀ ≤ ε̂");
  CHECK(escape("a\x01\x7F"
               "b\tc") == "a  b c");
  CHECK(escape("bad \xC3( \xFF") == "bad \xEF\xBF\xBD( \xEF\xBF\xBD");
  CHECK(escape("\xC2\x85") == "\xEF\xBF\xBD");
}

TEST_CASE("backticks make code, in pairs") {
  CHECK(prose("use `a<b` here") == "use <code>a&lt;b</code> here");
  CHECK(prose("one ` alone") == "one ` alone");
  CHECK(plain_text("use `a` here") == "use a here");
  CHECK(paragraphs("one\n\ntwo") == "<p>one</p>\n<p>two</p>\n");
}

TEST_CASE("base64: the vectors of RFC 4648") {
  const auto of = [](const std::string& text) { return base64(std::vector<std::uint8_t>(text.begin(), text.end())); };
  CHECK(of("") == "");
  CHECK(of("f") == "Zg==");
  CHECK(of("fo") == "Zm8=");
  CHECK(of("foo") == "Zm9v");
  CHECK(of("foob") == "Zm9vYg==");
  CHECK(of("fooba") == "Zm9vYmE=");
  CHECK(of("foobar") == "Zm9vYmFy");
  CHECK(base64(std::vector<std::uint8_t>{0xFB, 0xEF, 0xFF}) == "++//");
}

}  // namespace page_format_test
