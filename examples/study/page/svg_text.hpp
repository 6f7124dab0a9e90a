// Text in drawings: how wide it will be, about, in fonts that are not known; lines; elements.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace study {

/// A coordinate, with one digit after the point if it needs one.
std::string coordinate(double value);

/// In units of the font's size 1, rather too wide than too narrow.
double text_width(std::string_view text, double size);

/// Broken at spaces into lines that fit, as far as its words do.
std::vector<std::string> wrapped(const std::string& text, double width, double size);

/// <text>; anchor is "start", "middle" or "end".
std::string svg_text(double x, double y, const std::string& text, const std::string& anchor = "start",
                     const std::string& css_class = "");

/// Lines below each other, the first with its baseline at y.
std::string svg_lines(double x, double y, const std::vector<std::string>& lines, double line_height,
                      const std::string& anchor = "start", const std::string& css_class = "");

/// What a drawing is called, and how large a page shows it at most, in pixels a unit.
struct SvgHead {
  std::string id;  ///< the document's only one
  std::string css_class, title, alternative;
  double largest = 1;
};

/// The beginning of a drawing: <svg> with its alternative text. On a page it is never so small that letters of 14 are
/// smaller than 10 pixels; where that is too wide, the reader scrolls.
std::string svg_begin(const SvgHead& head, double width, double height);

/// The same for a file of its own, with the styles.
std::string svg_begin_file(const SvgHead& head, double width, double height);

}  // namespace study
