#include "inkling/data/captions.hpp"

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace captions_test {

using namespace ink;
using data::caption;
using data::Description;
using data::Phrasing;

TEST_CASE("what is said is what was asked for") {
  const Description seven{.digit = 7, .thickness = -1, .slant = -1, .aspect = 1};
  CHECK(caption(seven, {}) == "a seven");
  CHECK(caption(seven, {.sentence = false}) == "7");
  CHECK(caption(seven, {.thickness = true}) == "a thin seven");
  CHECK(caption(seven, {.thickness = true, .slant = true}) == "a thin seven leaning left");
  CHECK(caption(seven, {.thickness = true, .slant = true, .aspect = true}) == "a thin wide seven leaning left");
  CHECK(caption(seven, {.thickness = true, .slant = true, .aspect = true, .synonyms = true}) ==
        "a thin short seven slanted left");
  CHECK(caption(seven, {.sentence = false, .slant = true, .synonyms = true}) == "7 slanted left");

  const Description three{.digit = 3, .thickness = 1, .slant = 1, .aspect = -1};
  CHECK(caption(three, {.sentence = false, .thickness = true}) == "bold 3");
  CHECK(caption(three, {.thickness = true, .slant = true, .synonyms = true}) == "a thick three slanted right");
  CHECK(caption(three, {.aspect = true}) == "a narrow three");
  CHECK(caption(three, {.aspect = true, .synonyms = true}) == "a tall three");

  const Description one{.digit = 1};
  CHECK(caption(one, {}) == "a one");
  CHECK(caption(one, {.slant = true}) == "an upright one");
  CHECK(caption(one, {.thickness = true, .slant = true}) == "a medium upright one");
  CHECK(caption(one, {.sentence = false, .slant = true}) == "upright 1");
  CHECK(caption(one, {.aspect = true}) == "a one");  // nothing to say of the middle
  CHECK(caption({.digit = 8}, {}) == "an eight");
  CHECK(caption({.digit = 8, .thickness = 1}, {.thickness = true}) == "a bold eight");
  CHECK_THROWS_WITH_AS(caption({.digit = 10}, {}), "caption: digit is 10; it must be in 0..9", ValueError);
}

TEST_CASE("phrasings are drawn at their rates") {
  double sentence = 0, thickness = 0, slant = 0, aspect = 0, synonyms = 0, both = 0;
  for (Index row = 0; row < 4000; ++row) {
    const Phrasing phrasing = data::draw_phrasing(Key{5}, row);
    sentence += phrasing.sentence;
    thickness += phrasing.thickness;
    slant += phrasing.slant;
    aspect += phrasing.aspect;
    synonyms += phrasing.synonyms;
    both += phrasing.thickness && phrasing.slant;
  }
  // Four standard deviations of a rate of 4000 draws are at most 0.032.
  CHECK(std::abs(sentence / 4000 - 0.5) < 0.032);
  CHECK(std::abs(thickness / 4000 - 0.75) < 0.032);
  CHECK(std::abs(slant / 4000 - 0.75) < 0.032);
  CHECK(std::abs(aspect / 4000 - 0.5) < 0.032);
  CHECK(std::abs(synonyms / 4000 - 0.5) < 0.032);
  CHECK(std::abs(both / 4000 - 0.5625) < 0.032);
}

TEST_CASE("a row's caption depends on the key and the row alone") {
  const std::vector<Description> many(200, {.digit = 4, .thickness = 1, .slant = -1, .aspect = 1});
  const std::vector<Description> few(many.begin(), many.begin() + 7);
  const auto all = data::captions(many, Key{3}), some = data::captions(few, Key{3}),
             other = data::captions(few, Key{4});
  CHECK(std::vector<std::string>(all.begin(), all.begin() + 7) == some);
  CHECK(some != other);
  CHECK(all[5] == caption(many[5], data::draw_phrasing(Key{3}, 5)));
  CHECK(std::set<std::string>(all.begin(), all.end()).size() > 20);
  CHECK(data::captions({}, Key{1}).empty());
}

}  // namespace captions_test
