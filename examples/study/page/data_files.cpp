#include "study/page/data_files.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/io/json.hpp"
#include "inkling/io/utf8.hpp"

namespace study {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

/// Whether JSON (RFC 8259) takes it as a number.
bool is_number(std::string_view text) {
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const std::size_t whole = at;
  at = skip_digits(text, at);
  if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = at + 1;
    at = skip_digits(text, fraction);
    if (at == fraction) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = skip_digits(text, exponent);
    if (at == exponent) return false;
  }
  return at == text.size();
}

bool is_not_finite(std::string_view text) { return text == "nan" || text == "-nan" || text == "inf" || text == "-inf"; }

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> all;
  for (;;) {
    const std::size_t end = std::min(text.find(' '), text.size());
    all.push_back(text.substr(0, end));
    if (end == text.size()) return all;
    text.remove_prefix(end + 1);
  }
}

/// A JSON string; what is no UTF-8 becomes U+FFFD.
std::string quote(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const std::size_t length = ink::detail::utf8_length(text);
    valid += length == 0 ? "\xEF\xBF\xBD" : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return ink::io::json_quote(valid);
}

std::string json_value(const std::string& value) {
  const auto parts = words(value);
  for (const auto part : parts) {
    if (!is_number(part) && !is_not_finite(part)) return quote(value);
  }
  std::string out;
  for (const auto part : parts) {
    out += out.empty() ? "" : ", ";
    out += is_number(part) ? part : "null";
  }
  return parts.size() == 1 ? out : "[" + out + "]";
}

std::string verdict(const Entry& entry) {
  const Verdict& v = entry.section.verdict;
  return "    {\"claim\": " + std::to_string(entry.number) + ", \"says\": " + quote(entry.says) +
         ", \"outcome\": " + quote(name(v.outcome)) + ", \"rule\": " + quote(v.rule) +
         ", \"because\": " + quote(v.because) + "}";
}

std::string record(const Record& record) {
  std::string out;
  for (const auto& [name, value] : record.entries()) {
    out += (out.empty() ? "" : ", ") + quote(name) + ": " + json_value(value);
  }
  return "{" + out + "}";
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

}  // namespace

std::string json(const Page& page, const Results& results) {
  std::string out =
      "{\n  \"title\": " + quote(page.title) + ",\n  \"answer\": " + quote(page.answer) + ",\n  \"run\": {";
  const char* between = "";
  for (const auto& [name, value] : page.run) {
    out += between + quote(name) + ": " + quote(value);
    between = ", ";
  }
  out += "},\n  \"verdicts\": [";
  between = "\n";
  for (const auto& entry : page.entries) {
    out += between + verdict(entry);
    between = ",\n";
  }
  out += "\n  ],\n  \"tasks\": {";
  between = "\n";
  for (const auto& [task, its] : results.all()) {
    out += between + ("    " + quote(task)) + ": " + record(its);
    between = ",\n";
  }
  return out + "\n  }\n}\n";
}

std::string csv(const Results& results) {
  std::string out = "task,name,value\n";
  for (const auto& [task, record] : results.all()) {
    for (const auto& [name, value] : record.entries()) {
      out += csv_field(task) + "," + csv_field(name) + "," + csv_field(value) + "\n";
    }
  }
  return out;
}

}  // namespace study
