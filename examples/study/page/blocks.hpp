// What a section of the page is made of: paragraphs, tables, charts, maps of cells, pictures. Data only; page/html.hpp
// writes them.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "study/harness/verdict.hpp"

namespace study {

struct Paragraph {
  std::string text;  ///< plain text; `code` between backticks
};

struct Table {
  std::string caption;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< the first cell names the row
  std::vector<std::string> tasks;              ///< whose records the numbers are from
};

struct Axis {
  std::string label;  ///< with its unit
  bool log = false;
  std::optional<double> from = {}, to = {};  ///< chosen from the data where not given
};

struct Point {
  double x, y;
  double low = y, high = y;  ///< ends of the error bar
};

struct Series {
  std::string name;
  std::vector<Point> points;
  bool line = true, marks = true;
};

/// A horizontal line that the series are compared with, as a floor.
struct Level {
  std::string name;
  double y;
};

struct Chart {
  std::string title;
  std::string alternative;  ///< says in words what is to be seen
  Axis x, y;
  std::vector<Series> series;
  std::vector<Level> levels = {};
  std::string caption = {};
  std::vector<std::string> tasks = {};  ///< whose records the numbers are from
};

/// Cells in rows and columns, coloured by value: dark is good, that is low.
struct CellMap {
  std::string title;
  std::string alternative;
  std::string row_label, column_label;
  std::vector<std::string> rows, columns;
  std::vector<std::vector<std::optional<double>>> values;  ///< [row][column]; nothing: no such cell
  std::vector<std::vector<std::string>> texts = {};        ///< in the cells; empty: the value with three digits
  bool log = true;                                         ///< colours by the logarithm
  std::string caption = {};
  std::vector<std::string> tasks = {};
};

/// A PNG or APNG file, shown pixel by pixel.
struct Picture {
  std::string file;  ///< path
  std::string alternative;
  std::string caption = {};
  int scale = 2;  ///< CSS pixels a pixel, on a wide page
  std::vector<std::string> tasks = {};
};

using Block = std::variant<Paragraph, Table, Chart, CellMap, Picture>;

struct Section {
  Verdict verdict;
  std::vector<Block> blocks;
};

}  // namespace study
