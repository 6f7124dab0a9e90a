#include "study/page/markup.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "inkling/io/utf8.hpp"

namespace study {

namespace {

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    case '\'': out += "&#39;"; break;
    default: out += (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F ? ' ' : c;
  }
}

/// U+0080 to U+009F and what Unicode keeps for no character are errors in HTML.
bool forbidden(std::string_view c) {
  return (c[0] == '\xC2' && static_cast<unsigned char>(c[1]) < 0xA0) || c == "\xEF\xBF\xBE" || c == "\xEF\xBF\xBF";
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = ink::detail::utf8_length(text);
    if (length == 1) {
      append_escaped(out, text[0]);
    } else {
      const auto c = text.substr(0, length);
      out += length == 0 || forbidden(c) ? "\xEF\xBF\xBD" : c;
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string prose(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t open = text.find('`'), close = open == text.npos ? open : text.find('`', open + 1);
    if (close == text.npos) return out + escape(text);
    out += escape(text.substr(0, open)) + "<code>" + escape(text.substr(open + 1, close - open - 1)) + "</code>";
    text.remove_prefix(close + 1);
  }
}

std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    if (end > 0) out += "<p>" + prose(text.substr(0, end)) + "</p>\n";
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return out;
}

std::string plain_text(std::string_view text) {
  std::string out(text);
  out.erase(std::remove(out.begin(), out.end(), '`'), out.end());
  return out;
}

}  // namespace study
