// Charts as SVG: axes with ticks at round numbers, linear or logarithmic; error bars; levels with their names; a
// legend; alternative text. Laid out 460 units wide with letters of 14, which a phone shows at 10 pixels.
//
// Colours and sizes are of style.hpp: a page has them in its head, a file of its own within it.
#pragma once

#include <string>

#include "study/page/blocks.hpp"

namespace study {

/// To stand in a page. `id` must be the page's only one.
std::string svg(const Chart& chart, const std::string& id);

/// A file of its own, for an <img>: with its title, and in light or dark as the reader's system is.
std::string svg_file(const Chart& chart);

}  // namespace study
