// The page of the study: what it is made of, and the one call that writes it.
//
//     Page page{.title = "…", .answer = answer(results)};
//     page.headline = {chart};
//     for (const Claim& claim : claims()) page.entries.push_back({claim.number, claim.says, claim.report(results)});
//     write_page(page, results);                                     // out/study.html, out/study.json, out/study.csv
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "study/harness/task.hpp"
#include "study/page/blocks.hpp"

namespace study {

struct Entry {
  int number;
  std::string says;  ///< the claim, as a sentence
  Section section;
  std::string part = {};  ///< heading of the part of the argument that begins here, if one does
};

struct Page {
  std::string title;
  std::string answer;                ///< several sentences; a blank line begins a paragraph
  std::vector<Block> headline = {};  ///< the charts under the answer
  std::vector<Entry> entries = {};
  /// Of the whole run, by name, as "Threads" and "2"; machine, dates, command and times are taken from the records.
  std::vector<std::pair<std::string, std::string>> run = {};
  std::string command = "./dev study";  ///< with the run's own flags, where a record has no "command"
};

/// The page as one file that needs nothing else: pictures are read, and within it.
std::string html(const Page& page, const Results& results);

/// Writes <settings.out>.html, .json and .csv.
void write_page(const Page& page, const Results& results);

}  // namespace study
