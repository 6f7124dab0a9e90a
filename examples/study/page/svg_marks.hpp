// How the series of a chart are told apart: by colour, by the shape of their marks, and by the dashes of their lines,
// so that two of the three may fail.
#pragma once

#include <cstddef>
#include <string>

namespace study {

/// The mark of the i-th series, with its middle at (x, y).
std::string svg_mark(std::size_t series, double x, double y);

/// Attributes of the line of the i-th series: its class and its dashes.
std::string svg_line_style(std::size_t series);

/// The class that gives the i-th series its colour.
std::string svg_colour(std::size_t series);

}  // namespace study
