// How the page looks: its style sheet, and the part of it that drawings in files of their own need.
#pragma once

#include <string>

namespace study {

/// Of the whole page.
std::string page_style();

/// Colours and letters of an SVG file, in light or dark as the reader's system is.
std::string svg_file_style();

}  // namespace study
