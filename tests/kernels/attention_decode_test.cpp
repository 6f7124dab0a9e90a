#include "inkling/kernels/attention_decode.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "kernel_test.hpp"

namespace attention_decode_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::on_every_isa;
using kernel_test::random_values;
using kernel_test::worst_difference;

namespace {

/// Queries, keys and values of some tokens, as one (batch, tokens, 3, heads, dim) tensor.
template <class T>
struct Sequence {
  Index batch, heads, tokens, dim;
  std::vector<T> qkv = random_values<T>(batch * tokens * 3 * heads * dim, 1);
  T scale = static_cast<T>(2 / std::sqrt(static_cast<double>(dim)));

  Index part() const { return heads * dim; }
  std::vector<T> room() const { return std::vector<T>(static_cast<std::size_t>(batch * tokens * part()), T(9)); }

  /// All tokens at once.
  std::vector<T> whole() const {
    auto s = AttentionShape::dense(batch, heads, tokens, tokens, dim);
    s.q = s.k = s.v = {tokens * 3 * part(), 3 * part(), dim};
    auto out = room();
    const T* q = qkv.data();
    attention_forward(s, q, q + part(), q + 2 * part(), scale, true, out.data(), static_cast<T*>(nullptr));
    return out;
  }

  /// `step` tokens at a time, from a cache that holds NaN where no token has come yet.
  std::vector<T> decoded(Index step) const {
    const Index capacity = tokens + 3;
    std::vector<T> k(static_cast<std::size_t>(batch * part() * capacity), std::numeric_limits<T>::quiet_NaN()), v = k;
    auto out = room();
    AttentionShape s{batch, heads, 0, 0, dim, {}, {}, {}, {}, true};
    s.q = {tokens * 3 * part(), 3 * part(), dim};
    s.k = {capacity * part(), capacity, dim * capacity};
    s.v = {capacity * part(), dim, dim * capacity};
    s.out = {tokens * part(), part(), dim};
    for (Index t = 0; t < tokens; t = s.tk) {
      s.tq = std::min(step, tokens - t);
      s.tk = t + s.tq;
      const T* q = qkv.data() + t * 3 * part();
      attention_decode(s, q, q + part(), q + 2 * part(), k.data(), v.data(), scale, out.data() + t * part());
    }
    return out;
  }

  std::vector<double> definition() const {
    std::vector<double> out(room().size());
    const auto at = [&](Index b, Index t, Index which, Index h, Index d) {
      return static_cast<double>(qkv[static_cast<std::size_t>((((b * tokens + t) * 3 + which) * heads + h) * dim + d)]);
    };
    for (Index b = 0; b < batch; ++b) {
      for (Index h = 0; h < heads; ++h) {
        for (Index i = 0; i < tokens; ++i) {
          std::vector<double> p(static_cast<std::size_t>(i + 1));
          double total = 0;
          for (Index j = 0; j <= i; ++j) {
            double& e = p[static_cast<std::size_t>(j)];
            for (Index d = 0; d < dim; ++d) e += static_cast<double>(scale) * at(b, i, 0, h, d) * at(b, j, 1, h, d);
          }
          const double top = *std::max_element(p.begin(), p.end());
          for (double& e : p) total += e = std::exp(e - top);
          for (Index j = 0; j <= i; ++j) {
            for (Index d = 0; d < dim; ++d) {
              out[static_cast<std::size_t>(((b * tokens + i) * heads + h) * dim + d)] +=
                  p[static_cast<std::size_t>(j)] / total * at(b, j, 2, h, d);
            }
          }
        }
      }
    }
    return out;
  }
};

template <class T>
void check_decode(Index batch, Index heads, Index tokens, Index dim) {
  const Sequence<T> sequence{batch, heads, tokens, dim};
  CAPTURE(batch);
  CAPTURE(heads);
  CAPTURE(tokens);
  CAPTURE(dim);
  const auto one = sequence.decoded(1);
  CHECK(equal_bits(one, sequence.whole()));
  CHECK(equal_bits(one, sequence.decoded(7)));
  const double eps = static_cast<double>(std::numeric_limits<T>::epsilon());
  CHECK(worst_difference(one, sequence.definition()) <= eps * (40 + 2 * static_cast<double>(dim)));
}

}  // namespace

TEST_CASE("tokens decoded with a cache have the bits of all at once, and are what the definition says") {
  on_every_isa([] {
    for (Index dim : {1, 4, 8, 12, 16, 32, 33}) check_decode<float>(2, 3, 70, dim);
    for (Index dim : {48, 64, 96, 128, 256, 260}) check_decode<float>(1, 5, 40, dim);
    for (Index heads : {1, 2, 4, 6, 9}) check_decode<float>(9, heads, 35, 16);
    check_decode<float>(1, 4, 300, 32);
    check_decode<float>(16, 4, 150, 32);
    for (Index dim : {1, 2, 6, 8, 24, 32}) check_decode<double>(3, 4, 50, dim);
    check_decode<double>(8, 5, 280, 16);
  });
}

TEST_CASE("decoding sums more than 2048 keys as all at once does") {
  on_every_isa([] {
    const Sequence<float> sequence{1, 2, 2150, 8};
    CHECK(equal_bits(sequence.decoded(1), sequence.whole()));
  });
}

TEST_CASE("decoding does not depend on threads") {
  const Sequence<float> sequence{3, 4, 60, 32};
  const auto expected = sequence.whole();
  for (int threads : {1, 2, 3}) {
    set_thread_count(threads);
    CHECK(equal_bits(sequence.decoded(1), expected));
  }
  set_thread_count(1);
}

}  // namespace attention_decode_test
