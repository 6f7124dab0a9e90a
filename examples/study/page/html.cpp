// The page: the answer with the headline chart, all verdicts at a glance, the claims in order, and the run.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/io/file.hpp"
#include "study/page/data_files.hpp"
#include "study/page/figure.hpp"
#include "study/page/format.hpp"
#include "study/page/markup.hpp"
#include "study/page/page.hpp"
#include "study/page/provenance.hpp"
#include "study/page/style.hpp"
#include "study/page/table.hpp"

namespace study {

namespace {

constexpr std::array<Outcome, 4> outcomes = {Outcome::supported, Outcome::conditional, Outcome::not_supported,
                                             Outcome::not_measured};

struct Look {
  const char *css_class, *sign, *words;
};

Look look(Outcome outcome) {
  switch (outcome) {
    case Outcome::supported: return {"supported", "✓", "Supported"};
    case Outcome::conditional: return {"conditional", "◐", "Supported only when …"};
    case Outcome::not_supported: return {"not-supported", "✗", "Not supported"};
    case Outcome::not_measured: break;
  }
  return {"not-measured", "–", "Not measured"};
}

std::string sign(const Look& l) { return "<span aria-hidden=\"true\">" + std::string(l.sign) + "</span>"; }

std::string claim_id(const Entry& entry) { return "claim-" + std::to_string(entry.number); }

std::string head(const Page& page) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>" +
         escape(plain_text(page.title)) + "</title>\n<style>\n" + page_style() + "</style>\n</head>\n";
}

std::string contents(const Page& page) {
  std::string out =
      "<nav class=\"contents\" aria-label=\"Contents\"><ul>\n<li><a href=\"#answer\">Answer</a></li>\n"
      "<li><a href=\"#verdicts\">Verdicts</a></li>\n";
  for (const auto& entry : page.entries) {
    const Look l = look(entry.section.verdict.outcome);
    out += "<li><a class=\"" + std::string(l.css_class) + "\" href=\"#" + claim_id(entry) + "\" aria-label=\"Claim " +
           std::to_string(entry.number) + ": " + l.words + "\">" + std::to_string(entry.number) + " " + sign(l) +
           "</a></li>\n";
  }
  return out + "<li><a href=\"#run\">The run</a></li>\n</ul></nav>\n";
}

std::string answer(const Page& page, BlockWriter& write) {
  std::string out = "<section id=\"answer\" aria-label=\"The answer\">\n<div class=\"answer\">\n" +
                    paragraphs(page.answer) + "</div>\n";
  for (const auto& block : page.headline) out += write(block);
  return out + "</section>\n";
}

/// "Of 24 claims 15 are supported, 5 only under a condition, …"
std::string tally(const Page& page) {
  constexpr std::array<const char*, 4> endings = {" supported", " supported only under a condition", " not supported",
                                                  " not measured"};
  std::string out;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    long long count = 0;
    for (const auto& entry : page.entries) count += entry.section.verdict.outcome == outcomes[i] ? 1 : 0;
    if (count == 0) continue;
    out += (out.empty() ? "" : ", ") + std::to_string(count) + (count == 1 ? " is" : " are") + endings[i];
  }
  const auto all = static_cast<long long>(page.entries.size());
  return "Of " + counted(all, "claim") + ", " + (out.empty() ? "none is judged" : out) +
         ". Each verdict follows from the numbers by the rule that is stated with it.";
}

std::string verdict_row(const Entry& entry) {
  const Verdict& v = entry.section.verdict;
  const Look l = look(v.outcome);
  return "<tr><th scope=\"row\"><a href=\"#" + claim_id(entry) + "\"><span class=\"number\">" +
         std::to_string(entry.number) + "</span>" + prose(entry.says) + "</a></th><td><span class=\"badge " +
         l.css_class + "\">" + sign(l) + " " + l.words + "</span>" +
         (v.outcome == Outcome::conditional ? "<div class=\"because\">" + prose(v.because) + "</div>" : "") +
         "</td></tr>\n";
}

std::string verdicts(const Page& page) {
  std::string out =
      "<section id=\"verdicts\" aria-labelledby=\"verdicts-heading\">\n"
      "<h2 id=\"verdicts-heading\">All verdicts</h2>\n<p>" +
      tally(page) +
      "</p>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table of all verdicts\">"
      "<table class=\"verdicts\">\n<thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">Verdict</th>"
      "</tr></thead>\n<tbody>\n";
  for (const auto& entry : page.entries) out += verdict_row(entry);
  return out + "</tbody></table></div>\n</section>\n";
}

std::string verdict(const Verdict& v) {
  const Look l = look(v.outcome);
  std::string out = "<div class=\"verdict " + std::string(l.css_class) + "\">\n<p class=\"badge\">" + sign(l) + " " +
                    l.words + "</p>\n" + paragraphs(v.because);
  if (!v.rule.empty()) out += "<p class=\"rule\"><b>The rule.</b> " + prose(v.rule) + "</p>\n";
  return out + "</div>\n";
}

std::string section(const Entry& entry, const Page& page, const Results& results) {
  const std::string id = claim_id(entry);
  BlockWriter write(results, std::to_string(entry.number), page.command);
  std::string out;
  if (!entry.part.empty()) out += "<h2 class=\"part\">" + prose(entry.part) + "</h2>\n";
  out += "<section id=\"" + id + "\" aria-labelledby=\"" + id + "-heading\">\n<h2 id=\"" + id +
         "-heading\"><span class=\"number\">" + std::to_string(entry.number) + "</span>" + prose(entry.says) +
         "</h2>\n" + verdict(entry.section.verdict);
  for (const auto& block : entry.section.blocks) out += write(block);
  return out + "<p class=\"back\"><a href=\"#verdicts\">All verdicts ↑</a></p>\n</section>\n";
}

std::vector<std::string> all_tasks(const Results& results) {
  std::vector<std::string> names;
  for (const auto& [name, record] : results.all()) names.push_back(name);
  return names;
}

/// Of a file beside the page.
std::string file_name(const Results& results, const std::string& ending) {
  const std::string& out = results.settings().out;
  return out.substr(out.find_last_of('/') + 1) + ending;
}

std::string run(const Page& page, const Results& results) {
  const auto tasks = all_tasks(results);
  const Provenance p = provenance(tasks, results, page.command);
  const Times& t = p.times;
  std::vector<std::vector<std::string>> rows;
  const auto row = [&rows](const std::string& name, const std::string& value) {
    if (!value.empty()) rows.push_back({name, value});
  };
  row("Machine", p.machine);
  row("Date", p.date);
  row("Command", "`" + p.command.substr(0, p.command.find(" --only")) + "`");
  for (const auto& [name, value] : page.run) row(name, value);
  row("Tasks", number(static_cast<double>(tasks.size())));
  if (t.tasks > 0) {
    row("Processor time", duration(t.all()) + ": " + duration(t.training) + " training, " + duration(t.sampling) +
                              " sampling and evaluating networks, " + duration(t.other) + " other");
  }
  if (t.all() > 0) row("Within training and sampling", percent((t.training + t.sampling) / t.all()));
  return "<section id=\"run\" class=\"run\" aria-labelledby=\"run-heading\">\n<h2 id=\"run-heading\">The run</h2>\n" +
         html_table({"What", "Value"}, rows, "Table of the run") + "<p>All numbers are beside this page, in <code>" +
         escape(file_name(results, ".json")) + "</code> and <code>" + escape(file_name(results, ".csv")) +
         "</code>. Animations stand still, at their last "
         "picture, for readers whose system asks for less motion.</p>\n</section>\n";
}

void write_text(const std::string& path, std::string_view text) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(text.data());
  ink::io::write_file_atomic(path, std::span<const std::uint8_t>(begin, text.size()));
}

}  // namespace

std::string html(const Page& page, const Results& results) {
  BlockWriter headline(results, "", page.command);
  std::string out = head(page) + "<body>\n<a class=\"skip\" href=\"#claims\">Skip to the claims</a>\n<header><h1>" +
                    prose(page.title) + "</h1></header>\n" + contents(page) + "<main>\n" + answer(page, headline) +
                    verdicts(page) + "<div id=\"claims\"></div>\n";
  for (const auto& entry : page.entries) out += section(entry, page, results);
  return out + run(page, results) + "</main>\n<footer><p>Made by Inkling's study.</p></footer>\n</body>\n</html>\n";
}

void write_page(const Page& page, const Results& results) {
  const std::string& out = results.settings().out;
  write_text(out + ".html", html(page, results));
  write_text(out + ".json", json(page, results));
  write_text(out + ".csv", csv(results));
}

}  // namespace study
