#include "study/page/svg_chart.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "study/page/svg_labels.hpp"
#include "study/page/svg_marks.hpp"
#include "study/page/svg_scale.hpp"
#include "study/page/svg_text.hpp"

namespace study {

namespace {

constexpr double width = 460, plot_height = 270, font = 14, line_height = 18, right = 16;

struct Layout {
  Scale x, y;
  std::vector<std::string> y_label, x_label, title;
  double left = 0, top = 0, bottom = 0, height = 0;

  double at_x(double value) const { return left + x.place(value) * (width - right - left); }
  double at_y(double value) const { return bottom - y.place(value) * (bottom - top); }
  bool shows(const Point& p) const { return x.shows(p.x) && y.shows(p.y); }
};

struct Legend {
  struct Item {
    std::size_t series;
    double x, row;
    std::vector<std::string> lines;
  };
  std::vector<Item> items;
  double rows = 0;
};

constexpr double sample_width = 34, item_gap = 12;

/// In as many columns as fit; they are filled row by row.
Legend legend_of(const Chart& chart) {
  Legend legend;
  const bool needed = chart.series.size() > 1 || (chart.series.size() == 1 && !chart.levels.empty());
  if (!needed) return legend;
  double longest = 0;
  std::vector<std::vector<std::string>> names;
  for (const auto& s : chart.series) {
    names.push_back(wrapped(s.name, width - sample_width, font));
    for (const auto& line : names.back()) longest = std::max(longest, text_width(line, font));
  }
  const double column = sample_width + longest + item_gap;
  const auto columns = static_cast<std::size_t>(std::max(1.0, std::floor((width + item_gap) / column)));
  double taken = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i % columns == 0) legend.rows += std::exchange(taken, 0);
    taken = std::max(taken, static_cast<double>(names[i].size()));
    legend.items.push_back({i, static_cast<double>(i % columns) * column, legend.rows, names[i]});
  }
  legend.rows += taken;
  return legend;
}

Scale scale_x(const Chart& chart) {
  std::vector<double> values;
  for (const auto& s : chart.series) {
    for (const auto& p : s.points) values.push_back(p.x);
  }
  return make_scale(chart.x, values, 6, false);
}

Scale scale_y(const Chart& chart) {
  std::vector<double> values;
  for (const auto& s : chart.series) {
    for (const auto& p : s.points) values.insert(values.end(), {p.y, p.low, p.high});
  }
  for (const auto& level : chart.levels) values.push_back(level.y);
  return make_scale(chart.y, values, 6);
}

Layout layout_of(const Chart& chart, double legend_rows, bool titled) {
  Layout l;
  l.x = scale_x(chart);
  l.y = scale_y(chart);
  if (titled) l.title = wrapped(chart.title, width / 1.1, font);
  l.y_label = wrapped(chart.y.label, width - 8, font);
  l.x_label = wrapped(chart.x.label, width - 8, font);
  double longest = 0;
  for (const auto& tick : l.y.ticks) longest = std::max(longest, text_width(tick.label, font));
  l.left = std::max(30.0, longest + 12);
  l.top = 8 + line_height * static_cast<double>(l.title.size() + l.y_label.size()) + 4;
  l.bottom = l.top + plot_height;
  l.height = l.bottom + 20 + line_height * (static_cast<double>(l.x_label.size()) + legend_rows) + 14;
  return l;
}

std::string segment(double x1, double y1, double x2, double y2, const std::string& css_class) {
  return "<path class=\"" + css_class + "\" d=\"M" + coordinate(x1) + " " + coordinate(y1) + "L" + coordinate(x2) +
         " " + coordinate(y2) + "\"/>\n";
}

std::string axes(const Layout& l) {
  std::string out;
  for (const auto& tick : l.y.ticks) {
    const double y = l.at_y(tick.value);
    if (tick.label.empty()) {
      out += segment(l.left - 3, y, l.left, y, "axis");
    } else {
      out += segment(l.left, y, width - right, y, "grid") + svg_text(l.left - 6, y + 5, tick.label, "end");
    }
  }
  double free = 0;  // from where on the next label may stand
  for (const auto& tick : l.x.ticks) {
    const double x = l.at_x(tick.value), half = text_width(tick.label, font) / 2;
    out += segment(x, l.bottom, x, l.bottom + (tick.label.empty() ? 3 : 5), "axis");
    if (tick.label.empty() || x - half < free) continue;
    out += svg_text(std::min(x, width - half), l.bottom + 19, tick.label, "middle");
    free = x + half + 4;
  }
  out += segment(l.left, l.bottom, width - right, l.bottom, "axis") + segment(l.left, l.top, l.left, l.bottom, "axis");
  const double label_y = l.top - 8 - line_height * static_cast<double>(l.y_label.size() - 1);
  out += svg_lines(0, label_y, l.y_label, line_height, "start", "label");
  return out + svg_lines(width - right, l.bottom + 19 + line_height, l.x_label, line_height, "end", "label");
}

/// The line through all points that have a place; it is broken where one has none.
std::string line_of(const Series& s, std::size_t index, const Layout& l, const std::string& clip) {
  std::string path;
  bool drawing = false;
  for (const auto& p : s.points) {
    const double x = l.at_x(p.x), y = l.at_y(p.y);
    if (!std::isfinite(x) || !std::isfinite(y)) {
      drawing = false;
      continue;
    }
    path += (drawing ? "L" : "M") + coordinate(x) + " " + coordinate(y);
    drawing = true;
  }
  if (path.empty()) return {};
  return "<path " + svg_line_style(index) + " clip-path=\"url(#" + clip + ")\" d=\"" + path + "\"/>\n";
}

std::string error_bar(const Point& p, std::size_t index, const Layout& l) {
  if (!l.shows(p) || !std::isfinite(p.low) || !std::isfinite(p.high) || !(p.low < p.high)) return {};
  const double x = l.at_x(p.x), top = std::max(l.at_y(p.high), l.top), below = l.at_y(p.low);
  const double end = std::isfinite(below) ? std::min(below, l.bottom) : l.bottom;  // below zero, on a logarithmic axis
  std::string path = "M" + coordinate(x) + " " + coordinate(top) + "V" + coordinate(end);
  for (const double cap : {top, end}) path += "M" + coordinate(x - 4) + " " + coordinate(cap) + "h8";
  return "<path class=\"bar " + svg_colour(index) + "\" d=\"" + path + "\"/>\n";
}

/// An arrow at the edge for a point that lies beyond it.
std::string beyond(const Point& p, std::size_t index, const Layout& l) {
  if (!l.x.shows(p.x) || !std::isfinite(p.y) || l.y.shows(p.y)) return {};
  const bool up = p.y > l.y.to;
  const std::string start = coordinate(l.at_x(p.x)) + " " + coordinate(up ? l.top + 1 : l.bottom - 1);
  return "<path class=\"open " + svg_colour(index) + "\" d=\"M" + start +
         (up ? "v12m-4 -8l4 -4l4 4" : "v-12m-4 8l4 4l4 -4") + "\"/>\n";
}

std::string series(const Chart& chart, const Layout& l, const std::string& clip) {
  std::string lines, bars, marks;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Series& s = chart.series[i];
    if (s.line) lines += line_of(s, i, l, clip);
    for (const auto& p : s.points) {
      bars += error_bar(p, i, l);
      if (!s.marks) continue;
      marks += l.shows(p) ? svg_mark(i, l.at_x(p.x), l.at_y(p.y)) : beyond(p, i, l);
    }
  }
  return lines + bars + marks;
}

std::string level_lines(const Chart& chart, const Layout& l) {
  std::string out;
  for (const auto& level : chart.levels) {
    const double y = l.at_y(level.y);
    if (l.y.shows(level.y)) out += segment(l.left, y, width - right, y, "level");
  }
  return out;
}

/// Marks and places along the lines and levels, as far as they are within the plot.
void keep_free(LabelPlacer& placer, const Chart& chart, const Layout& l) {
  constexpr int steps = 8;
  const auto avoid = [&](double x, double y) {
    if (x >= l.left && x <= width - right && y >= l.top && y <= l.bottom) placer.avoid(x, y);
  };
  for (const auto& level : chart.levels) {
    for (double x = l.left; x < width - right; x += 20) avoid(x, l.at_y(level.y));
  }
  for (const auto& s : chart.series) {
    for (std::size_t i = 0; i < s.points.size(); ++i) {
      const Point &p = s.points[i], &before = s.points[s.line && i > 0 ? i - 1 : i];
      const double x = l.at_x(before.x), y = l.at_y(before.y), dx = l.at_x(p.x) - x, dy = l.at_y(p.y) - y;
      for (int k = 1; k <= steps; ++k) avoid(x + dx * k / steps, y + dy * k / steps);
    }
  }
}

std::string level_names(const Chart& chart, const Layout& l) {
  LabelPlacer placer(l.left, l.top, width - right, l.bottom);
  keep_free(placer, chart, l);
  std::string out;
  for (const auto& level : chart.levels) {
    if (!l.y.shows(level.y)) continue;
    const auto place = placer.beside_line(l.at_y(level.y), text_width(level.name, font), font);
    out += svg_text(place.x, place.y, level.name, "start", "level-name");
  }
  return out;
}

/// Says so where there is nothing to be seen.
std::string emptiness(const Chart& chart, const Layout& l) {
  for (const auto& s : chart.series) {
    for (const auto& p : s.points) {
      if (std::isfinite(l.at_x(p.x)) && std::isfinite(p.y)) return {};
    }
  }
  return svg_text((l.left + width - right) / 2, (l.top + l.bottom) / 2, "nothing was measured", "middle", "label");
}

std::string legend(const Chart& chart, const Legend& all, double top) {
  std::string out;
  for (const auto& item : all.items) {
    const double y = top + item.row * line_height;
    const Series& s = chart.series[item.series];
    if (s.line) {
      out += "<path " + svg_line_style(item.series) + " d=\"M" + coordinate(item.x) + " " + coordinate(y - 5) +
             "h28\"/>\n";
    }
    if (s.marks) out += svg_mark(item.series, item.x + 14, y - 5);
    out += svg_lines(item.x + sample_width, y, item.lines, line_height);
  }
  return out;
}

std::string draw(const Chart& chart, const std::string& id, bool alone) {
  const Legend names = legend_of(chart);
  const Layout l = layout_of(chart, names.rows, alone);
  const std::string clip = id + "-plot";
  const SvgHead head{id, "chart", chart.title, chart.alternative, 1.6};
  std::string out = alone ? svg_begin_file(head, width, l.height) : svg_begin(head, width, l.height);
  out += "<clipPath id=\"" + clip + "\"><rect x=\"" + coordinate(l.left) + "\" y=\"" + coordinate(l.top) +
         "\" width=\"" + coordinate(width - right - l.left) + "\" height=\"" + coordinate(plot_height) +
         "\"/></clipPath>\n";
  out += svg_lines(0, 8 + font, l.title, line_height, "start", "title") + axes(l);
  out += level_lines(chart, l) + series(chart, l, clip) + level_names(chart, l) + emptiness(chart, l);
  const double legend_top = l.bottom + 19 + line_height * (1 + static_cast<double>(l.x_label.size())) + 8;
  return out + legend(chart, names, legend_top) + "</svg>\n";
}

}  // namespace

std::string svg(const Chart& chart, const std::string& id) { return draw(chart, id, false); }

std::string svg_file(const Chart& chart) { return draw(chart, "chart", true); }

}  // namespace study
