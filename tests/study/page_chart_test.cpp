#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "markup_check.hpp"
#include "study/page/svg_cell_map.hpp"
#include "study/page/svg_chart.hpp"
#include "study/page/svg_labels.hpp"
#include "study/page/svg_scale.hpp"
#include "study/page/svg_text.hpp"

namespace page_chart_test {

using namespace study;
using markup_check::count;
using markup_check::has;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> labels(const Scale& scale) {
  std::vector<std::string> all;
  for (const auto& tick : scale.ticks) {
    if (!tick.label.empty()) all.push_back(tick.label);
  }
  return all;
}

Axis axis(bool log) {
  Axis a;
  a.label = "x";
  a.log = log;
  return a;
}

Series series(const std::string& name, const std::vector<Point>& points) {
  Series s;
  s.name = name;
  s.points = points;
  return s;
}

Chart chart(const std::vector<Series>& all) {
  Chart c;
  c.title = "Quality & <cost>";
  c.alternative = "It \"falls\".";
  c.x = axis(false);
  c.y = axis(false);
  c.y.label = "FD-CNN";
  c.series = all;
  return c;
}

CellMap map() {
  CellMap m;
  m.title = "Targets";
  m.alternative = "ε collapses.";
  m.row_label = "target";
  m.column_label = "trunk";
  m.rows = {"x₀", "ε"};
  m.columns = {"UNet", "patch 28", "patch 4"};
  m.values = {{2.0, 9.25, {}}, {1.5, 400.0, nan}};
  return m;
}

}  // namespace

TEST_CASE("a linear axis has ticks at round numbers, and ends at one") {
  const Scale scale = make_scale(axis(false), {0.1, 0.93}, 6);
  CHECK(labels(scale) == std::vector<std::string>{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(scale.from == 0);
  CHECK(scale.to == doctest::Approx(1));
  CHECK(scale.place(0.25) == doctest::Approx(0.25));
  CHECK(labels(make_scale(axis(false), {-3, 12000}, 4)) ==
        std::vector<std::string>{"−5,000", "0", "5,000", "10,000", "15,000"});
}

TEST_CASE("an axis far from zero does not begin there") {
  const Scale scale = make_scale(axis(false), {81.2, 82.9}, 6);
  CHECK(scale.from >= 80);
  CHECK(scale.to <= 84);
  CHECK(labels(scale).size() >= 3);
}

TEST_CASE("a logarithmic axis has the powers of ten, and small ticks between") {
  const Scale scale = make_scale(axis(true), {1, 1000}, 6);
  const auto all = labels(scale);
  CHECK(std::find(all.begin(), all.end(), "10") != all.end());
  CHECK(std::find(all.begin(), all.end(), "1,000") != all.end());
  CHECK(scale.ticks.size() > all.size());
  CHECK(scale.place(std::sqrt(1000.0)) == doctest::Approx(0.5));
  CHECK(std::isnan(scale.place(0)));
  CHECK_FALSE(scale.shows(-1));
  CHECK(labels(make_scale(axis(true), {2e6, 3e11}, 6)) ==
        std::vector<std::string>{"10⁷", "10⁸", "10⁹", "10¹⁰", "10¹¹"});
  CHECK(labels(make_scale(axis(true), {1e-3, 0.02}, 6)) ==
        std::vector<std::string>{"0.001", "0.002", "0.005", "0.01", "0.02"});
}

TEST_CASE("a logarithmic axis of less than a decade has ticks as well") {
  CHECK(labels(make_scale(axis(true), {81, 106}, 6)).size() >= 3);
  CHECK(labels(make_scale(axis(true), {81.1, 81.4}, 6)).size() >= 3);
}

TEST_CASE("ends that are given are kept; nothing and one value have an axis too") {
  Axis given = axis(false);
  given.from = 0.5;
  given.to = 0.7;
  const Scale scale = make_scale(given, {0, 10}, 6);
  CHECK(scale.from == 0.5);
  CHECK(scale.to == 0.7);
  for (const bool log : {false, true}) {
    for (const auto& values : std::vector<std::vector<double>>{{}, {3}, {nan}, {0}, {-2}, {1e-300, 1e300}}) {
      const Scale s = make_scale(axis(log), values, 6);
      CHECK(s.from < s.to);
      CHECK(labels(s).size() >= 2);
      CHECK(labels(s).size() <= 13);
    }
  }
}

TEST_CASE("a chart has its words, and they are escaped") {
  const std::string drawing = svg(chart({series("a <1>", {{0, 1}, {1, 2}}), series("b", {{0, 2}})}), "figure-1");
  CHECK(has(drawing, "role=\"img\" aria-labelledby=\"figure-1-title figure-1-words\""));
  CHECK(has(drawing, "<title id=\"figure-1-title\">Quality &amp; &lt;cost&gt;</title>"));
  CHECK(has(drawing, "<desc id=\"figure-1-words\">It &quot;falls&quot;.</desc>"));
  CHECK(has(drawing, ">a &lt;1&gt;</text>"));
  CHECK(has(drawing, ">FD-CNN</text>"));
  CHECK(markup_check::nesting_fault(drawing) == "");
  CHECK(markup_check::id_fault(drawing) == "");
  CHECK_FALSE(has(drawing, "nan"));
}

TEST_CASE("error bars are drawn where there is an error") {
  CHECK(count(svg(chart({series("a", {{0, 1}, {1, 2}})}), "f"), "class=\"bar") == 0);
  CHECK(count(svg(chart({series("a", {{0, 1, 0.5, 1.5}, {1, 2}, {2, 1, nan, 3}})}), "f"), "class=\"bar") == 1);
}

TEST_CASE("a bar that reaches below zero ends at the foot of a logarithmic axis") {
  Chart c = chart({series("a", {{0, 1, -1, 3}, {1, 0.1}})});
  c.y.log = true;
  const std::string drawing = svg(c, "f");
  CHECK(count(drawing, "class=\"bar") == 1);
  CHECK_FALSE(has(drawing, "nan"));
  CHECK_FALSE(has(drawing, "inf"));
}

TEST_CASE("a line is broken where a point is missing, and a point beyond the axis is an arrow") {
  CHECK(count(svg(chart({series("a", {{0, 1}, {1, 2}, {2, nan}, {3, 4}, {4, 5}})}), "f"), "class=\"mark s0\"") == 4);
  Chart c = chart({series("a", {{0, 1}, {1, 200}})});
  c.y.to = 10;
  const std::string drawing = svg(c, "f");
  CHECK(count(drawing, "class=\"mark s0\"") == 1);
  CHECK(count(drawing, "class=\"open s0\"") == 1);
}

TEST_CASE("series differ without their colours") {
  std::vector<Series> many;
  for (int i = 0; i < 8; ++i) many.push_back(series(std::to_string(i), {{0, 1.0 * i}, {1, 1.0}}));
  const std::string drawing = svg(chart(many), "f");
  for (int i = 1; i < 5; ++i) {  // the first line is whole
    const std::string line = "class=\"line s" + std::to_string(i) + "\" stroke-dasharray=";
    CHECK(count(drawing, line) == 2);  // in the plot and in the legend
  }
}

TEST_CASE("one series needs no legend; levels are named, but not beyond the axis") {
  Chart c = chart({series("alone", {{0, 1}, {1, 2}})});
  CHECK_FALSE(has(svg(c, "f"), ">alone<"));
  c.levels = {{"floor", 0.5}};
  CHECK(has(svg(c, "f"), ">alone<"));
  CHECK(has(svg(c, "f"), "class=\"level-name\">floor<"));
  c.y.from = 0.8;
  CHECK_FALSE(has(svg(c, "f"), ">floor<"));
}

TEST_CASE("a chart without a number says so") {
  CHECK(has(svg(chart({}), "f"), "nothing was measured"));
  CHECK(has(svg(chart({series("a", {{0, nan}})}), "f"), "nothing was measured"));
  CHECK_FALSE(has(svg(chart({series("a", {{0, 1}})}), "f"), "nothing was measured"));
}

TEST_CASE("names of levels at one height do not meet") {
  LabelPlacer placer(0, 0, 400, 300);
  const auto a = placer.beside_line(100, 80, 14), b = placer.beside_line(101, 80, 14),
             c = placer.beside_line(102, 80, 14);
  const auto apart = [](const LabelPlacer::Place& p, const LabelPlacer::Place& q) {
    return std::fabs(p.x - q.x) >= 80 || std::fabs(p.y - q.y) >= 14;
  };
  CHECK(apart(a, b));
  CHECK(apart(a, c));
  CHECK(apart(b, c));
}

TEST_CASE("a chart as a file has its title and its own styles") {
  const std::string file = svg_file(chart({series("a", {{0, 1}, {1, 2}})}));
  CHECK(has(file, "class=\"title\">Quality &amp; &lt;cost&gt;</text>"));
  CHECK(has(file, "prefers-color-scheme: dark"));
  CHECK(markup_check::nesting_fault(file) == "");
}

TEST_CASE("a map has a number in each cell, and hatching where there is none") {
  const std::string drawing = svg(map(), "m");
  CHECK(has(drawing, ">2.00</text>"));
  CHECK(has(drawing, ">9.25</text>"));
  CHECK(has(drawing, ">–</text>"));  // measured, and no number
  CHECK(count(drawing, "url(#m-none)") == 1);
  CHECK(markup_check::nesting_fault(drawing) == "");
  CHECK(markup_check::id_fault(drawing) == "");
}

TEST_CASE("the lowest of a map is darkest, and the best of a column marked if there is a choice") {
  const std::string drawing = svg(map(), "m");
  CHECK(has(drawing, "class=\"t8\">1.50<"));
  CHECK(has(drawing, "class=\"t0\">400<"));
  CHECK(count(drawing, "class=\"best\"") == 2);  // the third column has one number
  CHECK(count(drawing, "class=\"star\"") == 2);
}

TEST_CASE("the texts of cells can be given; a map may have too few values, or all the same") {
  CellMap m = map();
  m.texts = {{"2.0 ± 0.1"}};
  CHECK(cell_text(m, 0, 0) == "2.0 ± 0.1");
  CHECK(cell_text(m, 1, 0) == "1.50");
  m.values = {{3, 3}};
  CHECK(cell_text(m, 0, 1) == "3");
  CHECK(cell_text(m, 1, 1) == "");
  CHECK(has(svg(m, "m"), "class=\"c4\""));
  m.values = {};
  CHECK(count(svg(m, "m"), "url(#m-none)") == 6);
}

TEST_CASE("words are wrapped where they fit") {
  const auto lines = wrapped("one two three", text_width("one two", 10) + 0.1, 10);
  CHECK(lines == std::vector<std::string>{"one two", "three"});
  CHECK(wrapped("", 10, 10).empty());
  CHECK(text_width("ε", 10) == text_width("λ", 10));
}

}  // namespace page_chart_test
