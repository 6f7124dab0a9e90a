#include "study/page/table.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "study/page/format.hpp"
#include "study/page/markup.hpp"
#include "study/page/svg_cell_map.hpp"

namespace study {

namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t most_points = 400;

bool begins_like_a_number(std::string_view cell) {
  for (const std::string_view sign : {"−", "-", "+", "<", ">", "≤", "≥", "≈", "~", "(", " "}) {
    while (cell.substr(0, sign.size()) == sign) cell.remove_prefix(sign.size());
  }
  return !cell.empty() && cell[0] >= '0' && cell[0] <= '9';
}

bool of_numbers(const Rows& rows, std::size_t column) {
  bool any = false;
  for (const auto& row : rows) {
    if (column >= row.size() || row[column].empty() || row[column] == "–") continue;
    if (!begins_like_a_number(row[column])) return false;
    any = true;
  }
  return any;
}

std::string details(const std::string& table) {
  return table.empty() ? "" : "<details><summary>The numbers as a table</summary>\n" + table + "</details>\n";
}

}  // namespace

std::string html_table(const std::vector<std::string>& columns, const Rows& rows, const std::string& label) {
  std::vector<const char*> css_class;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    css_class.push_back(j > 0 && of_numbers(rows, j) ? " class=\"value\"" : "");
  }
  std::string out = "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" + escape(plain_text(label)) +
                    "\"><table>\n<thead><tr>";
  for (std::size_t j = 0; j < columns.size(); ++j) {
    out += "<th scope=\"col\"" + std::string(css_class[j]) + ">" + prose(columns[j]) + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    out += "<tr>";
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const std::string cell = prose(j < row.size() ? row[j] : "");
      out += j == 0 ? "<th scope=\"row\">" + cell + "</th>" : "<td" + std::string(css_class[j]) + ">" + cell + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string numbers_of(const Chart& chart) {
  std::size_t count = chart.levels.size();
  bool bars = false;
  for (const auto& s : chart.series) {
    count += s.points.size();
    for (const auto& p : s.points) bars = bars || p.low < p.high;
  }
  if (count > most_points || count == 0) return {};
  Rows rows;
  for (const auto& s : chart.series) {
    for (const auto& p : s.points) {
      rows.push_back({s.name, number(p.x), number(p.y)});
      if (bars) rows.back().push_back(p.low < p.high ? number(p.low) + " to " + number(p.high) : "–");
    }
  }
  for (const auto& level : chart.levels) rows.push_back({level.name, "", number(level.y)});
  std::vector<std::string> columns = {"series", chart.x.label, chart.y.label};
  if (bars) columns.push_back("error bar");
  return details(html_table(columns, rows, "Numbers of: " + chart.title));
}

std::string numbers_of(const CellMap& map) {
  Rows rows;
  for (std::size_t i = 0; i < map.rows.size(); ++i) {
    rows.push_back({map.rows[i]});
    for (std::size_t j = 0; j < map.columns.size(); ++j) rows.back().push_back(cell_text(map, i, j));
  }
  std::vector<std::string> columns = {map.row_label};
  columns.insert(columns.end(), map.columns.begin(), map.columns.end());
  return details(html_table(columns, rows, "Numbers of: " + map.title));
}

}  // namespace study
