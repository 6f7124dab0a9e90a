#include "inkling/kernels/broadcast.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

namespace broadcast_test {

using ink::kernels::BroadcastReader;

namespace {

template <int R>
using Extents = std::array<std::int64_t, R>;

/// 100, 101, …: no element like another.
const std::vector<float> data = [] {
  std::vector<float> values(1000);
  std::iota(values.begin(), values.end(), 100.0f);
  return values;
}();

template <int R>
std::vector<float> all_elements(const Extents<R>& extents, const Extents<R>& strides) {
  std::vector<float> out;
  Extents<R> at{};
  const std::int64_t count =
      std::accumulate(extents.begin(), extents.end(), std::int64_t{1}, std::multiplies<std::int64_t>());
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t offset = 0;
    for (std::size_t a = 0; a < R; ++a) offset += at[a] * strides[a];
    out.push_back(data[static_cast<std::size_t>(offset)]);
    for (std::size_t a = R; a-- > 0;) {
      if (++at[a] < extents[a]) break;
      at[a] = 0;
    }
  }
  return out;
}

/// Every range [begin, end) is what a plain loop over the axes reads, and nothing is written behind it.
template <int R>
void check(const Extents<R>& extents, const Extents<R>& strides) {
  CAPTURE(R);
  const auto expected = all_elements<R>(extents, strides);
  const BroadcastReader<float> reader(data.data(), extents, strides);
  const auto count = static_cast<std::int64_t>(expected.size());
  bool same = true;
  for (std::int64_t begin = 0; begin < count; ++begin) {
    for (std::int64_t end = begin + 1; end <= count; ++end) {
      std::vector<float> buffer(static_cast<std::size_t>(end - begin) + 1, -1.0f);
      const float* read = reader.read(begin, end, buffer.data());
      same = same && std::equal(read, read + (end - begin), expected.begin() + begin);
      same = same && buffer.back() == -1.0f;
    }
  }
  CHECK(same);
}

}  // namespace

TEST_CASE("broadcast: operands of the result's own shape are read in place") {
  std::vector<float> buffer(24, -1.0f);
  const BroadcastReader<float> whole(data.data(), Extents<3>{2, 3, 4}, Extents<3>{12, 4, 1});
  CHECK(whole.read(5, 24, buffer.data()) == data.data() + 5);
  const BroadcastReader<float> with_ones(data.data(), Extents<4>{1, 6, 1, 4}, Extents<4>{99, 4, 99, 1});
  CHECK(with_ones.read(7, 11, buffer.data()) == data.data() + 7);
  CHECK(buffer == std::vector<float>(24, -1.0f));
}

TEST_CASE("broadcast: stretched axes, in front, behind and between") {
  check<1>({7}, {1});
  check<1>({7}, {0});
  check<2>({3, 4}, {0, 1});
  check<2>({3, 4}, {1, 0});
  check<2>({3, 4}, {0, 0});
  check<3>({2, 3, 4}, {4, 0, 1});
  check<3>({2, 3, 4}, {0, 1, 0});
  check<3>({2, 3, 4}, {3, 1, 0});
  check<3>({2, 3, 4}, {0, 4, 1});
  check<4>({2, 3, 2, 3}, {3, 0, 0, 1});
  check<4>({2, 3, 2, 3}, {0, 2, 1, 0});
  check<4>({2, 3, 2, 3}, {9, 0, 3, 1});
  check<5>({2, 2, 3, 2, 2}, {6, 0, 2, 0, 1});
}

TEST_CASE("broadcast: axes of extent 1, whatever their stride") {
  check<0>({}, {});
  check<1>({1}, {0});
  check<2>({1, 5}, {77, 1});
  check<2>({5, 1}, {1, 77});
  check<3>({3, 1, 4}, {0, 77, 1});
  check<3>({1, 4, 1}, {77, 0, 77});
  check<3>({1, 1, 1}, {77, 77, 77});
}

TEST_CASE("broadcast: transposed and spread operands") {
  check<2>({3, 4}, {1, 3});
  check<2>({3, 4}, {20, 2});
  check<3>({3, 2, 4}, {1, 12, 3});
  check<3>({2, 3, 4}, {1, 0, 2});
}

}  // namespace broadcast_test
