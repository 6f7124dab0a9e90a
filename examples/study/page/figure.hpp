// Blocks as HTML: paragraphs, and tables, charts, maps and pictures as figures, with their captions and a line that
// says where their numbers are from.
#pragma once

#include <string>
#include <vector>

#include "study/harness/task.hpp"
#include "study/page/blocks.hpp"

namespace study {

/// Counts figures and tables: "Figure 12.1", whose id is "figure-12-1".
class BlockWriter {
 public:
  /// `chapter` stands before the numbers, as "12", if it is not empty; `command` where records have none.
  BlockWriter(const Results& results, std::string chapter, std::string command)
      : results_(results), chapter_(std::move(chapter)), command_(std::move(command)) {}

  std::string operator()(const Block& block);

 private:
  std::string write(const Paragraph& paragraph);
  std::string write(const Table& table);
  std::string write(const Chart& chart);
  std::string write(const CellMap& map);
  std::string write(const Picture& picture);

  /// "<b>Figure 12.1.</b> " for the next one; its id is then in id_.
  std::string next(const std::string& kind);
  std::string from(const std::vector<std::string>& tasks) const;
  template <class Drawing>
  std::string drawing(const Drawing& drawing);

  const Results& results_;
  std::string chapter_, command_, id_;
  int figures_ = 0, tables_ = 0;
};

}  // namespace study
