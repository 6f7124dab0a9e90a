#include "study/page/svg_cell_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "study/page/format.hpp"
#include "study/page/svg_text.hpp"

namespace study {

namespace {

constexpr double font = 14, line_height = 17, cell_height = 36, gap = 2;
constexpr int colours = 9;
constexpr double drawing_scale = 1.1;  // pixels a unit

std::optional<double> value(const CellMap& map, std::size_t row, std::size_t column) {
  if (row >= map.values.size() || column >= map.values[row].size()) return {};
  return map.values[row][column];
}

/// Whether a value has a colour.
bool counts(const CellMap& map, const std::optional<double>& v) {
  return v && std::isfinite(*v) && !(map.log && *v <= 0);
}

bool all_integers(const CellMap& map) {
  for (const auto& row : map.values) {
    for (const auto& v : row) {
      if (v && std::isfinite(*v) && *v != std::floor(*v)) return false;
    }
  }
  return true;
}

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
};

Range range_of(const CellMap& map) {
  Range r;
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    for (std::size_t j = 0; j < map.columns.size(); ++j) {
      const auto v = value(map, i, j);
      if (!counts(map, v)) continue;
      r.low = std::fmin(r.low, *v);
      r.high = std::fmax(r.high, *v);
    }
  }
  return r;
}

/// 0 for the highest value, 8 for the lowest.
int colour_of(const CellMap& map, const Range& r, double v) {
  if (!(r.low < r.high)) return colours / 2;
  const double share = map.log ? std::log(v / r.low) / std::log(r.high / r.low) : (v - r.low) / (r.high - r.low);
  return std::clamp(static_cast<int>((1 - share) * colours), 0, colours - 1);
}

std::optional<std::size_t> best_row(const CellMap& map, std::size_t column) {
  std::optional<std::size_t> best;
  int count = 0;
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    const auto v = value(map, i, column);
    if (!v || !std::isfinite(*v)) continue;
    ++count;
    if (!best || *v < *value(map, *best, column)) best = i;
  }
  return count > 1 ? best : std::nullopt;
}

struct Layout {
  std::vector<std::string> row_label, title;
  std::vector<std::vector<std::string>> rows, columns;
  double left = 0, top = 0, cell = 0, width = 0, height = 0, column_lines = 0;

  double x(std::size_t column) const { return left + static_cast<double>(column) * cell; }
  double y(std::size_t row) const { return top + static_cast<double>(row) * cell_height; }
};

double longest(const std::vector<std::string>& lines) {
  double width = 0;
  for (const auto& line : lines) width = std::max(width, text_width(line, font));
  return width;
}

double cell_width(const CellMap& map) {
  double width = 56;
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    for (std::size_t j = 0; j < map.columns.size(); ++j) {
      width = std::max(width, text_width(cell_text(map, i, j), font) + 16);
    }
  }
  for (const auto& name : map.columns) width = std::max(width, longest(wrapped(name, 0, font)) + 8);
  return width;
}

Layout layout_of(const CellMap& map, bool titled) {
  Layout l;
  l.cell = cell_width(map);
  for (const auto& name : map.rows) {
    l.rows.push_back(wrapped(name, 125, font));
    l.left = std::max(l.left, longest(l.rows.back()) + 10);
  }
  l.row_label = wrapped(map.row_label, std::max(90.0, l.left), font);
  l.left = std::max(l.left, longest(l.row_label) + 10);
  for (const auto& name : map.columns) {
    l.columns.push_back(wrapped(name, l.cell - 6, font));
    l.column_lines = std::max(l.column_lines, static_cast<double>(l.columns.back().size()));
  }
  l.width = std::max(l.left + l.cell * static_cast<double>(map.columns.size()) + 2,
                     l.left + text_width(map.column_label, font) + 2);
  if (titled) l.title = wrapped(map.title, l.width / 1.1, font);
  const double head =
      std::max(l.column_lines + (map.column_label.empty() ? 0 : 1), static_cast<double>(l.row_label.size()));
  l.top = line_height * (head + static_cast<double>(l.title.size())) + 10;
  l.height = l.y(map.rows.size()) + 34;
  return l;
}

std::string rectangle(double x, double y, double width, double height, const std::string& css_class) {
  return "<rect class=\"" + css_class + "\" x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" width=\"" +
         coordinate(width) + "\" height=\"" + coordinate(height) + "\"/>\n";
}

std::string names(const CellMap& map, const Layout& l) {
  std::string out;
  const double head = l.top - 8 - line_height * (l.column_lines - 1);
  for (std::size_t j = 0; j < l.columns.size(); ++j) {
    const double unused = l.column_lines - static_cast<double>(l.columns[j].size());
    out += svg_lines(l.x(j) + l.cell / 2, head + unused * line_height, l.columns[j], line_height, "middle");
  }
  for (std::size_t i = 0; i < l.rows.size(); ++i) {
    const double shift = line_height / 2 * (static_cast<double>(l.rows[i].size()) - 1);
    out += svg_lines(l.left - 8, l.y(i) + cell_height / 2 + 5 - shift, l.rows[i], line_height, "end");
  }
  const double from_bottom = line_height * (static_cast<double>(l.row_label.size()) - 1);
  out += svg_lines(0, l.top - 8 - from_bottom, l.row_label, line_height, "start", "label");
  if (map.column_label.empty()) return out;
  return out + svg_text(l.left, head - line_height, map.column_label, "start", "label");
}

std::string cell(const CellMap& map, const Layout& l, const Range& r, const std::string& hatching, std::size_t i,
                 std::size_t j) {
  const auto v = value(map, i, j);
  const double x = l.x(j) + gap / 2, y = l.y(i) + gap / 2, w = l.cell - gap, h = cell_height - gap;
  if (!v) {
    return "<rect class=\"none\" fill=\"url(#" + hatching + ")\" x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) +
           "\" width=\"" + coordinate(w) + "\" height=\"" + coordinate(h) + "\"/>\n";
  }
  const std::string level = counts(map, v) ? std::to_string(colour_of(map, r, *v)) : "n";
  return rectangle(x, y, w, h, "c" + level) +
         svg_text(x + w / 2, y + h / 2 + 5, cell_text(map, i, j), "middle", "t" + level);
}

/// A frame, and a star in its corner.
std::string best_mark(const Layout& l, std::size_t row, std::size_t column) {
  const double x = l.x(column), y = l.y(row);
  const std::string star = "<path class=\"star\" d=\"M" + coordinate(x + l.cell - 3) + " " + coordinate(y - 3) +
                           "l1.6 3.5l3.8 .4l-2.9 2.5l.9 3.8l-3.4 -2l-3.4 2l.9 -3.8l-2.9 -2.5l3.8 -.4z\"/>\n";
  return rectangle(x + 1, y + 1, l.cell - 2, cell_height - 2, "best") + star;
}

/// Which colour means what, in a row under the map.
std::string key(const CellMap& map, const Range& r, const Layout& l) {
  if (!(r.low <= r.high)) return {};
  const double y = l.y(map.rows.size()) + 12, size = 13;
  const std::string low = number(r.low), high = number(r.high);
  double x = text_width(low, font) + 8;
  std::string out = svg_text(0, y + 12, low);
  for (int i = 0; i < colours; ++i, x += size) {
    out += rectangle(x, y, size, size, "c" + std::to_string(colours - 1 - i));
  }
  return out + svg_text(x + 8, y + 12, high);
}

std::string hatching_of(const std::string& id) {
  return "<pattern id=\"" + id +
         "\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
         "<path class=\"hatch\" d=\"M0 0V7\"/></pattern>\n";
}

std::string draw(const CellMap& map, const std::string& id, bool alone) {
  const Layout l = layout_of(map, alone);
  const Range r = range_of(map);
  const std::string hatching = id + "-none";
  const SvgHead head{id, "map", map.title, map.alternative, drawing_scale};
  std::string out = alone ? svg_begin_file(head, l.width, l.height) : svg_begin(head, l.width, l.height);
  out += hatching_of(hatching) + svg_lines(0, font, l.title, line_height, "start", "title") + names(map, l);
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    for (std::size_t j = 0; j < map.columns.size(); ++j) out += cell(map, l, r, hatching, i, j);
  }
  for (std::size_t j = 0; j < map.columns.size(); ++j) {
    if (const auto row = best_row(map, j)) out += best_mark(l, *row, j);
  }
  return out + key(map, r, l) + "</svg>\n";
}

}  // namespace

std::string cell_text(const CellMap& map, std::size_t row, std::size_t column) {
  if (row < map.texts.size() && column < map.texts[row].size() && !map.texts[row][column].empty()) {
    return map.texts[row][column];
  }
  const auto v = value(map, row, column);
  if (!v) return {};
  return all_integers(map) ? number(*v) : significant(*v);
}

double pixels_wide(const CellMap& map) { return drawing_scale * layout_of(map, false).width; }

std::string svg(const CellMap& map, const std::string& id) { return draw(map, id, false); }

std::string svg_file(const CellMap& map) { return draw(map, "map", true); }

}  // namespace study
