// Text as HTML and SVG hold it: everything that comes from outside goes through one of these.
#pragma once

#include <string>
#include <string_view>

namespace study {

/// For text and for attributes in double quotes. What is no valid UTF-8 becomes U+FFFD, control characters a space.
std::string escape(std::string_view text);

/// Escaped, and `code` between backticks marked as such; a single backtick stays.
std::string prose(std::string_view text);

/// As prose, in a <p> each for what blank lines part.
std::string paragraphs(std::string_view text);

/// Without backticks: where marks cannot be, as in alternative texts.
std::string plain_text(std::string_view text);

}  // namespace study
