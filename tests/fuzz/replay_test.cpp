// Every fuzz target on its seeds, on what libFuzzer has found before, and on thousands of mutations of them, the same
// in every run. `./dev fuzz` looks further.
#if __has_include(<unistd.h>)

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/core/philox.hpp"
#include "seeds.hpp"
#include "targets.hpp"

namespace replay_test {

using namespace ink;
using fuzz::Input;

namespace {

constexpr int mutations = 1000;  // of each target

const std::string committed = std::string(INKLING_SOURCE_DIR) + "/tests/fuzz/seeds";

std::vector<io::Bytes> seeds_of(const std::string& root, std::string_view target) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(text(root, "/", target))) {
    paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<io::Bytes> seeds;
  for (const auto& path : paths) seeds.push_back(io::read_file(path));
  return seeds;
}

/// A change of the kinds that break readers: flipped bits, bytes and integers of extreme values, parts that are
/// missing, doubled, or taken from another input, and digits of a text.
void mutate(io::Bytes& bytes, const io::Bytes& other, Stream& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random.below(n)); };
  const auto iterator = [&](std::size_t at) { return bytes.begin() + static_cast<std::ptrdiff_t>(at); };
  if (bytes.empty()) bytes.push_back(0);
  const std::size_t at = below(bytes.size()), length = 1 + below(std::min<std::size_t>(bytes.size() - at, 16));
  switch (below(8)) {
    case 0: bytes[at] ^= static_cast<std::uint8_t>(1u << below(8)); return;
    case 1: bytes[at] = std::array<std::uint8_t, 6>{0, 1, 0x7F, 0x80, 0xFE, 0xFF}[below(6)]; return;
    case 2: bytes.resize(at); return;
    case 3: bytes.erase(iterator(at), iterator(at + length)); return;
    case 4: {
      const io::Bytes part(iterator(at), iterator(at + length));
      bytes.insert(iterator(at), part.begin(), part.end());
      return;
    }
    case 5: {
      if (other.empty()) return;
      const std::size_t from = below(other.size());
      bytes.resize(at);
      bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
      return;
    }
    case 6: {
      const std::uint64_t extreme = std::array<std::uint64_t, 6>{
          0, 1, ~std::uint64_t{0}, std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1, 0x80000000u}[below(6)];
      for (std::size_t i = 0, width = std::size_t{1} << below(4); i < width && at + i < bytes.size(); ++i) {
        bytes[at + i] = static_cast<std::uint8_t>(extreme >> 8 * i);
      }
      return;
    }
    default: {
      const auto digit = std::find_if(iterator(at), bytes.end(), [](auto b) { return b >= '0' && b <= '9'; });
      if (digit == bytes.end()) return;
      const std::string number = std::array<const char*, 6>{
          "-1", "0", "9223372036854775807", "9223372036854775808", "18446744073709551616", "4294967296"}[below(6)];
      bytes.insert(bytes.erase(digit), number.begin(), number.end());
    }
  }
}

/// Checkpoints are written through to the disk, which takes its time: a folder in memory has none of it.
void use_scratch() { setenv("INKLING_FUZZ_TMP", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : INKLING_TEST_TMP, 1); }

void try_all(const fuzz::Target& target) {
  use_scratch();
  const auto seeds = seeds_of(committed, target.name);
  REQUIRE(!seeds.empty());
  for (const auto& seed : seeds) CHECK_NOTHROW(fuzz::run(target, seed));
  Stream random(Key{1});
  for (int i = 0; i < mutations; ++i) {
    io::Bytes bytes = seeds[random.below(seeds.size())];
    for (std::uint64_t n = 1 + random.below(3); n-- > 0;) mutate(bytes, seeds[random.below(seeds.size())], random);
    try {
      fuzz::run(target, bytes);
    } catch (const std::exception& error) {
      io::write_file_atomic(text(INKLING_TEST_TMP, "/broken-", target.name), bytes);
      FAIL(text(target.name, ", mutation ", i, ", kept as broken-", target.name, ": ", error.what()));
    }
  }
}

}  // namespace

TEST_CASE("fuzz: every seed and its mutations do what they must") {
  for (const auto& target : fuzz::targets) {
    CAPTURE(target.name);
    try_all(target);
  }
}

TEST_CASE("fuzz: seeds written today do what they must, too") {
  const std::string fresh = std::string(INKLING_TEST_TMP) + "/seeds";
  use_scratch();
  std::filesystem::remove_all(fresh);
  fuzz::SeedWriter{fresh};
  for (const auto& target : fuzz::targets) {
    CAPTURE(target.name);
    const auto seeds = seeds_of(fresh, target.name);
    CHECK(seeds.size() >= seeds_of(committed, target.name).size());
    for (const auto& seed : seeds) CHECK_NOTHROW(fuzz::run(target, seed));
  }
}

TEST_CASE("fuzz: a target that breaks its promises is seen") {
  const std::uint8_t bytes[8] = {};
  const fuzz::Target greedy{"greedy", [](Input input) { std::vector<char>(1000 + 100 * input.size()); }, 0, 100};
  CHECK_THROWS_AS(fuzz::run(greedy, bytes), fuzz::Broken);
  const fuzz::Target pooled{"pooled", [](Input) { Scratch<char>(100000); }, 50000, 1};
  CHECK_THROWS_AS(fuzz::run(pooled, bytes), fuzz::Broken);
  const fuzz::Target thrown{"thrown", [](Input) { fuzz::accepts([] { throw std::length_error("x"); }); }, 0, 0};
  CHECK_THROWS_AS(fuzz::run(thrown, bytes), std::length_error);
}

}  // namespace replay_test

#endif
