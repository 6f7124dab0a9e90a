// Tables as HTML: the first cell names its row; columns of numbers stand to the right; wide ones scroll by themselves.
#pragma once

#include <string>
#include <vector>

#include "study/page/blocks.hpp"

namespace study {

/// A table that can be scrolled to the side, also with the keyboard. `label` is what a screen reader calls it.
std::string html_table(const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows,
                       const std::string& label);

/// The numbers of a drawing as a table, for those who cannot see it or want to know exactly.
std::string numbers_of(const Chart& chart);
std::string numbers_of(const CellMap& map);

}  // namespace study
