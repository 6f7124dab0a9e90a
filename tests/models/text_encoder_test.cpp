#include "inkling/models/text_encoder.hpp"

#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/module_gradcheck.hpp"
#include "model_checks.hpp"

namespace text_encoder_test {

using namespace ink;
using namespace ink::testing;
using models::TextEncoder;

namespace {

using Ids = Tensor<std::int32_t, 2>;

template <class T>
TextEncoder<T> tiny() {
  return randomized(TextEncoder<T>({.vocabulary = 5, .length = 6, .width = 4, .layers = 2, .heads = 2}, Key{1}));
}

const Captions captions{Ids(Shape{3, 3}, {4, 0, 2, 1, -1, -1, -1, -1, -1})};
const Tensor<float, 1> like(Shape{3});

}  // namespace

TEST_CASE("TextEncoder: shapes, lengths and the mean over what counts") {
  const auto read = tiny<float>()(like, captions);
  CHECK(read.tokens.shape() == Shape{3, 4, 4});
  CHECK(read.lengths == Tensor<std::int32_t, 1>(Shape{3}, {4, 2, 1}));
  for (Index n = 0; n < 3; ++n) {
    for (Index c = 0; c < 4; ++c) {
      double sum = 0;
      for (Index t = 0; t < read.lengths(n); ++t) sum += static_cast<double>(read.tokens(n, t, c));
      CHECK(static_cast<double>(read.mean(n, c)) == doctest::Approx(sum / read.lengths(n)).epsilon(1e-5));
    }
  }
  CHECK(parameter_count(TextEncoder<float>({.vocabulary = 30, .length = 8, .width = 16, .layers = 1}, Key{1})) ==
        31 * 16 + 9 * 16 + (2 * 32 + 4 * 16 * 16 + 4 * 16 + 8 * 16 * 16 + 5 * 16) + 32);
}

TEST_CASE("TextEncoder: padding changes nothing, to the bit") {
  const auto encode = tiny<float>();
  const auto read = encode(like, captions);
  Ids longer(Shape{3, 6}, null_token);
  for (Index n = 0; n < 3; ++n) {
    for (Index l = 0; l < 3; ++l) longer(n, l) = captions.ids(n, l);
  }
  const auto padded = encode(like, Captions{longer});
  CHECK(same_bits(padded.mean, read.mean));
  CHECK(padded.lengths == read.lengths);
  for (Index n = 0; n < 3; ++n) {
    const auto vectors = [&](const auto& all, Index item) {
      return dense(view(item_of(all.tokens, item)).slice(1, 0, read.lengths(n)));
    };
    CHECK(same_bits(vectors(padded, n), vectors(read, n)));
    // Nor do the other captions of the batch.
    const auto alone = encode(Tensor<float, 1>(Shape{1}), Captions{item_of(captions.ids, n)});
    CHECK(same_bits(vectors(alone, 0), vectors(read, n)));
    CHECK(same_bits(alone.mean, item_of(read.mean, n)));
  }
}

TEST_CASE("TextEncoder: a caption that is not told is Unconditional") {
  const auto encode = tiny<float>();
  const auto nothing = encode(like, Unconditional{});
  CHECK(same_bits(encode(like, withhold_all(captions, 3)).mean, nothing.mean));
  CHECK(same_bits(item_of(encode(like, captions).mean, 2), item_of(nothing.mean, 2)));
  CHECK_FALSE(same_bits(item_of(encode(like, captions).mean, 1), item_of(nothing.mean, 1)));
}

TEST_CASE("TextEncoder: the order of the tokens matters, and each sees the whole caption") {
  const auto encode = tiny<float>();
  const Tensor<float, 1> one(Shape{1});
  const auto a = encode(one, Captions{Ids(Shape{1, 3}, {0, 1, 2})}),
             b = encode(one, Captions{Ids(Shape{1, 3}, {1, 0, 2})});
  CHECK_FALSE(a.mean == b.mean);
  const auto c = encode(one, Captions{Ids(Shape{1, 3}, {0, 1, 3})});
  for (Index t = 0; t < 4; ++t) {
    CHECK_FALSE(dense(view(a.tokens).slice(1, t, t + 1)) == dense(view(c.tokens).slice(1, t, t + 1)));
  }
}

TEST_CASE("TextEncoder: gradients of the parameters") {
  const auto net = tiny<double>();
  CHECK(parameter_error(net, [](const auto& m, Tape& tape) {
    return m(tape.constant(Tensor<double, 1>(Shape{3})), captions).mean;
  }) < 1e-6);
}

TEST_CASE("TextEncoder: misuse") {
  const auto encode = tiny<float>();
  const auto message = [&](const Ids& ids) {
    return message_of([&] { encode(Tensor<float, 1>(Shape{1}), Captions{ids}); });
  };
  CHECK(message(Ids(Shape{1, 2}, {5, 1})) ==
        "text_encoder: token 0 of caption 0 is 5; it must be in [0, 5), and null_token may only follow the last");
  CHECK_FALSE(message(Ids(Shape{1, 2}, {-2, 1})).empty());
  CHECK_FALSE(message(Ids(Shape{1, 2}, {-1, 1})).empty());
  CHECK(message(Ids(Shape{1, 7})) ==
        "text_encoder: x is (1), captions are (1, 7); there must be one per x[0], of 6 tokens at most");
  CHECK_FALSE(message(Ids(Shape{2, 2})).empty());
  CHECK(message_of<ValueError>([] { TextEncoder<float>({.vocabulary = 0}, Key{1}); }) ==
        "text_encoder: vocabulary is 0; it must be at least 1");
}

}  // namespace text_encoder_test
