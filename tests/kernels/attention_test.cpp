#include "inkling/kernels/attention.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "kernel_test.hpp"

namespace attention_test {

using namespace ink;
using namespace ink::kernels;
using kernel_test::equal_bits;
using kernel_test::on_every_isa;
using kernel_test::random_values;
using kernel_test::worst_difference;

namespace {

/// The definition, in double, on dense operands.
struct Reference {
  std::vector<double> out, lse, dq, dk, dv;

  template <class T>
  Reference(const AttentionShape& s, const std::vector<T>& q, const std::vector<T>& k, const std::vector<T>& v,
            const std::vector<T>& dout, double scale, bool causal)
      : out(q.size()),
        lse(static_cast<std::size_t>(s.batch * s.heads * s.tq)),
        dq(q.size()),
        dk(k.size()),
        dv(k.size()) {
    for (Index b = 0; b < s.batch; ++b) {
      for (Index h = 0; h < s.heads; ++h) {
        for (Index i = 0; i < s.tq; ++i) {
          auto qa = [&](Index d) { return static_cast<std::size_t>(((b * s.tq + i) * s.heads + h) * s.dim + d); };
          auto ka = [&](Index j, Index d) {
            return static_cast<std::size_t>(((b * s.tk + j) * s.heads + h) * s.dim + d);
          };
          const Index visible = causal ? std::clamp<Index>(i + s.tk - s.tq + 1, 0, s.tk) : s.tk;
          std::vector<double> p(static_cast<std::size_t>(visible));
          double top = -std::numeric_limits<double>::infinity(), total = 0, inner = 0;
          for (Index j = 0; j < visible; ++j) {
            for (Index d = 0; d < s.dim; ++d) {
              p[static_cast<std::size_t>(j)] +=
                  scale * static_cast<double>(q[qa(d)]) * static_cast<double>(k[ka(j, d)]);
            }
            top = std::max(top, p[static_cast<std::size_t>(j)]);
          }
          for (double& e : p) total += e = std::exp(e - top);
          lse[static_cast<std::size_t>((b * s.heads + h) * s.tq + i)] = top + std::log(total);
          if (visible == 0) lse[static_cast<std::size_t>((b * s.heads + h) * s.tq + i)] = top;
          for (Index j = 0; j < visible; ++j) {
            const double w = p[static_cast<std::size_t>(j)] /= total;
            for (Index d = 0; d < s.dim; ++d) out[qa(d)] += w * static_cast<double>(v[ka(j, d)]);
          }
          for (Index d = 0; d < s.dim; ++d) inner += out[qa(d)] * static_cast<double>(dout[qa(d)]);
          for (Index j = 0; j < visible; ++j) {
            const double w = p[static_cast<std::size_t>(j)];
            double dp = 0;
            for (Index d = 0; d < s.dim; ++d) dp += static_cast<double>(dout[qa(d)]) * static_cast<double>(v[ka(j, d)]);
            const double ds = scale * w * (dp - inner);
            for (Index d = 0; d < s.dim; ++d) {
              dv[ka(j, d)] += w * static_cast<double>(dout[qa(d)]);
              dq[qa(d)] += ds * static_cast<double>(k[ka(j, d)]);
              dk[ka(j, d)] += ds * static_cast<double>(q[qa(d)]);
            }
          }
        }
      }
    }
  }
};

template <class T>
void check_attention(Index batch, Index heads, Index tq, Index tk, Index dim, bool causal) {
  const auto s = AttentionShape::dense(batch, heads, tq, tk, dim);
  const auto q = random_values<T>(batch * tq * heads * dim, 1), k = random_values<T>(batch * tk * heads * dim, 2),
             v = random_values<T>(batch * tk * heads * dim, 3), dout = random_values<T>(batch * tq * heads * dim, 4);
  const double scale = 2 / std::sqrt(static_cast<double>(dim));
  const Reference expected(s, q, k, v, dout, scale, causal);
  std::vector<T> out(q.size(), T(9)), lse(expected.lse.size()), dq(q.size(), T(9)), dk(k.size(), T(9)),
      dv(k.size(), T(9));
  attention_forward(s, q.data(), k.data(), v.data(), static_cast<T>(scale), causal, out.data(), lse.data());
  attention_backward(s, q.data(), k.data(), v.data(), out.data(), lse.data(), dout.data(), static_cast<T>(scale),
                     causal, dq.data(), dk.data(), dv.data());
  const double eps = static_cast<double>(std::numeric_limits<T>::epsilon());
  const double bound = eps * (40 + 2 * static_cast<double>(dim));
  CAPTURE(tq);
  CAPTURE(tk);
  CAPTURE(dim);
  CAPTURE(causal);
  CHECK(worst_difference(out, expected.out) <= bound);
  CHECK(worst_difference(lse, expected.lse) <= bound);
  CHECK(worst_difference(dq, expected.dq) <= 4 * bound);
  CHECK(worst_difference(dk, expected.dk) <= 4 * bound * std::sqrt(static_cast<double>(tq)));
  CHECK(worst_difference(dv, expected.dv) <= 4 * bound * std::sqrt(static_cast<double>(tq)));
}

}  // namespace

TEST_CASE("attention and its gradients equal the definition") {
  on_every_isa([] {
    for (bool causal : {false, true}) {
      check_attention<float>(1, 1, 1, 1, 1, causal);
      check_attention<float>(2, 3, 5, 5, 7, causal);
      check_attention<float>(1, 2, 70, 70, 33, causal);
      check_attention<float>(2, 1, 1, 40, 16, causal);
      check_attention<float>(1, 1, 13, 300, 32, causal);
      check_attention<float>(1, 1, 20, 3, 4, causal);  // causal: the first 17 see nothing
      check_attention<float>(1, 1, 3, 0, 4, causal);
      check_attention<float>(9, 2, 6, 6, 5, causal);
      check_attention<float>(1, 1, 7, 9, 300, causal);
      check_attention<float>(1, 1, 150, 170, 16, causal);  // several tiles, some keys seen by none of the first
      check_attention<float>(1, 1, 170, 130, 40, causal);
      check_attention<double>(2, 2, 65, 65, 9, causal);
      check_attention<double>(1, 1, 4, 280, 260, causal);
    }
  });
}

TEST_CASE("a query alone, with cached keys, has the bits of the query among all") {
  on_every_isa([] {
    for (Index dim : {Index{8}, Index{33}, Index{270}}) {
      const Index heads = 2, tokens = 300;
      const auto all = AttentionShape::dense(1, heads, tokens, tokens, dim);
      const Index size = tokens * heads * dim;
      const auto q = random_values<float>(size, 1), k = random_values<float>(size, 2),
                 v = random_values<float>(size, 3);
      std::vector<float> out(q.size()), out1(q.size()), lse(static_cast<std::size_t>(heads * tokens)), lse1(lse.size());
      attention_forward(all, q.data(), k.data(), v.data(), 0.3f, true, out.data(), lse.data());
      for (Index step : {Index{1}, Index{7}}) {  // one, or a few at a time
        std::vector<float> part(static_cast<std::size_t>(heads * step));
        for (Index i = 0; i < tokens; i += step) {
          const Index count = std::min(step, tokens - i);
          const auto some = AttentionShape::dense(1, heads, count, i + count, dim);
          attention_forward(some, q.data() + i * heads * dim, k.data(), v.data(), 0.3f, true,
                            out1.data() + i * heads * dim, part.data());
          for (Index h = 0; h < heads; ++h) {
            for (Index r = 0; r < count; ++r) {
              lse1[static_cast<std::size_t>(h * tokens + i + r)] = part[static_cast<std::size_t>(h * count + r)];
            }
          }
        }
        CHECK(equal_bits(out, out1));
        CHECK(equal_bits(lse, lse1));
      }
    }
  });
}

TEST_CASE("few queries and many, keys in rows and in columns, give the same bits for any number of keys") {
  on_every_isa([] {
    for (Index tokens : {Index{40}, Index{500}, Index{2100}}) {
      for (Index dim : {Index{8}, Index{33}}) {
        const Index heads = 2, queries = 30;
        auto rows = AttentionShape::dense(1, heads, queries, tokens, dim);
        const auto q = random_values<float>(queries * heads * dim, 1),
                   k = random_values<float>(tokens * heads * dim, 2), v = random_values<float>(tokens * heads * dim, 3);
        std::vector<float> kt(k.size()), out(q.size()), out1(q.size()), lse(static_cast<std::size_t>(heads * queries));
        for (Index i = 0; i < tokens; ++i) {
          for (Index c = 0; c < heads * dim; ++c) {
            kt[static_cast<std::size_t>(c * tokens + i)] = k[static_cast<std::size_t>(i * heads * dim + c)];
          }
        }
        auto columns = rows;
        columns.k = {heads * dim * tokens, tokens, dim * tokens};
        columns.keys_in_columns = true;
        for (bool causal : {false, true}) {
          attention_forward(rows, q.data(), k.data(), v.data(), 0.3f, causal, out.data(), lse.data());
          attention_forward(columns, q.data(), kt.data(), v.data(), 0.3f, causal, out1.data(), lse.data());
          CHECK(equal_bits(out, out1));
          for (auto shape : {rows, columns}) {  // three at a time
            shape.tq = 3;
            const auto& keys = shape.keys_in_columns ? kt : k;
            std::fill(out1.begin(), out1.end(), 9.0f);
            for (Index i = 0; i < queries; i += 3) {
              if (causal) shape.tk = tokens - queries + i + 3;
              attention_forward(shape, q.data() + i * heads * dim, keys.data(), v.data(), 0.3f, causal,
                                out1.data() + i * heads * dim, static_cast<float*>(nullptr));
            }
            CHECK(equal_bits(out, out1));
          }
        }
      }
    }
  });
}

TEST_CASE("causal attention does not read later keys and values") {
  const auto s = AttentionShape::dense(1, 1, 40, 40, 8);
  const auto q = random_values<float>(320, 1);
  auto k = random_values<float>(320, 2), v = random_values<float>(320, 3);
  std::vector<float> before(320), after(320);
  attention_forward<float>(s, q.data(), k.data(), v.data(), 0.3f, true, before.data(), nullptr);
  std::fill(k.begin() + 25 * 8, k.end(), 1e6f);
  std::fill(v.begin() + 25 * 8, v.end(), -1e6f);
  attention_forward<float>(s, q.data(), k.data(), v.data(), 0.3f, true, after.data(), nullptr);
  CHECK(std::equal(before.begin(), before.begin() + 25 * 8, after.begin()));
  CHECK(before[25 * 8] != after[25 * 8]);
}

TEST_CASE("attention does not depend on threads or batch, and follows strides") {
  on_every_isa([] {
    const Index batch = 3, heads = 2, tokens = 50, dim = 20, width = 3 * heads * dim;
    const auto qkv = random_values<float>(batch * tokens * width, 1);  // one (batch, tokens, 3, heads, dim) tensor
    auto s = AttentionShape::dense(batch, heads, tokens, tokens, dim);
    s.q = s.k = s.v = {tokens * width, width, dim};
    const float *q = qkv.data(), *k = q + heads * dim, *v = k + heads * dim;
    const auto dout = random_values<float>(batch * tokens * heads * dim, 2);
    std::vector<float> out(dout.size()), out1(dout.size()), lse(static_cast<std::size_t>(batch * heads * tokens)),
        gradient(qkv.size()), gradient1(qkv.size());
    auto run = [&](const AttentionShape& shape, Index at, std::vector<float>& y, std::vector<float>& d) {
      const Index x0 = at * tokens * width, y0 = at * tokens * heads * dim;
      float *l = lse.data() + at * heads * tokens, *g = d.data() + x0;
      attention_forward(shape, q + x0, k + x0, v + x0, 0.2f, true, y.data() + y0, l);
      attention_backward(shape, q + x0, k + x0, v + x0, y.data() + y0, l, dout.data() + y0, 0.2f, true, g,
                         g + heads * dim, g + 2 * heads * dim);
    };
    run(s, 0, out, gradient);
    for (int threads : {1, 2, 3}) {
      set_thread_count(threads);
      run(s, 0, out1, gradient1);
      CHECK(equal_bits(out, out1));
      CHECK(equal_bits(gradient, gradient1));
    }
    set_thread_count(1);
    auto one = s;
    one.batch = 1;
    for (Index b = 0; b < batch; ++b) run(one, b, out1, gradient1);
    CHECK(equal_bits(out, out1));
    CHECK(equal_bits(gradient, gradient1));
  });
}

TEST_CASE_TEMPLATE("a NaN in a query, key or value is in every result that it has part in", T, float, double) {
  on_every_isa([] {
    for (const Index t : {5, 70}) {
      const AttentionShape s = AttentionShape::dense(1, 1, t, t, 16);
      const auto q = random_values<T>(t * 16, 1), k = random_values<T>(t * 16, 2), v = random_values<T>(t * 16, 3);
      for (const Index at : {Index{0}, t / 2, t - 1}) {
        for (const int where : {0, 1, 2}) {
          std::array<std::vector<T>, 3> x{q, k, v};
          x[static_cast<std::size_t>(where)][static_cast<std::size_t>(at * 16 + 3)] =
              std::numeric_limits<T>::quiet_NaN();
          std::vector<T> out(q.size()), lse(static_cast<std::size_t>(t)), dq(q.size()), dk(q.size()), dv(q.size());
          attention_forward<T>(s, x[0].data(), x[1].data(), x[2].data(), T(0.25), false, out.data(), lse.data());
          attention_backward<T>(s, x[0].data(), x[1].data(), x[2].data(), out.data(), lse.data(), q.data(), T(0.25),
                                false, dq.data(), dk.data(), dv.data());
          CAPTURE(t);
          CAPTURE(at);
          CAPTURE(where);
          Index wrong = 0;
          for (Index i = 0; i < t * 16; ++i) {
            const auto e = static_cast<std::size_t>(i);
            // A query is its row's, a key every query's, a value one column of every query's.
            const bool broken = where == 0 ? i / 16 == at : where == 1 || i % 16 == 3;
            wrong += std::isnan(out[e]) != broken;
            wrong += std::isnan(dq[e]) != (where != 0 || i / 16 == at);
            wrong += !std::isnan(dk[e]);
          }
          for (Index i = 0; i < t; ++i) {
            wrong += std::isnan(lse[static_cast<std::size_t>(i)]) != (where == 0 ? i == at : where == 1);
          }
          CHECK(wrong == 0);
        }
      }
    }
  });
}

}  // namespace attention_test
