// The kernels one by one: GFLOP/s and the fraction of this machine's peak (peak.hpp), or GB/s.
// Winograd's convolution counts the operations of the direct sum, and may exceed the peak.
#include <benchmark/benchmark.h>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/attention.hpp"
#include "inkling/kernels/conv.hpp"
#include "inkling/kernels/elementwise.hpp"
#include "inkling/kernels/gemm.hpp"
#include "inkling/kernels/group_norm.hpp"
#include "inkling/kernels/math.hpp"
#include "inkling/kernels/softmax.hpp"
#include "peak.hpp"

namespace {

using namespace ink;
using bench::count;

void count_bytes(benchmark::State& state, double bytes) {
  state.counters["GB/s"] =
      benchmark::Counter(bytes * static_cast<double>(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
}

/// Numbers in [−1, 1).
class Operand {
 public:
  explicit Operand(Index n) : values_(n) {
    for (Index i = 0; i < n; ++i) values_[i] = static_cast<float>((i * 7919 + 13) % 2003) / 1001.5f - 1;
  }
  float* data() { return values_.data(); }

 private:
  Scratch<float> values_;
};

/// C (m, n) = A B; B is (k, n), A is (m, k), or (k, m) if `transposed`: a weight gradient.
void product(benchmark::State& state, Index m, Index n, Index k, bool transposed) {
  Operand a(m * k), b(k * n), c(m * n);
  const auto ta = transposed ? kernels::Trans::yes : kernels::Trans::no;
  for (auto _ : state) {
    kernels::gemm(ta, kernels::Trans::no, m, n, k, a.data(), transposed ? m : k, b.data(), n, c.data(), n);
  }
  count(state, 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k));
}

/// Every thread multiplies matrices of its own: what the cores give at this minute with nothing to share or wait for.
void products_apart(benchmark::State& state, Index side) {
  const Index threads = thread_count(), size = side * side;
  Operand a(threads * size), b(threads * size), c(threads * size);
  for (auto _ : state) {
    parallel_for(threads, 1, [&](Index t, Index) {
      kernels::gemm_serial(kernels::Trans::no, kernels::Trans::no, side, side, side, a.data() + t * size, side,
                           b.data() + t * size, side, c.data() + t * size, side);
    });
  }
  count(state, 2.0 * static_cast<double>(threads * size * side));
}

enum class Pass { forward, data, weight };

void convolution(benchmark::State& state, Index side, Index cin, Index cout, Index kernel, Pass pass) {
  const Index pad = kernel / 2;
  const kernels::ConvShape s{.n = 64,
                             .h = side,
                             .w = side,
                             .cin = cin,
                             .cout = cout,
                             .kh = kernel,
                             .kw = kernel,
                             .pad_top = pad,
                             .pad_left = pad,
                             .pad_bottom = pad,
                             .pad_right = pad};
  Operand x(s.n * side * side * cin), y(s.n * side * side * cout), w(kernel * kernel * cin * cout);
  for (auto _ : state) {
    if (pass == Pass::forward) {
      kernels::conv2d_forward(s, x.data(), w.data(), static_cast<const float*>(nullptr), y.data());
    } else if (pass == Pass::data) {
      kernels::conv2d_backward_data(s, y.data(), w.data(), x.data());
    } else {
      kernels::conv2d_backward_weight(s, x.data(), y.data(), w.data());
    }
  }
  count(state, 2.0 * static_cast<double>(s.n * side * side) * static_cast<double>(kernel * kernel * cin * cout));
}

void attention(benchmark::State& state, Index batch, Index tokens, bool causal, bool backward) {
  constexpr Index heads = 4, dim = 32;
  const Index size = batch * tokens * heads * dim;
  const auto s = kernels::AttentionShape::dense(batch, heads, tokens, tokens, dim);
  Operand q(size), k(size), v(size), out(size), dout(size), dq(size), dk(size), dv(size), lse(batch * heads * tokens);
  kernels::attention_forward(s, q.data(), k.data(), v.data(), 0.2f, causal, out.data(), lse.data());
  for (auto _ : state) {
    if (backward) {
      kernels::attention_backward(s, q.data(), k.data(), v.data(), out.data(), lse.data(), dout.data(), 0.2f, causal,
                                  dq.data(), dk.data(), dv.data());
    } else {
      kernels::attention_forward(s, q.data(), k.data(), v.data(), 0.2f, causal, out.data(), lse.data());
    }
  }
  const double seen = static_cast<double>(tokens) * static_cast<double>(causal ? (tokens + 1) / 2 : tokens);
  count(state, (backward ? 10.0 : 4.0) * static_cast<double>(batch * heads * dim) * seen);
}

template <class F>
void elementwise(benchmark::State& state, F f) {
  constexpr Index n = 1 << 20;
  Operand x(n), y(n);
  for (auto _ : state) kernels::apply(n, f, y.data(), x.data());
  count_bytes(state, 2.0 * sizeof(float) * n);
}

void group_norm_silu(benchmark::State& state) {
  constexpr Index n = 64, pixels = 784, channels = 32;
  Operand x(n * pixels * channels), y(n * pixels * channels), gamma(channels), beta(channels);
  for (auto _ : state) {
    kernels::group_norm_forward<kernels::Silu>(n, pixels, channels, 8, x.data(), gamma.data(), beta.data(), 1e-5f,
                                               y.data(), static_cast<float*>(nullptr), static_cast<float*>(nullptr));
  }
  count_bytes(state, 2.0 * sizeof(float) * n * pixels * channels);
}

void softmax(benchmark::State& state) {
  constexpr Index rows = 12544, columns = 256;
  Operand x(rows * columns), y(rows * columns);
  for (auto _ : state) kernels::softmax_rows(rows, columns, x.data(), y.data());
  count_bytes(state, 2.0 * sizeof(float) * rows * columns);
}

}  // namespace

#define INKLING_BENCH(function, name, ...) \
  BENCHMARK_CAPTURE(function, name, __VA_ARGS__)->UseRealTime()->Unit(benchmark::kMicrosecond)

INKLING_BENCH(product, square_512, 512, 512, 512, false);
INKLING_BENCH(product, square_1024, 1024, 1024, 1024, false);
INKLING_BENCH(products_apart, square_512, 512);
INKLING_BENCH(products_apart, square_1024, 1024);
INKLING_BENCH(product, rows_100352x64x64, 100352, 64, 64, false);
INKLING_BENCH(product, rows_25088x64x576, 25088, 64, 576, false);
INKLING_BENCH(product, rows_100352x32x288, 100352, 32, 288, false);
INKLING_BENCH(product, gradient_64x64x100352, 64, 64, 100352, true);
INKLING_BENCH(product, gradient_576x64x25088, 576, 64, 25088, true);
INKLING_BENCH(convolution, forward_28_32x32, 28, 32, 32, 3, Pass::forward);
INKLING_BENCH(convolution, data_28_32x32, 28, 32, 32, 3, Pass::data);
INKLING_BENCH(convolution, weight_28_32x32, 28, 32, 32, 3, Pass::weight);
INKLING_BENCH(convolution, forward_14_64x64, 14, 64, 64, 3, Pass::forward);
INKLING_BENCH(convolution, data_14_64x64, 14, 64, 64, 3, Pass::data);
INKLING_BENCH(convolution, weight_14_64x64, 14, 64, 64, 3, Pass::weight);
INKLING_BENCH(convolution, forward_7_128x128, 7, 128, 128, 3, Pass::forward);
INKLING_BENCH(convolution, weight_7_128x128, 7, 128, 128, 3, Pass::weight);
INKLING_BENCH(convolution, forward_28_1x32, 28, 1, 32, 3, Pass::forward);
INKLING_BENCH(convolution, forward_28_32x1, 28, 32, 1, 3, Pass::forward);
INKLING_BENCH(convolution, forward_28_1x6_5x5, 28, 1, 6, 5, Pass::forward);
INKLING_BENCH(convolution, forward_28_64x128_1x1, 28, 64, 128, 1, Pass::forward);
INKLING_BENCH(attention, forward_49, 128, 49, false, false);
INKLING_BENCH(attention, backward_49, 128, 49, false, true);
INKLING_BENCH(attention, causal_forward_784, 16, 784, true, false);
INKLING_BENCH(attention, causal_backward_784, 16, 784, true, true);
INKLING_BENCH(elementwise, exp, [](float x) INKLING_LAMBDA_INLINE { return kernels::vexp(x); });
INKLING_BENCH(elementwise, tanh, [](float x) INKLING_LAMBDA_INLINE { return kernels::vtanh(x); });
INKLING_BENCH(elementwise, copy, [](float x) INKLING_LAMBDA_INLINE { return x; });
BENCHMARK(group_norm_silu)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(softmax)->UseRealTime()->Unit(benchmark::kMicrosecond);
