// What the machine can do: fused multiply-adds in registers, which no matrix product can exceed.
//
// With the widest vectors in use and as many threads as the library has, for a twentieth of a second right after the
// measurement that is compared with it: the clock falls under load, and differs from minute to minute.
#pragma once

#include <chrono>
#include <numeric>
#include <vector>

#include <benchmark/benchmark.h>

#include "inkling/core/parallel.hpp"
#include "inkling/kernels/isa.hpp"

namespace bench {

using ink::Index;

/// Multiply-adds of 24 independent vectors (12 where there are 16 registers), `rounds` times: how many operations.
inline double multiply_add(Index rounds, float* out) {
  double operations = 0;
  ink::kernels::dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
    using V = typename ink::kernels::detail::Simd<float, Width>::type;
    constexpr int chains = Width == 64 ? 24 : 12, lanes = Width / 4;
    V sum[chains];
    const V zero = {}, a = zero + 0.999f, b = zero + 1e-3f;
    // Unlike starts, or the chains would be one; unknown ones, or the chain that starts at a fixed point would be none.
    float start = 2;
    benchmark::DoNotOptimize(start);
    ink::kernels::detail::unroll<chains>(
        [&](int c) INKLING_LAMBDA_INLINE { sum[c] = zero + (start + static_cast<float>(c)); });
    for (Index i = 0; i < rounds; ++i) {
      ink::kernels::detail::unroll<chains>([&](int c) INKLING_LAMBDA_INLINE { sum[c] = sum[c] * a + b; });
    }
    V total = {};
    ink::kernels::detail::unroll<chains>([&](int c) INKLING_LAMBDA_INLINE { total += sum[c]; });
    __builtin_memcpy(out, &total, sizeof(V));
    operations = 2.0 * chains * lanes * static_cast<double>(rounds);
  });
  return operations;
}

/// Operations a second.
inline double peak() {
  using Clock = std::chrono::steady_clock;
  const int threads = ink::thread_count();
  std::vector<float> out(static_cast<std::size_t>(16 * threads));
  std::vector<double> operations(static_cast<std::size_t>(threads));
  const auto start = Clock::now();
  double seconds = 0, total = 0;
  while (seconds < 0.05) {
    ink::parallel_for(threads, 1, [&](Index t, Index) {
      operations[static_cast<std::size_t>(t)] = multiply_add(200'000, out.data() + 16 * t);
    });
    benchmark::DoNotOptimize(out.data());
    total += std::accumulate(operations.begin(), operations.end(), 0.0);
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return total / seconds;
}

/// Reports `operations` an iteration.
inline void count(benchmark::State& state, double operations) {
  const double total = operations * static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(total / 1e9, benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(total / peak(), benchmark::Counter::kIsRate);
}

}  // namespace bench
