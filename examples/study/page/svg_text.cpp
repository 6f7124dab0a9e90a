#include "study/page/svg_text.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/error.hpp"
#include "study/page/markup.hpp"
#include "study/page/style.hpp"

namespace study {

namespace {

double letter_width(char c) {
  constexpr std::string_view narrow = "iljtfrI.,:;'|!()[] /-", wide = "mwMW%@";
  if (narrow.find(c) != narrow.npos) return 0.39;
  if (wide.find(c) != wide.npos) return 0.95;
  return c >= 'A' && c <= 'Z' ? 0.72 : 0.63;
}

constexpr double smallest = 0.72;  // pixels a unit
constexpr double margin = 12;      // around a drawing in a file of its own

std::string begin(const SvgHead& head, const std::string& view_box, const std::string& more) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"" + view_box + "\" class=\"" + head.css_class +
         "\" paint-order=\"stroke\" role=\"img\" aria-labelledby=\"" + head.id + "-title " + head.id + "-words\"" +
         more + ">\n<title id=\"" + head.id + "-title\">" + escape(plain_text(head.title)) + "</title>\n<desc id=\"" +
         head.id + "-words\">" + escape(plain_text(head.alternative)) + "</desc>\n";
}

}  // namespace

std::string coordinate(double value) {
  const double rounded = std::round(value * 10) / 10;
  return ink::text(rounded == 0 ? 0.0 : rounded);
}

double text_width(std::string_view text, double size) {
  double width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) width += letter_width(c);
    if (byte >= 0xC0) width += 0.66;  // the first byte of a longer character
  }
  return width * size;
}

std::vector<std::string> wrapped(const std::string& text, double width, double size) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!lines.empty() && text_width(lines.back() + " " + word, size) <= width) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

std::string svg_text(double x, double y, const std::string& text, const std::string& anchor,
                     const std::string& css_class) {
  const std::string attributes = (anchor == "start" ? "" : " text-anchor=\"" + anchor + "\"") +
                                 (css_class.empty() ? "" : " class=\"" + css_class + "\"");
  return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\"" + attributes + ">" + escape(text) +
         "</text>\n";
}

std::string svg_lines(double x, double y, const std::vector<std::string>& lines, double line_height,
                      const std::string& anchor, const std::string& css_class) {
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += svg_text(x, y + static_cast<double>(i) * line_height, lines[i], anchor, css_class);
  }
  return out;
}

std::string svg_begin(const SvgHead& head, double width, double height) {
  const std::string limits =
      "min-width:" + coordinate(smallest * width) + "px;max-width:" + coordinate(head.largest * width) + "px";
  return begin(head, "0 0 " + coordinate(width) + " " + coordinate(height), " style=\"" + limits + "\"");
}

std::string svg_begin_file(const SvgHead& head, double width, double height) {
  const std::string corner = coordinate(-margin), w = coordinate(width + 2 * margin),
                    h = coordinate(height + 2 * margin);
  const std::string paper =
      "<rect class=\"paper\" x=\"" + corner + "\" y=\"" + corner + "\" width=\"" + w + "\" height=\"" + h + "\"/>\n";
  return begin(head, corner + " " + corner + " " + w + " " + h, "") + "<style>" + svg_file_style() + "</style>\n" +
         paper;
}

}  // namespace study
