// Philox 4×32-10: the counter-based generator under every random draw of the library.
//
// J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A keyed bijection of
// 128-bit counters in ten rounds: any element of any stream can be computed by itself, in any order, on any thread.
//
// Key       what a random draw is drawn with. A key never changes; `key.fold(i)` derives as many independent keys as
//           needed. There is no global generator.
// Stream    the numbers of one key in sequence, for draws that are made one after another.
//
// Example:
//     Key key{42};
//     Key step = key.fold(7);              // the same on every platform and every thread count
//     Stream stream(step);
//     double u = stream.uniform();         // in [0, 1)
#pragma once

#include <array>
#include <cstdint>

namespace ink {

struct Philox {
  using Words = std::array<std::uint32_t, 4>;

  static constexpr Words block(Words counter, std::array<std::uint32_t, 2> key) {
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * counter[2];
      counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
                 static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
      key[0] += 0x9E3779B9;
      key[1] += 0xBB67AE85;
    }
    return counter;
  }
};

class Key {
 public:
  constexpr explicit Key(std::uint64_t seed)
      : words_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}

  /// The i-th key derived from this one.
  constexpr Key fold(std::uint64_t i) const {
    // The fourth counter word separates derivation from drawing, which leaves it below 2^31.
    const auto w = Philox::block(
        {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32), 0x464F4C44u, 0xFFFFFFFFu}, words_);
    return Key((std::uint64_t{w[1]} << 32) | w[0]);
  }

  /// 128 random bits: block `index` of row `row`.
  constexpr Philox::Words block(std::uint64_t index, std::uint64_t row = 0) const {
    return Philox::block({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                          static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(row >> 32) & 0x7FFFFFFFu},
                         words_);
  }

  /// The number that names this key; `Key(key.seed()) == key`.
  constexpr std::uint64_t seed() const { return (std::uint64_t{words_[1]} << 32) | words_[0]; }

  friend constexpr bool operator==(const Key&, const Key&) = default;

 private:
  std::array<std::uint32_t, 2> words_;
};

namespace detail {

/// 53 bits of a pair of words as a number in [0, 1).
constexpr double unit_interval(std::uint32_t low, std::uint32_t high) {
  const std::uint64_t bits = (std::uint64_t{high} << 32) | low;
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace detail

class Stream {
 public:
  constexpr explicit Stream(Key key, std::uint64_t row = 0) : key_(key), row_(row) {}

  constexpr std::uint64_t bits() {
    if (index_ % 2 == 0) block_ = key_.block(index_ / 2, row_);
    const unsigned at = index_++ % 2 * 2;
    return (std::uint64_t{block_[at + 1]} << 32) | block_[at];
  }

  /// A number in [0, 1).
  constexpr double uniform() {
    const std::uint64_t b = bits();
    return detail::unit_interval(static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(b >> 32));
  }

  /// A whole number in [0, n), every one equally likely; n at least 1.
  constexpr std::uint64_t below(std::uint64_t n) {
    const std::uint64_t uneven = (0 - n) % n;  // the lowest values would be drawn once too often
    std::uint64_t b = bits();
    while (b < uneven) b = bits();
    return b % n;
  }

 private:
  Key key_;
  std::uint64_t row_, index_ = 0;
  Philox::Words block_{};
};

}  // namespace ink
