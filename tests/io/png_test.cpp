#include "inkling/io/png.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace png_test {

using namespace ink;

namespace {

struct Chunk {
  std::string type;
  io::Bytes data;
};

std::uint32_t big32(const io::Bytes& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}

/// Splits a file into chunks and checks the signature and every CRC.
std::vector<Chunk> chunks_of(const io::Bytes& file) {
  const io::Bytes signature{0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A};
  REQUIRE(io::Bytes(file.begin(), file.begin() + 8) == signature);
  std::vector<Chunk> chunks;
  for (std::size_t at = 8; at < file.size();) {
    const std::size_t size = big32(file, at);
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at) + 4;
    const io::Bytes body(begin, begin + 4 + static_cast<std::ptrdiff_t>(size));
    CHECK(io::crc32(body) == big32(file, at + 8 + size));
    chunks.push_back({{body.begin(), body.begin() + 4}, {body.begin() + 4, body.end()}});
    at += 12 + size;
  }
  return chunks;
}

/// A decoder of what the PNG specification says, section 9.
Tensor<std::uint8_t, 3> decode(const io::Bytes& file, std::vector<int>* filters = nullptr) {
  const auto chunks = chunks_of(file);
  REQUIRE(chunks.front().type == "IHDR");
  REQUIRE(chunks.back().type == "IEND");
  const auto& header = chunks.front().data;
  REQUIRE(header.size() == 13);
  const std::size_t width = big32(header, 0), height = big32(header, 4);
  CHECK(header[8] == 8);
  const std::size_t channels = header[9] == 2 ? 3 : 1;
  CHECK((header[9] == 2 || header[9] == 0));
  io::Bytes packed;
  for (const auto& chunk : chunks) {
    if (chunk.type == "IDAT") packed.insert(packed.end(), chunk.data.begin(), chunk.data.end());
  }
  const io::Bytes rows = io::zlib_decompress(packed);
  const std::size_t row = width * channels;
  REQUIRE(rows.size() == height * (row + 1));
  std::vector<int> pixels(height * row);
  for (std::size_t y = 0; y < height; ++y) {
    const int filter = rows[y * (row + 1)];
    if (filters) filters->push_back(filter);
    for (std::size_t i = 0; i < row; ++i) {
      const int left = i >= channels ? pixels[y * row + i - channels] : 0, up = y ? pixels[(y - 1) * row + i] : 0;
      const int corner = i >= channels && y ? pixels[(y - 1) * row + i - channels] : 0;
      const int p = left + up - corner, pa = std::abs(p - left), pb = std::abs(p - up), pc = std::abs(p - corner);
      const int paeth = pa <= pb && pa <= pc ? left : pb <= pc ? up : corner;
      const int guess[] = {0, left, up, (left + up) / 2, paeth};
      REQUIRE(filter < 5);
      pixels[y * row + i] = (rows[y * (row + 1) + 1 + i] + guess[filter]) & 255;
    }
  }
  Tensor<std::uint8_t, 3> image({static_cast<Index>(height), static_cast<Index>(width), static_cast<Index>(channels)});
  for (std::size_t i = 0; i < pixels.size(); ++i) image.mutable_data()[i] = static_cast<std::uint8_t>(pixels[i]);
  return image;
}

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("grey and colour images come back through the decoder, whatever the filter") {
  std::vector<int> filters;
  for (const Index channels : {Index{1}, Index{3}}) {
    for (const int kind : {0, 1, 2, 3}) {
      Tensor<std::uint8_t, 3> image({37, 23, channels});
      std::uint32_t seed = 5;
      auto* data = image.mutable_data();
      for (Index i = 0; i < image.size(); ++i) {
        const Index x = i / channels % 23, y = i / channels / 23;
        seed = seed * 1664525u + 1013904223u;
        const Index value[] = {static_cast<Index>(seed >> 24), x * 11, y * 7 + (y * y) % 5,
                               x * x + y * x + i % channels};
        data[i] = static_cast<std::uint8_t>(value[kind]);
      }
      CHECK(decode(io::encode_png(image), &filters) == image);
    }
  }
  bool used[5] = {};
  for (const int filter : filters) used[filter] = true;
  for (const bool u : used) CHECK(u);
  const Tensor<std::uint8_t, 3> one({1, 1, 1}, {200});
  CHECK(decode(io::encode_png(one)) == one);
}

TEST_CASE("numbers are scaled, rounded and clamped") {
  const Tensor<float, 3> image({1, 7, 1}, {-1, 1, 0, -5, 5, -1 + 2 * 99.4f / 255, -1 + 2 * 99.6f / 255});
  CHECK(decode(io::encode_png(image)) == Tensor<std::uint8_t, 3>({1, 7, 1}, {0, 255, 128, 0, 255, 99, 100}));
  const Tensor<double, 3> unit({1, 1, 3}, {0, 0.5, 1});
  CHECK(decode(io::encode_png(unit, {.low = 0, .high = 1})) == Tensor<std::uint8_t, 3>({1, 1, 3}, {0, 128, 255}));
}

TEST_CASE("text fields carry the settings") {
  const Tensor<std::uint8_t, 3> image({2, 2, 1});
  const auto chunks = chunks_of(io::encode_png(image, {.text = {{"seed", "42"}, {"Author", "J\xC3\xB8rgen"}}}));
  REQUIRE(chunks.size() == 5);
  CHECK(chunks[1].type == "tEXt");
  using namespace std::string_literals;
  CHECK(std::string(chunks[1].data.begin(), chunks[1].data.end()) ==
        "seed\0"s
        "42");
  CHECK(chunks[2].type == "iTXt");
  CHECK(std::string(chunks[2].data.begin(), chunks[2].data.end()) == "Author\0\0\0\0\0J\xC3\xB8rgen"s);
  const auto keyword_error = [&](std::string keyword) {
    return error_of([&] { io::encode_png(image, {.text = {{keyword, "x"}}}); });
  };
  for (const char* bad : {"", " a", "a ", "a  b", "a\nb", "\xC3\xB8"}) CHECK(keyword_error(bad) != "");
  CHECK(keyword_error(std::string(80, 'a')) != "");
  CHECK(keyword_error(std::string(79, 'a')) == "");
  CHECK(error_of([&] { io::encode_png(image, {.text = {{"k", "a\0b"s}}}); }) ==
        "encode_png: the text of \"k\" has a zero byte; PNG ends texts with it");
}

TEST_CASE("what cannot be a picture is refused and no file appears") {
  const std::string path = std::string(INKLING_TEST_TMP) + "/refused.png";
  CHECK(error_of([&] { io::write_png(path, Tensor<float, 3>({2, 3, 2})); }) ==
        "encode_png: image is (2, 3, 2); its last extent, the channels, must be 1 or 3");
  CHECK(error_of([&] { io::write_png(path, Tensor<float, 3>({0, 3, 1})); }) ==
        "encode_png: image is (0, 3, 1); height and width must be in [1, 2^31)");
  Tensor<float, 3> image({4, 5, 3});
  image(2, 3, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK(error_of([&] { io::write_png(path, image); }) == "encode_png: pixel (2, 3, 1) is nan; pixels must be finite");
  image(2, 3, 1) = std::numeric_limits<float>::infinity();
  CHECK(error_of([&] { io::write_png(path, image); }) == "encode_png: pixel (2, 3, 1) is inf; pixels must be finite");
  CHECK(error_of([&] { io::encode_png(Tensor<float, 3>({1, 1, 1}), {.low = 1, .high = 1}); }) ==
        "encode_png: range is [1, 1]; low must be below high");
  CHECK_THROWS_AS(io::read_file(path), IoError);
}

}  // namespace png_test
