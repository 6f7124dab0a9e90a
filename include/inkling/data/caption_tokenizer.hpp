// Caption tokenizer: words to numbers and back.
//
// A token is a word's place in `caption_vocabulary`. Words are split at blanks; upper case is read as lower case.
//
//   encode   N captions -> (N, length) tokens; `no_word` (-1) fills what is left of a row, all of it for ""
//   decode   (N, length) tokens -> N captions
//
// Errors: ValueError for a word that is not in the vocabulary (it names the word and lists those that are), for more
// than `length` words, and for tokens outside the vocabulary.
//
// Example:
//     data::CaptionTokenizer tokenizer;
//     std::vector<std::string> captions{"a thin seven leaning left", "bold 3"};
//     Tensor<std::int32_t, 2> tokens = tokenizer.encode(captions);          // (2, 8)
//     bool same = tokenizer.decode(tokens) == captions;                     // true
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/tensor.hpp"

namespace ink {
namespace data {

inline constexpr std::array<std::string_view, 35> caption_vocabulary{
    "0",    "1",     "2",      "3",    "4",     "5",     "6",       "7",       "8",       "9",    "zero", "one",
    "two",  "three", "four",   "five", "six",   "seven", "eight",   "nine",    "a",       "an",   "thin", "medium",
    "bold", "thick", "narrow", "wide", "short", "tall",  "upright", "leaning", "slanted", "left", "right"};

inline constexpr std::int32_t no_word = -1;

}  // namespace data

namespace detail {

inline std::int32_t word_token(std::string_view word) {
  const auto& known = data::caption_vocabulary;
  const auto at = std::find(known.begin(), known.end(), word);
  if (at != known.end()) return static_cast<std::int32_t>(at - known.begin());
  std::string list;
  for (const auto entry : known) list += text(list.empty() ? "" : " ", entry);
  throw ValueError(text("encode: the word is \"", word, "\"; the words that are known are ", list));
}

/// The words of a caption, in lower case.
inline std::vector<std::string> split_words(std::string_view caption) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : caption) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank && !inside) words.emplace_back();
    if (!blank) words.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    inside = !blank;
  }
  return words;
}

}  // namespace detail

namespace data {

struct CaptionTokenizer {
  Index length = 8;  ///< tokens a caption

  static constexpr Index vocabulary_size() { return static_cast<Index>(caption_vocabulary.size()); }

  Tensor<std::int32_t, 2> encode(std::span<const std::string> captions) const {
    if (length < 1) throw ValueError(text("encode: length is ", length, "; it must be at least 1"));
    Tensor<std::int32_t, 2> tokens({static_cast<Index>(captions.size()), length}, no_word);
    std::int32_t* row = tokens.mutable_data();
    for (const auto& caption : captions) {
      const auto words = detail::split_words(caption);
      if (static_cast<Index>(words.size()) > length) {
        throw ValueError(text("encode: \"", caption, "\" has ", words.size(), " words; there is room for ", length));
      }
      std::transform(words.begin(), words.end(), row, detail::word_token);
      row += length;
    }
    return tokens;
  }

  std::vector<std::string> decode(const Tensor<std::int32_t, 2>& tokens) const {
    std::vector<std::string> captions(static_cast<std::size_t>(tokens.extent(0)));
    const std::int32_t* token = tokens.data();
    for (auto& caption : captions) {
      for (Index i = 0; i < tokens.extent(1); ++i, ++token) {
        if (*token == no_word) continue;
        if (*token < 0 || *token >= vocabulary_size()) {
          throw ValueError(text("decode: ", detail::element_text("tokens", tokens.shape(), token - tokens.data()),
                                " is ", *token, "; it must be -1 or in [0, ", vocabulary_size(), ")"));
        }
        caption += text(caption.empty() ? "" : " ", caption_vocabulary[static_cast<std::size_t>(*token)]);
      }
    }
    return captions;
  }
};

}  // namespace data
}  // namespace ink
