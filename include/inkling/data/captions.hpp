// Captions: a description in words, "a thin seven leaning left" or "bold 3".
//
//   degree      -1             0         1                synonyms
//   thickness   thin           medium    bold             thick
//   slant       leaning left   upright   leaning right    slanted left, slanted right
//   aspect      narrow                   wide             tall, short
//
//   Phrasing        what is said of a description, and how
//   draw_phrasing   a phrasing for row n of a batch: a sentence or not, and synonyms or not, with even chances;
//                   thickness and slant are each said three times in four, aspect twice
//   caption         one description in one phrasing: at most six words, all in the tokenizer's vocabulary
//   captions        many, row n phrased by the key and n
//
// Errors: ValueError for a digit outside 0..9.
//
// Example:
//     data::Description seven{.digit = 7, .thickness = -1, .slant = -1};
//     std::string words = data::caption(seven, {.thickness = true, .slant = true});   // "a thin seven leaning left"
//     std::vector<data::Description> wanted{seven, {.digit = 3, .thickness = 1}};
//     std::vector<std::string> many = data::captions(wanted, Key{1});
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/philox.hpp"
#include "inkling/data/description.hpp"

namespace ink::data {

struct Phrasing {
  bool sentence = true;                                   ///< "a thin seven", otherwise "thin 7"
  bool thickness = false, slant = false, aspect = false;  ///< which measures are said
  bool synonyms = false;                                  ///< "thick" for "bold", and so on
};

constexpr Phrasing draw_phrasing(Key key, Index row) {
  Stream stream(key, static_cast<std::uint64_t>(row));
  Phrasing phrasing;  // member by member: the order of the draws is part of the result
  phrasing.sentence = stream.below(2) == 0;
  phrasing.thickness = stream.below(4) < 3;
  phrasing.slant = stream.below(4) < 3;
  phrasing.aspect = stream.below(4) < 2;
  phrasing.synonyms = stream.below(2) == 0;
  return phrasing;
}

inline std::string caption(const Description& description, const Phrasing& phrasing) {
  constexpr std::array<std::string_view, 10> names{"zero", "one", "two",   "three", "four",
                                                   "five", "six", "seven", "eight", "nine"};
  const std::size_t digit = detail::checked_digit("caption", description.digit);
  std::string words;
  const auto say = [&](std::string_view word) {
    if (!words.empty() && !word.empty()) words += ' ';
    words += word;
  };
  const auto say_degree = [&](bool said, int degree, std::string_view low, std::string_view middle,
                              std::string_view high) {
    if (said) say(degree < 0 ? low : degree > 0 ? high : middle);
  };
  say_degree(phrasing.thickness, description.thickness, "thin", "medium", phrasing.synonyms ? "thick" : "bold");
  say_degree(phrasing.aspect, description.aspect, phrasing.synonyms ? "tall" : "narrow", "",
             phrasing.synonyms ? "short" : "wide");
  say_degree(phrasing.slant, description.slant, "", "upright", "");
  say(phrasing.sentence ? std::string(names[digit]) : text(digit));
  if (phrasing.slant && description.slant != 0) {
    say(phrasing.synonyms ? "slanted" : "leaning");
    say(description.slant < 0 ? "left" : "right");
  }
  if (!phrasing.sentence) return words;
  return (words[0] == 'e' || words[0] == 'u' ? "an " : "a ") + words;  // an eight, an upright one, a one
}

inline std::vector<std::string> captions(std::span<const Description> descriptions, Key key) {
  std::vector<std::string> out;
  out.reserve(descriptions.size());
  for (const auto& description : descriptions) {
    out.push_back(caption(description, draw_phrasing(key, static_cast<Index>(out.size()))));
  }
  return out;
}

}  // namespace ink::data
