// The whole sweep: every element-wise formula of one argument over all finite floats, those of two over many pairs.
//
//   inkling_sweep [part of a name] [step]
//
// A step of n takes every nth float: all of them keep two cores busy for an hour or more.
//
// Prints the worst value and slope of each instruction set, in ulps, with the argument; fails if one is out of bounds.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sweep.hpp"

namespace {

using namespace sweep;

constexpr const char* isa_names[] = {"portable", "avx2", "avx512"};

template <std::size_t N>
bool report(const char* name, const char* type, double seconds, const std::vector<Result<N>>& worst,
            const std::array<Bound, N>& bounds) {
  bool good = true;
  const auto all = isas();
  for (std::size_t i = 0; i < worst.size(); ++i) {
    std::printf("%-16s %-6s %-8s", name, type, isa_names[static_cast<int>(all[i])]);
    for (std::size_t part = 0; part < N; ++part) {
      const Worst& w = worst[i].worst[part];
      const bool within = w.ulps <= bounds[part].ulps;
      std::printf(" | %s %8.3f of %-5g at %-14.9g%s", part == 0 ? "value" : "slope", w.ulps, bounds[part].ulps, w.at,
                  within ? " " : "!");
      good = good && within;
    }
    std::printf(" | %.0f s\n", seconds);
  }
  std::fflush(stdout);
  return good;
}

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

template <class Entry>
bool all_floats(const Entry& entry, Index step) {
  const Index chunk = Index{1} << 22;
  const Clock clock;
  std::vector<Result<2>> worst;
  run<float>(entry, std::array{edges<float>()}, worst);
  const Index all = ((Index{1} << 32) - 1) / step + 1;
  for (Index first = 0; first < all; first += chunk) {
    std::array<std::vector<float>, 1> x;
    x[0].reserve(static_cast<std::size_t>(chunk));
    append_every<float>(x[0], static_cast<std::uint32_t>(first * step), static_cast<std::uint32_t>(step),
                        std::min(chunk, all - first));
    if (!x[0].empty()) run<float>(entry, x, worst);
  }
  return report(entry.name, "float", clock.seconds(), worst, bounds_of<float>(entry));
}

template <class Entry>
bool many_doubles(const Entry& entry) {
  const Clock clock;
  std::array<std::vector<double>, 1> x{edges<double>()};
  append_every<double>(x[0], 0, 0x23456789ABCD, Index{1} << 20);
  std::vector<Result<2>> worst;
  run<double>(entry, x, worst);
  return report(entry.name, "double", clock.seconds(), worst, bounds_of<double>(entry));
}

template <class T, class Entry>
bool many_pairs(const Entry& entry) {
  const Clock clock;
  std::vector<Result<3>> worst;
  for (std::uint64_t i = 0; i < 8; ++i) run<T>(entry, pairs<T>(1000000, ink::Key{i}), worst);
  return report(entry.name, sizeof(T) == 4 ? "float" : "double", clock.seconds(), worst,
                std::array<Bound, 3>{entry.value, entry.slope_a, entry.slope_b});
}

}  // namespace

int main(int count, char** arguments) {
  const char* part = count > 1 ? arguments[1] : "";
  const Index step = count > 2 ? std::max(Index{1}, static_cast<Index>(std::atoll(arguments[2]))) : 1;
  bool good = true;
  int swept = 0;
  const auto each = [&](const auto& entry, auto sweep_one) {
    if (!std::strstr(entry.name, part)) return;
    ++swept;
    good = sweep_one(entry) && good;
  };
  const Clock clock;
  std::apply([&](const auto&... entry) {
    (each(entry, [=](const auto& e) { return many_doubles(e) & all_floats(e, step); }), ...);
  }, formulas);
  std::apply([&](const auto&... entry) {
    (each(entry, [](const auto& e) { return many_pairs<float>(e) & many_pairs<double>(e); }), ...);
  }, pair_formulas);
  std::printf("%d formulas in %.0f s: %s\n", swept, clock.seconds(),
              swept == 0 ? "none is called so"
              : good     ? "all within their bounds"
                         : "out of bounds where marked");
  return good && swept > 0 ? 0 : 1;
}
