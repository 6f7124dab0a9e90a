#include "inkling/io/apng.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/io/png_reader.hpp"

namespace apng_test {

using namespace ink;

namespace {

struct Chunk {
  std::string type;
  io::Bytes data;
};

std::vector<Chunk> chunks_of(const io::Bytes& file) {
  std::vector<Chunk> chunks;
  for (std::size_t at = 8; at < file.size();) {
    const std::size_t size = detail::big32(std::span(file).subspan(at));
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at) + 4;
    chunks.push_back({{begin, begin + 4}, {begin + 4, begin + 4 + static_cast<std::ptrdiff_t>(size)}});
    at += 12 + size;
  }
  return chunks;
}

std::vector<Tensor<std::uint8_t, 3>> frames() {
  std::vector<Tensor<std::uint8_t, 3>> out;
  for (int k = 0; k < 3; ++k) {
    Tensor<std::uint8_t, 3> frame({4, 5, 3});
    for (Index i = 0; i < frame.size(); ++i) frame.mutable_data()[i] = static_cast<std::uint8_t>(i * 7 + k * 90);
    out.push_back(frame);
  }
  return out;
}

}  // namespace

TEST_CASE("apng: one sequence of frames, the first of which is the default image") {
  const auto all = frames();
  const auto file =
      io::encode_apng(all, {.seconds = 0.25, .last_seconds = 2, .plays = 3, .png = {.text = {{"seed", "1"}}}});
  CHECK(io::decode_png<std::uint8_t>(file) == all[0]);
  const auto chunks = chunks_of(file);
  std::string order;
  std::uint32_t sequence = 0, frame = 0;
  for (const auto& [type, data] : chunks) {
    order += type + " ";
    if (type == "acTL") CHECK(data == io::Bytes{0, 0, 0, 3, 0, 0, 0, 3});
    if (type == "fcTL") {
      const std::uint8_t high = frame == 2 ? 2000 >> 8 : 0, low = frame == 2 ? 2000 & 255 : 250;
      CHECK(data == io::Bytes{0,    0,   0,         static_cast<std::uint8_t>(sequence),
                              0,    0,   0,         5,
                              0,    0,   0,         4,
                              0,    0,   0,         0,
                              0,    0,   0,         0,
                              high, low, 1000 >> 8, 1000 & 255,
                              0,    0});
      ++frame;
      ++sequence;
    }
    if (type == "fdAT") {
      CHECK(detail::big32(data) == sequence++);
      // The frame alone as a picture.
      io::Bytes alone(file.begin(), file.begin() + 33);
      detail::append_chunk(alone, "IDAT", std::span(data).subspan(4));
      detail::append_chunk(alone, "IEND", {});
      CHECK(io::decode_png<std::uint8_t>(alone) == all[frame - 1]);
    }
  }
  CHECK(order == "IHDR tEXt acTL fcTL IDAT fcTL fdAT fcTL fdAT IEND ");
  CHECK(sequence == 5);
}

TEST_CASE("apng: numbers are scaled as in write_png, and what does not fit is refused") {
  const std::vector<Tensor<float, 3>> one{Tensor<float, 3>({1, 2, 1}, {-1, 1})};
  CHECK(io::decode_png<std::uint8_t>(io::encode_apng(one)) == Tensor<std::uint8_t, 3>({1, 2, 1}, {0, 255}));
  CHECK_THROWS_WITH_AS(io::encode_apng(std::vector<Tensor<float, 3>>{}),
                       "encode_apng: there are no frames; at least one is needed", ShapeError);
  auto two = frames();
  two[1] = Tensor<std::uint8_t, 3>({5, 4, 3});
  CHECK_THROWS_WITH_AS(io::encode_apng(two), "encode_apng: frames are (4, 5, 3) and (5, 4, 3); all must have one shape",
                       ShapeError);
  CHECK_THROWS_WITH_AS(io::encode_apng(one, {.seconds = 66}), "encode_apng: seconds are 66; they must be in [0, 65]",
                       ValueError);
  CHECK_THROWS_WITH_AS(io::encode_apng(one, {.plays = -1}), "encode_apng: plays is -1; it must be in [0, 2^31)",
                       ValueError);
}

}  // namespace apng_test
