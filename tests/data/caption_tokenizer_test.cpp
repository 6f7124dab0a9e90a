#include "inkling/data/caption_tokenizer.hpp"

#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/data/captions.hpp"

namespace caption_tokenizer_test {

using namespace ink;
using data::CaptionTokenizer;
using Captions = std::vector<std::string>;

TEST_CASE("words become numbers and come back") {
  const CaptionTokenizer tokenizer{.length = 6};
  const Captions captions{"a thin seven leaning left", "bold 3", ""};
  const auto tokens = tokenizer.encode(captions);
  CHECK(tokens ==
        Tensor<std::int32_t, 2>({3, 6}, {20, 22, 17, 31, 33, -1, 24, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}));
  CHECK(tokenizer.decode(tokens) == captions);
  CHECK(tokenizer.encode(Captions{"  A Thin\tSEVEN\n leaning  left "}) == tokenizer.encode(Captions{captions[0]}));
  CHECK(tokenizer.encode(Captions{}).shape() == Shape{0, 6});
  CHECK(tokenizer.decode(Tensor<std::int32_t, 2>({2, 0})) == Captions{"", ""});
}

TEST_CASE("the vocabulary has every word once") {
  const auto& words = data::caption_vocabulary;
  CHECK(CaptionTokenizer::vocabulary_size() == 35);
  CHECK(std::set<std::string_view>(words.begin(), words.end()).size() == words.size());
  CHECK(words[7] == "7");
  CHECK(words[17] == "seven");
}

TEST_CASE("every caption of every description fits") {
  const CaptionTokenizer tokenizer;
  Captions all;
  for (int number = 0; number < 10 * 27; ++number) {
    const data::Description d{number % 10, number / 10 % 3 - 1, number / 30 % 3 - 1, number / 90 - 1};
    for (unsigned p = 0; p < 32; ++p) {
      all.push_back(data::caption(d, {(p & 1) != 0, (p & 2) != 0, (p & 4) != 0, (p & 8) != 0, (p & 16) != 0}));
    }
  }
  CHECK(tokenizer.decode(tokenizer.encode(all)) == all);
}

TEST_CASE("errors name what is wrong and what is right") {
  const CaptionTokenizer tokenizer;
  CHECK_THROWS_WITH_AS(
      tokenizer.encode(Captions{"a thin seven", "a cursive seven"}),
      "encode: the word is \"cursive\"; the words that are known are 0 1 2 3 4 5 6 7 8 9 zero one two three four five "
      "six seven eight nine a an thin medium bold thick narrow wide short tall upright leaning slanted left right",
      ValueError);
  CHECK_THROWS_WITH_AS(CaptionTokenizer{.length = 2}.encode(Captions{"a thin seven"}),
                       "encode: \"a thin seven\" has 3 words; there is room for 2", ValueError);
  CHECK_THROWS_WITH_AS(CaptionTokenizer{.length = 0}.encode(Captions{}), "encode: length is 0; it must be at least 1",
                       ValueError);
  CHECK_THROWS_WITH_AS(tokenizer.decode(Tensor<std::int32_t, 2>({1, 2}, {3, 35})),
                       "decode: tokens(0, 1) is 35; it must be -1 or in [0, 35)", ValueError);
  CHECK_THROWS_AS(tokenizer.decode(Tensor<std::int32_t, 2>({1, 1}, {-2})), ValueError);
}

}  // namespace caption_tokenizer_test
