#include "inkling/io/deflate.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/io/file.hpp"

namespace deflate_test {

using namespace ink;
using Bytes = std::vector<std::uint8_t>;

namespace {

Bytes noise(std::size_t size, std::uint32_t levels, std::uint32_t seed = 1) {
  Bytes bytes(size);
  for (auto& byte : bytes) {
    seed = seed * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>((seed >> 16) % levels);
  }
  return bytes;
}

void check_round_trip(const Bytes& bytes) {
  CHECK(io::inflate(io::deflate(bytes)) == bytes);
  CHECK(io::zlib_decompress(io::zlib_compress(bytes)) == bytes);
  CHECK(io::gzip_decompress(io::gzip_compress(bytes)) == bytes);
}

}  // namespace

TEST_CASE("deflate round trips at every small size") {
  for (std::size_t size = 0; size < 600; ++size) {
    const Bytes bytes = noise(size, 3);
    CHECK(io::inflate(io::deflate(bytes)) == bytes);
  }
}

TEST_CASE("deflate round trips data of many kinds") {
  check_round_trip({});
  check_round_trip(Bytes(1000000, 0));
  check_round_trip(noise(200000, 256));  // several blocks of literals
  check_round_trip(noise(300000, 2));
  Bytes far = noise(32768, 256);  // a match at exactly the longest distance, and one beyond it
  const Bytes start(far.begin(), far.begin() + 100);
  far.insert(far.end(), start.begin(), start.end());
  far.push_back(7);
  far.insert(far.end(), start.begin(), start.end());
  check_round_trip(far);
  CHECK(io::deflate(Bytes(far.begin(), far.begin() + 32868)).size() < 32768 + 200);
}

TEST_CASE("the Huffman code stays within 15 bits for the most uneven counts") {
  // Fibonacci counts make the deepest tree: 20 symbols would need 19 bits.
  Bytes bytes;
  for (std::uint32_t symbol = 0, a = 1, b = 1; symbol < 20; ++symbol) {
    bytes.insert(bytes.end(), a, static_cast<std::uint8_t>(symbol));
    b += a;
    a = b - a;
  }
  // Spread out so that runs do not hide the counts from the Huffman code.
  for (std::size_t i = 0, j = 0; i < bytes.size(); ++i) {
    j = (j + 7919) % bytes.size();
    std::swap(bytes[i], bytes[j]);
  }
  check_round_trip(bytes);
  std::vector<std::uint32_t> counts(30);
  for (std::size_t s = 0; s < 30; ++s) counts[s] = s < 2 ? 1 : counts[s - 1] + counts[s - 2];
  for (const unsigned longest : {7u, 15u}) {
    double kraft = 0;
    for (const auto length : detail::huffman_lengths(counts, longest)) {
      CHECK(length >= 1);
      CHECK(length <= longest);
      kraft += 1.0 / (1 << length);
    }
    CHECK(kraft == 1.0);
  }
}

TEST_CASE("compression is real: constant data, text and digits shrink") {
  CHECK(io::deflate(Bytes(1000000, 0)).size() < 1100);
  CHECK(io::deflate(noise(100000, 2)).size() < 100000 / 6);  // one bit a byte would be 100000 / 8
  CHECK(io::deflate(noise(100000, 256)).size() < 100500);

  // Shipped digits against `gzip -9`, which made the file.
  const Bytes packed = io::read_file(INKLING_SOURCE_DIR "/examples/data/mnist/t10k-images-idx3-ubyte.gz");
  const Bytes digits = io::gzip_decompress(packed);
  REQUIRE(digits.size() == 16 + 1000 * 28 * 28);
  const Bytes repacked = io::gzip_compress(digits);
  MESSAGE("1,000 digits: " << repacked.size() << " bytes; gzip -9: " << packed.size());
  CHECK(static_cast<double>(repacked.size()) < 1.03 * static_cast<double>(packed.size()));
  CHECK(io::gzip_decompress(repacked) == digits);
  CHECK(io::gzip_compress(digits) == repacked);
}

}  // namespace deflate_test
