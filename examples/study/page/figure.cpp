#include "study/page/figure.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "inkling/core/error.hpp"
#include "study/page/base64.hpp"
#include "study/page/format.hpp"
#include "study/page/markup.hpp"
#include "study/page/png_file.hpp"
#include "study/page/provenance.hpp"
#include "study/page/svg_cell_map.hpp"
#include "study/page/svg_chart.hpp"
#include "study/page/table.hpp"

namespace study {

namespace {

constexpr double column_width = 730;  // what is wider than the text gets the room of wide figures

std::string data_uri(const std::vector<std::uint8_t>& bytes) { return "data:image/png;base64," + base64(bytes); }

std::string image(const PngFile& file, const Picture& picture) {
  const auto scale = static_cast<std::uint32_t>(std::max(1, picture.scale));
  const std::string width = std::to_string(file.width * scale), height = std::to_string(file.height * scale);
  const std::string img = "<img src=\"" + data_uri(file.bytes) + "\" alt=\"" + escape(plain_text(picture.alternative)) +
                          "\" width=\"" + width + "\" height=\"" + height + "\">";
  if (file.last.empty()) return img + "\n";
  return "<picture><source media=\"(prefers-reduced-motion: reduce)\" srcset=\"" + data_uri(file.last) + "\">" + img +
         "</picture>\n";
}

std::string with_separators(const std::vector<std::string>& words, const std::string& between) {
  std::string all;
  for (const auto& word : words) all += (all.empty() || word.empty() ? "" : between) + word;
  return all;
}

bool is_wide(const Chart&) { return false; }
bool is_wide(const CellMap& map) { return pixels_wide(map) > column_width; }

/// A command that breaks only at its spaces, as long as its words fit.
std::string command_line(const std::string& command) {
  std::string out = "<code class=\"command\">";
  for (std::size_t at = 0; at < command.size();) {
    const std::size_t end = std::min(command.find(' ', at), command.size());
    out += (at == 0 ? "<span>" : " <span>") + escape(command.substr(at, end - at)) + "</span>";
    at = end + 1;
  }
  return out + "</code>";
}

std::string seconds_spent(const Times& t) {
  if (t.tasks == 0) return {};
  return "processor time: " + duration(t.training) + " training, " + duration(t.sampling) + " sampling, " +
         duration(t.other) + " other";
}

}  // namespace

std::string BlockWriter::operator()(const Block& block) {
  return std::visit([this](const auto& b) { return write(b); }, block);
}

std::string BlockWriter::next(const std::string& kind) {
  const std::string count = std::to_string(kind == "Table" ? ++tables_ : ++figures_);
  id_ = (kind == "Table" ? "table-" : "figure-") + (chapter_.empty() ? "" : chapter_ + "-") + count;
  return "<b>" + kind + " " + (chapter_.empty() ? "" : chapter_ + ".") + count + ".</b> ";
}

std::string BlockWriter::from(const std::vector<std::string>& tasks) const {
  if (tasks.empty()) return {};
  const Provenance p = provenance(tasks, results_, command_);
  std::vector<std::string> parts = {p.tasks > 0 ? counted(p.tasks, "task") : "tasks that were not run",
                                    with_separators(p.settings, ", "), p.machine, p.date, seconds_spent(p.times)};
  return "<p class=\"from\">From " + escape(with_separators(parts, " · ")) +
         ". To make it again: " + command_line(p.command) + "</p>\n";
}

std::string BlockWriter::write(const Paragraph& paragraph) { return paragraphs(paragraph.text); }

std::string BlockWriter::write(const Table& table) {
  const std::string name = next("Table");
  return "<figure class=\"table\" id=\"" + id_ + "\">\n<figcaption><p>" + name + prose(table.caption) +
         "</p></figcaption>\n" +
         html_table(table.columns, table.rows, table.caption.empty() ? "Table" : table.caption) + from(table.tasks) +
         "</figure>\n";
}

template <class Drawing>
std::string BlockWriter::drawing(const Drawing& d) {
  const std::string name = next("Figure");
  return "<figure class=\"" + std::string(is_wide(d) ? "wide" : "column") + "\" id=\"" + id_ +
         "\">\n<p class=\"figure-title\"><b>" + prose(d.title) +
         "</b></p>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" + escape(plain_text(d.title)) +
         "\">\n" + svg(d, id_ + "-drawing") + "</div>\n<figcaption><p>" + name + prose(d.caption) + "</p>\n" +
         numbers_of(d) + from(d.tasks) + "</figcaption>\n</figure>\n";
}

std::string BlockWriter::write(const Chart& chart) { return drawing(chart); }

std::string BlockWriter::write(const CellMap& map) { return drawing(map); }

std::string BlockWriter::write(const Picture& picture) {
  const std::string name = next("Figure");
  std::string shown, css_class = "picture";
  try {
    const PngFile file = read_png_file(picture.file);
    shown = image(file, picture);
    if (file.width * std::max(1.0, static_cast<double>(picture.scale)) > column_width) css_class += " wide";
  } catch (const ink::IoError& error) {
    // A run of hours should not lose its page to one picture.
    shown = "<p class=\"missing\">This picture is missing (" + escape(error.reason()) +
            "): " + escape(plain_text(picture.alternative)) + "</p>\n";
  }
  return "<figure class=\"" + css_class + "\" id=\"" + id_ + "\">\n" + shown + "<figcaption><p>" + name +
         prose(picture.caption) + "</p>\n" + from(picture.tasks) + "</figcaption>\n</figure>\n";
}

}  // namespace study
