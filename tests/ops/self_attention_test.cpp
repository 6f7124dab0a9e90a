#include "inkling/ops/self_attention.hpp"

#include "../support/errors.hpp"
#include "operation_checks.hpp"

namespace self_attention_test {

using namespace ink;
using namespace ink::testing;

namespace {

Tensor<float, 4> third(const Tensor<float, 4>& qkv, Index part) {
  const Index heads = qkv.extent(2) / 3;
  return dense(view(qkv).slice(2, part * heads, (part + 1) * heads));
}

}  // namespace

TEST_CASE("self_attention: the bits of attention on its three parts, forward and backward") {
  const auto qkv = normal<float>(Shape{2, 37, 6, 8}, Key{1});
  const auto q = third(qkv, 0), k = third(qkv, 1), v = third(qkv, 2);
  for (const AttentionOptions& options : {AttentionOptions{}, AttentionOptions{.causal = true, .scale = 0.7},
                                          AttentionOptions{.lengths = Tensor<std::int32_t, 1>(Shape{2}, {20, 37})}}) {
    const auto g = some_gradient<float>(q.shape());
    const auto [y, dqkv] = forward_backward([&](const auto& x) { return self_attention(x, options); }, g, qkv);
    const auto [expected, dq, dk, dv] =
        forward_backward([&](const auto&... x) { return attention(x..., options); }, g, q, k, v);
    CHECK(same_bits(y, expected));
    CHECK(same_bits(third(dqkv, 0), dq));
    CHECK(same_bits(third(dqkv, 1), dk));
    CHECK(same_bits(third(dqkv, 2), dv));
  }
}

TEST_CASE("self_attention: gradients, threads and batch") {
  const auto causal = [](const auto& x) { return self_attention(x, {.causal = true}); };
  check_gradients(causal, normal<float>(Shape{2, 4, 6, 3}, Key{2}));
  check_invariance<1>(causal, normal<float>(Shape{3, 70, 6, 16}, Key{3}));
}

TEST_CASE("self_attention: errors") {
  for (const Shape<4> shape : {Shape<4>{1, 2, 4, 2}, Shape<4>{1, 0, 3, 2}}) {
    CHECK(message_of<ShapeError>([&] { self_attention(Tensor<float, 4>(shape)); }) ==
          text("self_attention: qkv is ", shape, "; 3 must divide qkv[2], and no extent but the batch may be 0"));
  }
  CHECK(message_of<ValueError>([] { self_attention(Tensor<float, 4>(Shape{1, 2, 3, 2}), {.scale = -1}); }) ==
        "self_attention: scale is -1; it must be above 0, or 0 for 1 / sqrt(D)");
}

}  // namespace self_attention_test
