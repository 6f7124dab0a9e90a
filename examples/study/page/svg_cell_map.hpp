// Maps of cells as SVG: rows and columns with their names, a number in each cell on a colour of nine (dark is low, that
// is good), hatching where there is no such cell, a frame with a star around the best of each column.
#pragma once

#include <string>

#include "study/page/blocks.hpp"

namespace study {

/// To stand in a page. `id` must be the page's only one.
std::string svg(const CellMap& map, const std::string& id);

/// How wide a page shows it where there is room.
double pixels_wide(const CellMap& map);

/// A file of its own, for an <img>.
std::string svg_file(const CellMap& map);

/// What stands in a cell.
std::string cell_text(const CellMap& map, std::size_t row, std::size_t column);

}  // namespace study
