// The short form of the sweep: some of all floats and doubles, and the ends of every power of two. ./dev sweep takes
// all.
#include <string>

#include <doctest/doctest.h>

#include "sweep.hpp"

namespace formulas_test {

using namespace sweep;

namespace {

template <std::size_t N>
void check(const char* name, const std::vector<Result<N>>& worst, const std::array<Bound, N>& bounds) {
  CAPTURE(std::string(name));
  for (std::size_t isa = 0; isa < worst.size(); ++isa) {
    CAPTURE(isa);
    for (std::size_t part = 0; part < N; ++part) {  // 0: the value, then slopes
      CAPTURE(part);
      CAPTURE(worst[isa].worst[part].at);
      CHECK(worst[isa].worst[part].ulps <= bounds[part].ulps);
    }
  }
}

}  // namespace

TEST_CASE("formulas of one argument: every 4099th float") {
  std::array<std::vector<float>, 1> x{edges<float>()};
  append_every<float>(x[0], 0, 4099, (Index{1} << 32) / 4099);
  std::apply([&](const auto&... entry) {
    ([&] {
      std::vector<Result<2>> worst;
      run<float>(entry, x, worst);
      check(entry.name, worst, bounds_of<float>(entry));
    }(), ...);
  }, formulas);
}

TEST_CASE("formulas of one argument: doubles of all magnitudes") {
  std::array<std::vector<double>, 1> x{edges<double>()};
  append_every<double>(x[0], 0, 0x123456789ABCD, 15 * 4096);
  std::apply([&](const auto&... entry) {
    ([&] {
      std::vector<Result<2>> worst;
      run<double>(entry, x, worst);
      check(entry.name, worst, bounds_of<double>(entry));
    }(), ...);
  }, formulas);
}

TEST_CASE_TEMPLATE("formulas of two arguments", T, float, double) {
  const auto x = pairs<T>(20000, ink::Key{7});
  std::apply([&](const auto&... entry) {
    ([&] {
      std::vector<Result<3>> worst;
      run<T>(entry, x, worst);
      check(entry.name, worst, std::array<Bound, 3>{entry.value, entry.slope_a, entry.slope_b});
    }(), ...);
  }, pair_formulas);
}

TEST_CASE_TEMPLATE("NaN stays NaN in every lane, and nowhere else, forward and backward", T, float, double) {
  constexpr Index n = 150;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const auto hit = [](Index i) { return i % 7 == 3 || i > 140; };
  T x[n], one[n], y[n], first[n], second[n];
  for (Index i = 0; i < n; ++i) x[i] = hit(i) ? nan : static_cast<T>(i % 5 + 1), one[i] = T(0.5);
  const auto count = [&](const T* out) {  // of results that are a number exactly if they are none, or the other way
    int wrong = 0;
    for (Index i = 0; i < n; ++i) wrong += std::isnan(out[i]) != hit(i);
    return wrong;
  };
  const auto before = ink::kernels::isa();
  for (const auto isa : isas()) {
    ink::kernels::set_isa(isa);
    CAPTURE(static_cast<int>(isa));
    const auto alone = [&](const auto& entry) {
      CAPTURE(std::string(entry.name));
      ink::kernels::apply_many_serial(n, [f = entry.formula](T v) INKLING_LAMBDA_INLINE {
        const auto r = f(ink::Dual<T, 1>::variable(v, 0));
        return std::array<T, 2>{r.v, r.d[0]};
      }, std::array<T*, 2>{y, first}, x);
      CHECK(count(y) == 0);
      const std::string name = entry.name;
      if (name != "negative") CHECK(count(first) == 0);  // whose slope is a number, −1
      ink::kernels::apply_serial(
          n, [f = entry.formula](T v) INKLING_LAMBDA_INLINE { return ink::Dual<T, 0>(f(ink::Dual<T, 0>(v))).v; }, y, x);
      CHECK(count(y) == 0);
    };
    std::apply([&](const auto&... entry) { (alone(entry), ...); }, formulas);
    const auto both = [&](const auto& entry, const T* a, const T* b) {
      CAPTURE(std::string(entry.name));
      ink::kernels::apply_many_serial(n, [f = entry.formula](T v, T w) INKLING_LAMBDA_INLINE {
        const auto r = f(ink::Dual<T, 2>::variable(v, 0), ink::Dual<T, 2>::variable(w, 1));
        return std::array<T, 3>{r.v, r.d[0], r.d[1]};
      }, std::array<T*, 3>{y, first, second}, a, b);
      CHECK(count(y) == 0);
      const std::string name = entry.name;
      if (name == "maximum" || name == "minimum") CHECK(count(first) + count(second) == 0);
      ink::kernels::apply_serial(n, [f = entry.formula](T v, T w) INKLING_LAMBDA_INLINE {
        return ink::Dual<T, 0>(f(ink::Dual<T, 0>(v), ink::Dual<T, 0>(w))).v;
      }, y, a, b);
      CHECK(count(y) == 0);
    };
    std::apply([&](const auto&... entry) { ((both(entry, x, one), both(entry, one, x), both(entry, x, x)), ...); },
               pair_formulas);
  }
  ink::kernels::set_isa(before);
}

TEST_CASE("the sweep counts what is off") {
  const Bound exact{0}, near_root{1, 1, 0, -1, 1, 1.0}, small{1, 10};
  CHECK(distance(1.0f, 1.0L, 0, exact) == 0);
  CHECK(distance(std::nextafter(1.0f, 2.0f), 1.0L, 0, exact) == 1);
  CHECK(distance(std::nextafter(1.0f, 0.0f), 1.0, 0, exact) == 0.5);  // of the ulps above 1
  CHECK(distance(0.0f, 1e-30, 0, exact) > 1e6);
  CHECK(distance(1e-3f, 0.0, 0.5, near_root) > 1000);
  CHECK(distance(0x1p-23f, 0.0, 0.5, near_root) == 1);
  CHECK(distance(0.0f, 1e-37, 0, small) == 0);
  CHECK(distance(0.0f, 1e-36, 0, small) > 1000);
  CHECK(std::isinf(distance(std::numeric_limits<float>::quiet_NaN(), 1.0, 0, exact)));
  CHECK(std::isinf(distance(1.0f, std::numeric_limits<double>::quiet_NaN(), 0, exact)));
  CHECK(distance(std::numeric_limits<float>::infinity(), 1e39, 0, exact) == 0);
  CHECK(distance(std::numeric_limits<float>::infinity(), 3e38, 0, exact) > 1);
  CHECK(std::isinf(distance(-std::numeric_limits<float>::infinity(), 1e39, 0, exact)));
}

}  // namespace formulas_test
