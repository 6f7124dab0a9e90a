#include "inkling/nn/cross_attention.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "../ops/operation_checks.hpp"
#include "../support/module_gradcheck.hpp"

namespace cross_attention_test {

using namespace ink;
using namespace ink::testing;

namespace {

using Block = CrossAttentionBlock<double>;

const Block::Options options{.channels = 4, .context = 3, .heads = 2, .groups = 2};
const Tensor<std::int32_t, 1> lengths(Shape{2}, {4, 2});

/// Row i of x times the layer's matrix, plus its bias.
std::vector<double> affine(const Linear<double>& layer, const double* x) {
  const auto& w = layer.weight.value;
  std::vector<double> y;
  for (Index o = 0; o < w.extent(1); ++o) {
    double sum = layer.bias->value(o);
    for (Index i = 0; i < w.extent(0); ++i) sum += x[i] * w(i, o);
    y.push_back(sum);
  }
  return y;
}

}  // namespace

TEST_CASE("CrossAttentionBlock: the plain loop over pixels, heads and tokens") {
  const auto block = randomized(Block(options, Key{1}));
  const auto x = normal<double>(Shape{2, 2, 3, 4}, Key{2});
  const auto context = normal<double>(Shape{2, 4, 3}, Key{3});
  const auto y = block(x, context, lengths);
  const auto normed = block.norm(x);
  const auto& a = block.attention;
  double worst = 0;
  for (Index n = 0; n < 2; ++n) {
    for (Index p = 0; p < 6; ++p) {
      const auto q = affine(a.query, normed.data() + (n * 6 + p) * 4);
      std::vector<double> joined;
      for (std::size_t head = 0; head < 2; ++head) {
        double total = 0, out[2] = {0, 0};
        for (Index l = 0; l < lengths(n); ++l) {
          const double* word = context.data() + (n * 4 + l) * 3;
          const auto k = affine(a.key, word), v = affine(a.value, word);
          const double w = std::exp((q[2 * head] * k[2 * head] + q[2 * head + 1] * k[2 * head + 1]) / std::sqrt(2.0));
          total += w;
          for (std::size_t d = 0; d < 2; ++d) out[d] += w * v[2 * head + d];
        }
        for (double o : out) joined.push_back(o / total);
      }
      const auto expected = affine(a.out, joined.data());
      for (std::size_t c = 0; c < 4; ++c) {
        const Index at = (n * 6 + p) * 4 + static_cast<Index>(c);
        worst = std::max(worst, std::abs(y.data()[at] - x.data()[at] - expected[c]));
      }
    }
  }
  CHECK(worst < 1e-13);
}

TEST_CASE("CrossAttentionBlock: gradients of the image, the context and the parameters") {
  CHECK(module_gradcheck(randomized(Block(options, Key{1})), [](const auto& m, const auto& x, const auto& c) {
    return m(x, c, lengths);
  }, normal<double>(Shape{2, 2, 2, 4}, Key{2}), normal<double>(Shape{2, 4, 3}, Key{3})) < 1e-6);
}

TEST_CASE("CrossAttentionBlock: what is behind the length changes nothing, what is before it does") {
  const auto block = randomized(Block(options, Key{1}));
  const auto x = normal<double>(Shape{2, 2, 2, 4}, Key{2});
  const auto context = normal<double>(Shape{2, 4, 3}, Key{3});
  const auto y = block(x, context, lengths);
  auto other = context;
  other(1, 2, 0) = 100;
  CHECK(same_bits(block(x, other, lengths), y));
  other(1, 1, 0) = 100;
  CHECK_FALSE(same_bits(block(x, other, lengths), y));
  CHECK(same_bits(item_of(block(x, context), 0), item_of(y, 0)));
  CHECK_FALSE(same_bits(item_of(block(x, context), 1), item_of(y, 1)));
}

}  // namespace cross_attention_test
