#include "study/page/svg_marks.hpp"

#include <array>
#include <cstddef>
#include <string>

#include "study/page/svg_text.hpp"

namespace study {

namespace {

// Paths around (0, 0), of about the same ink; the open ones are drawn with strokes alone.
struct Shape {
  const char* path;
  bool open;
};
constexpr std::array<Shape, 8> shapes = {{
    {"a4.2 4.2 0 1 1 0 .01z", false},                 // disc, moved to its edge below
    {"m-3.8 -3.8h7.6v7.6h-7.6z", false},              // square
    {"m0 -5l4.8 8.4h-9.6z", false},                   // triangle
    {"m0 -5.4l5.4 5.4l-5.4 5.4l-5.4 -5.4z", false},   // diamond
    {"m0 5l4.8 -8.4h-9.6z", false},                   // triangle on its tip
    {"m-4 -4l8 8m0 -8l-8 8", true},                   // cross
    {"m-5 0h10m-5 -5v10", true},                      // plus
    {"m-3.8 -3.8h7.6v7.6h-7.6zm3.8 -1.6v10.8", true}  // open square with a stroke
}};
constexpr std::array<const char*, 5> dashes = {"", "7 4", "2 3", "9 3 2 3", "14 4"};

}  // namespace

std::string svg_colour(std::size_t series) { return "s" + std::to_string(series % shapes.size()); }

std::string svg_mark(std::size_t series, double x, double y) {
  const std::size_t i = series % shapes.size();
  const double shift = i == 0 ? -4.2 : 0;  // an arc begins at the left of its circle
  return "<path class=\"" + std::string(shapes[i].open ? "open " : "mark ") + svg_colour(series) + "\" d=\"M" +
         coordinate(x + shift) + " " + coordinate(y) + shapes[i].path + "\"/>\n";
}

std::string svg_line_style(std::size_t series) {
  const std::string dash = dashes[series % dashes.size()];
  return "class=\"line " + svg_colour(series) + "\"" + (dash.empty() ? "" : " stroke-dasharray=\"" + dash + "\"");
}

}  // namespace study
