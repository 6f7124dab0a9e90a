#include "inkling/ops/attention.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "../golden/data/attention.inc"
#include "../golden/golden.hpp"
#include "../support/errors.hpp"
#include "operation_checks.hpp"

namespace attention_test {

using namespace ink;
using namespace ink::testing;
namespace g = golden::attention;

namespace {

struct Case {
  Shape<4> q, k;
  AttentionOptions options;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list{
      {{2, 5, 2, 4}, {2, 5, 2, 4}, {}},
      {{2, 5, 2, 4}, {2, 5, 2, 4}, {.causal = true}},
      {{1, 3, 1, 8}, {1, 7, 1, 8}, {}},
      {{1, 3, 2, 5}, {1, 7, 2, 5}, {.causal = true}},
      {{1, 6, 1, 3}, {1, 2, 1, 3}, {.scale = 0.3}},
      {{3, 1, 1, 1}, {3, 1, 1, 1}, {.causal = true, .scale = 2}},
      {{1, 1, 3, 16}, {1, 9, 3, 16}, {.causal = true}},
      {{0, 3, 1, 4}, {0, 3, 1, 4}, {}},
      {{1, 0, 1, 4}, {1, 3, 1, 4}, {}},
  };
  return list;
}

}  // namespace

TEST_CASE("attention: closed form") {
  // One head: the query matches the second key log 3 better than the first.
  const Tensor<double, 4> q(Shape{1, 1, 1, 1}, {2.0}), k(Shape{1, 2, 1, 1}, {0.0, std::log(3.0)});
  const Tensor<double, 4> v(Shape{1, 2, 1, 1}, {10.0, 20.0});
  CHECK(attention(q, k, v, {.scale = 0.5}).item() == doctest::Approx(17.5).epsilon(1e-14));
  CHECK(attention(q, k, v).item() == doctest::Approx(19.0).epsilon(1e-14));
}

TEST_CASE("attention: equal keys give the mean of the values that are seen") {
  const Tensor<double, 4> q(Shape{1, 2, 1, 1}, {1.0, -3.0}), k(Shape{1, 3, 1, 1}, 0.7);
  const Tensor<double, 4> v(Shape{1, 3, 1, 1}, {1.0, 3.0, 8.0});
  CHECK(difference(attention(q, k, v), Tensor<double, 4>(Shape{1, 2, 1, 1}, {4.0, 4.0})) < 1e-15);
  // The last query is aligned with the last key.
  CHECK(difference(attention(q, k, v, {.causal = true}), Tensor<double, 4>(Shape{1, 2, 1, 1}, {2.0, 4.0})) < 1e-15);
}

TEST_CASE("attention: large scores do not overflow") {
  const Tensor<float, 4> q(Shape{1, 1, 1, 1}, {1000.0f}), k(Shape{1, 2, 1, 1}, {1000.0f, -1000.0f});
  const Tensor<float, 4> v(Shape{1, 2, 1, 1}, {1.0f, 2.0f});
  CHECK(attention(q, k, v).item() == 1.0f);
}

TEST_CASE("attention: gradients") {
  for (const auto& c : cases()) {
    CAPTURE(to_string(c.q));
    CAPTURE(to_string(c.k));
    CAPTURE(c.options.causal);
    check_gradients([&](const auto& q, const auto& k, const auto& v) { return attention(q, k, v, c.options); },
                    normal<float>(c.q, Key{1}), normal<float>(c.k, Key{2}), normal<float>(c.k, Key{3}));
  }
}

TEST_CASE("attention: with lengths, the bits of fewer keys, and no gradient for padding") {
  constexpr Index keys = 70;
  const Tensor<std::int32_t, 1> lengths(Shape{3}, {70, 33, 1});
  for (const Index queries : {3, 40}) {
    const auto q = normal<float>(Shape{Index{3}, queries, Index{2}, Index{8}}, Key{1});
    auto k = normal<float>(Shape{3, 70, 2, 8}, Key{2}), v = normal<float>(Shape{3, 70, 2, 8}, Key{3});
    for (Index b = 0; b < 3; ++b) {  // what must not be read
      const Index each = keys * 16;
      std::fill(k.mutable_data() + b * each + lengths(b) * 16, k.mutable_data() + (b + 1) * each, NAN);
      std::fill(v.mutable_data() + b * each + lengths(b) * 16, v.mutable_data() + (b + 1) * each, NAN);
    }
    const auto g = some_gradient<float>(q.shape());
    const auto [y, dq, dk, dv] =
        forward_backward([&](const auto&... x) { return attention(x..., {.lengths = lengths}); }, g, q, k, v);
    for (Index b = 0; b < 3; ++b) {
      const auto cut = [&](const Tensor<float, 4>& x) { return dense(view(item_of(x, b)).slice(1, 0, lengths(b))); };
      const auto rest = [&](const Tensor<float, 4>& x) {
        return dense(view(item_of(x, b)).slice(1, lengths(b), keys));
      };
      const auto [yb, dqb, dkb, dvb] = forward_backward([](const auto&... x) { return attention(x...); }, item_of(g, b),
                                                        item_of(q, b), cut(k), cut(v));
      CHECK(same_bits(item_of(y, b), yb));
      CHECK(same_bits(item_of(dq, b), dqb));
      CHECK(same_bits(cut(dk), dkb));
      CHECK(same_bits(cut(dv), dvb));
      CHECK(rest(dk) == Tensor<float, 4>(rest(dk).shape()));
      CHECK(rest(dv) == Tensor<float, 4>(rest(dv).shape()));
    }
  }
}

TEST_CASE("attention: lengths that do not fit") {
  const Tensor<float, 4> x(Shape{2, 3, 1, 4});
  const auto message = [&](const Tensor<std::int32_t, 1>& lengths, bool causal = false) {
    return message_of([&] { attention(x, x, x, {.causal = causal, .lengths = lengths}); });
  };
  CHECK(message(Tensor<std::int32_t, 1>(Shape{2}, {3, 1})).empty());
  CHECK(message(Tensor<std::int32_t, 1>(Shape{2}, {3, 0})) == "attention: a length is 0; it must be in [1, 3]");
  CHECK(message(Tensor<std::int32_t, 1>(Shape{2}, {4, 1})) == "attention: a length is 4; it must be in [1, 3]");
  CHECK(message(Tensor<std::int32_t, 1>(Shape{1}, 1)) == "attention: lengths are 1, the batch is 2; both must agree");
  CHECK(message(Tensor<std::int32_t, 1>(Shape{2}, 1), true) ==
        "attention: lengths are given and causal is true; only one may be");
}

TEST_CASE("attention: a causal result does not change with the future, to the bit") {
  const Shape<4> shape{1, 40, 2, 16};
  const auto q = normal<float>(shape, Key{1}), k = normal<float>(shape, Key{2}), v = normal<float>(shape, Key{3});
  auto k2 = k, v2 = v;
  for (Index i = 25 * 32; i < shape.size(); ++i) {
    k2.mutable_data()[i] = 100.0f;
    v2.mutable_data()[i] = -1e30f;
  }
  const auto past = [](const auto& x) { return dense(view(x).slice(1, 0, 25)); };
  const AttentionOptions causal{.causal = true};
  const auto y = past(attention(q, k, v, causal));
  CHECK(same_bits(y, past(attention(q, k2, v2, causal))));
}

TEST_CASE("attention: the newest query over cached keys gives what it gave in the whole sequence") {
  const Shape<4> shape{2, 70, 2, 16};
  const auto q = normal<float>(shape, Key{1}), k = normal<float>(shape, Key{2}), v = normal<float>(shape, Key{3});
  const AttentionOptions causal{.causal = true};
  const auto y = attention(q, k, v, causal);
  for (Index t : {0, 1, 30, 69}) {
    const auto upto = [&](const auto& x) { return dense(view(x).slice(1, 0, t + 1)); };
    const auto at = [&](const auto& x) { return dense(view(x).slice(1, t, t + 1)); };
    CHECK(difference(attention(at(q), upto(k), upto(v), causal), at(y)) < 1e-6);
  }
}

TEST_CASE("attention: independent of threads and batch") {
  const auto f = [](bool causal) {
    return [causal](const auto& q, const auto& k, const auto& v) { return attention(q, k, v, {.causal = causal}); };
  };
  const Shape<4> shape{4, 150, 3, 32};
  const auto q = normal<float>(shape, Key{1}), k = normal<float>(shape, Key{2}), v = normal<float>(shape, Key{3});
  check_invariance<3>(f(false), q, k, v);
  check_invariance<3>(f(true), q, k, v);
  check_invariance<3>(f(true), normal<float>(Shape{4, 7, 3, 32}, Key{4}), k, v);
}

TEST_CASE("attention: gradients of some inputs alone are those of all together") {
  const Shape<4> shape{2, 6, 2, 4};
  const auto q = normal<double>(shape, Key{1}), k = normal<double>(shape, Key{2}), v = normal<double>(shape, Key{3});
  const auto g = normal<double>(shape, Key{4});
  const auto all =
      forward_backward([](const auto& a, const auto& b, const auto& c) { return attention(a, b, c); }, g, q, k, v);
  const auto only_k = forward_backward([&](const auto& b) { return attention(q, b, v); }, g, k);
  const auto same = forward_backward([](const auto& a) { return attention(a, a, a); }, g, q);
  CHECK(same_bits(std::get<1>(only_k), std::get<2>(all)));
  CHECK(same_bits(std::get<0>(same), attention(q, q, q)));
}

TEST_CASE("attention: PyTorch") {
  CHECK(golden::error([](const auto& q, const auto& k, const auto& v) { return attention(q, k, v, {}); }, g::full_y,
                      g::full_dy, std::tie(g::full_dq, g::full_dk, g::full_dv),
                      golden::tensor(Shape{1, 5, 2, 3}, g::full_q), golden::tensor(Shape{1, 5, 2, 3}, g::full_k),
                      golden::tensor(Shape{1, 5, 2, 3}, g::full_v)) < 1e-12);
  CHECK(golden::error([](const auto& q, const auto& k, const auto& v) { return attention(q, k, v, {.causal = true}); },
                      g::causal_y, g::causal_dy, std::tie(g::causal_dq, g::causal_dk, g::causal_dv),
                      golden::tensor(Shape{2, 4, 2, 3}, g::causal_q), golden::tensor(Shape{2, 4, 2, 3}, g::causal_k),
                      golden::tensor(Shape{2, 4, 2, 3}, g::causal_v)) < 1e-12);
  CHECK(golden::error([](const auto& q, const auto& k, const auto& v) { return attention(q, k, v, {.scale = 0.3}); },
                      g::cross_y, g::cross_dy, std::tie(g::cross_dq, g::cross_dk, g::cross_dv),
                      golden::tensor(Shape{1, 3, 2, 2}, g::cross_q), golden::tensor(Shape{1, 5, 2, 2}, g::cross_k),
                      golden::tensor(Shape{1, 5, 2, 2}, g::cross_v)) < 1e-12);
  CHECK(golden::error([](const auto& q, const auto& k, const auto& v) { return attention(q, k, v, {.causal = true}); },
                      g::cached_y, g::cached_dy, std::tie(g::cached_dq, g::cached_dk, g::cached_dv),
                      golden::tensor(Shape{1, 2, 1, 4}, g::cached_q), golden::tensor(Shape{1, 6, 1, 4}, g::cached_k),
                      golden::tensor(Shape{1, 6, 1, 4}, g::cached_v)) < 1e-12);
}

TEST_CASE("attention: errors") {
  const Tensor<float, 4> q(Shape{2, 5, 2, 4}), k(Shape{2, 3, 2, 4});
  const auto other = [](Index b, Index t, Index h, Index d) { return Tensor<float, 4>(Shape{b, t, h, d}); };
  CHECK_THROWS_WITH_AS(attention(q, k, q),
                       "attention: q is (2, 5, 2, 4), k is (2, 3, 2, 4), v is (2, 5, 2, 4); k and v must be equal",
                       ShapeError);
  const auto message = [&](const Tensor<float, 4>& keys, const AttentionOptions& options = {}) {
    try {
      attention(q, keys, keys, options);
    } catch (const ShapeError& error) {
      const std::string what = error.what();
      return what.substr(what.find(';'));
    }
    return std::string("no error");
  };
  CHECK(message(other(1, 3, 2, 4)) == "; q[0] must equal k[0]");
  CHECK(message(other(2, 3, 1, 4)) == "; q[2] must equal k[2]");
  CHECK(message(other(2, 3, 2, 3)) == "; q[3] must equal k[3]");
  CHECK(message(other(2, 0, 2, 4)) == "; k[1] must be at least 1");
  CHECK(message(k, {.causal = true}) == "; q[1] must not be above k[1] if causal");
  CHECK(message(k) == "no error");
  CHECK_THROWS_WITH_AS(attention(other(1, 1, 1, 0), other(1, 1, 1, 0), other(1, 1, 1, 0)),
                       "attention: q is (1, 1, 1, 0), k is (1, 1, 1, 0), v is (1, 1, 1, 0); q[3] must be at least 1",
                       ShapeError);
  CHECK_THROWS_WITH_AS(attention(q, k, k, {.scale = -1}),
                       "attention: scale is -1; it must be above 0, or 0 for 1 / sqrt(q[3])", ValueError);
}

}  // namespace attention_test
