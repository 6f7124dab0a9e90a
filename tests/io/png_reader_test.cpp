#include "inkling/io/png_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace png_reader_test {

using namespace ink;

namespace {

std::string why(const io::Bytes& bytes, const io::PngReadOptions& options = {}) {
  try {
    (void)io::decode_png<float>(bytes, options);
  } catch (const ValueError& error) {
    return error.what();
  }
  return "";
}

using Chunk = std::pair<std::string, io::Bytes>;

/// A file of these chunks, with right checksums.
io::Bytes file_of(const std::vector<Chunk>& chunks) {
  io::Bytes out{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  for (const auto& [type, data] : chunks) detail::append_chunk(out, type, data);
  return out;
}

Chunk header(std::uint8_t width, std::uint8_t height, std::uint8_t depth, std::uint8_t color, std::uint8_t lace = 0) {
  return {"IHDR", {0, 0, 0, width, 0, 0, 0, height, depth, color, 0, 0, lace}};
}

Chunk pixels(const io::Bytes& rows) { return {"IDAT", io::zlib_compress(rows)}; }

const Chunk end{"IEND", {}};

}  // namespace

TEST_CASE("read_png: files by ImageMagick and OptiPNG, of every type, depth and order, as ImageMagick reads them") {
  const std::string folder = INKLING_SOURCE_DIR "/tests/golden/data/png";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".png") continue;
    ++files;
    const std::string path = entry.path().string();
    CAPTURE(path);
    const auto expected = io::read_file(entry.path().parent_path() / (entry.path().stem().string() + ".rgba"));
    const auto sample = [&](Index pixel, Index c) {
      const auto at = static_cast<std::size_t>(8 * pixel + 2 * c);
      return (expected[at] + 256 * expected[at + 1]) / 65535.0;
    };
    for (const double background : {0.0, 0.25, 1.0}) {
      const auto image = io::read_png<double>(path, {.low = 0, .high = 1, .channels = 3, .background = background});
      REQUIRE(image.shape() == Shape{9, 11, 3});
      REQUIRE(expected.size() == 9 * 11 * 8);
      double worst = 0, worst_grey = 0;
      const auto grey = io::read_png<float>(path, {.channels = 1, .background = background});
      for (Index i = 0; i < 99; ++i) {
        std::array<double, 3> seen{};
        for (Index c = 0; c < 3; ++c) {
          seen[static_cast<std::size_t>(c)] = sample(i, 3) * sample(i, c) + (1 - sample(i, 3)) * background;
          worst = std::max(worst, std::abs(image.data()[3 * i + c] - seen[static_cast<std::size_t>(c)]));
        }
        const double luma = 0.299 * seen[0] + 0.587 * seen[1] + 0.114 * seen[2];
        worst_grey = std::max(worst_grey, std::abs(static_cast<double>(grey.data()[i]) - (2 * luma - 1)));
      }
      CHECK(worst < 1e-15);
      CHECK(worst_grey < 1e-6);
    }
  }
  CHECK(files == 21);
}

TEST_CASE("read_png: what write_png writes comes back") {
  const std::string path = std::string(INKLING_TEST_TMP) + "/back.png";
  for (const Index channels : {1, 3}) {
    Tensor<std::uint8_t, 3> image({5, 7, channels});
    for (Index i = 0; i < image.size(); ++i) image.mutable_data()[i] = static_cast<std::uint8_t>(i * 37);
    io::write_png(path, image);
    CHECK(io::read_png<std::uint8_t>(path) == image);
    const auto numbers = io::read_png<float>(path);
    CHECK(numbers.shape() == image.shape());
    io::write_png(path, numbers);
    CHECK(io::read_png<std::uint8_t>(path) == image);
  }
  Tensor<std::uint8_t, 3> grey({1, 3, 1}, {0, 100, 255});
  CHECK(io::decode_png<std::uint8_t>(io::encode_png(grey), {.channels = 3}) ==
        Tensor<std::uint8_t, 3>({1, 3, 3}, {0, 0, 0, 100, 100, 100, 255, 255, 255}));
}

TEST_CASE("read_png: 1 pixel a pass and less of interlaced images") {
  for (std::uint8_t side = 1; side <= 9; ++side) {
    // The seven passes, as the specification lists them.
    constexpr int top[] = {0, 0, 4, 0, 2, 0, 1}, left[] = {0, 4, 0, 2, 0, 1, 0};
    constexpr int down[] = {8, 8, 8, 4, 4, 2, 2}, across[] = {8, 8, 4, 4, 2, 2, 1};
    io::Bytes rows;
    for (int p = 0; p < 7; ++p) {
      for (int y = top[p]; y < side; y += down[p]) {
        if (left[p] < side) rows.push_back(0);
        for (int x = left[p]; x < side; x += across[p]) rows.push_back(static_cast<std::uint8_t>(16 * y + x));
      }
    }
    const auto image = io::decode_png<std::uint8_t>(file_of({header(side, side, 8, 0, 1), pixels(rows), end}));
    bool same = image.shape() == Shape<3>{side, side, 1};
    for (Index i = 0; same && i < image.size(); ++i) same = image.data()[i] == 16 * (i / side) + i % side;
    CHECK(same);
  }
}

TEST_CASE("read_png: one value of grey or one colour may stand for transparent, chunks nobody knows are passed over") {
  const io::Bytes grey{0, 7, 8};
  auto image = io::decode_png<std::uint8_t>(
      file_of({header(2, 1, 8, 0), {"tRNS", {0, 7}}, {"niCe", {1}}, pixels(grey), end}), {.background = 1});
  CHECK(image == Tensor<std::uint8_t, 3>({1, 2, 1}, {255, 8}));
  const io::Bytes rgb{0, 1, 2, 3, 1, 2, 4};
  image = io::decode_png<std::uint8_t>(file_of({header(2, 1, 8, 2), {"tRNS", {0, 1, 0, 2, 0, 3}}, pixels(rgb), end}));
  CHECK(image == Tensor<std::uint8_t, 3>({1, 2, 3}, {0, 0, 0, 1, 2, 4}));
  auto parts = pixels(grey);
  Chunk rest{"IDAT", {parts.second.begin() + 3, parts.second.end()}};
  parts.second.resize(3);
  CHECK(io::decode_png<std::uint8_t>(file_of({header(2, 1, 8, 0), parts, {"IDAT", {}}, rest, end})).data()[1] == 8);
}

TEST_CASE("read_png: no flipped bit and no missing end is overlooked") {
  const auto good = file_of({header(3, 2, 8, 0), pixels({0, 1, 2, 3, 0, 4, 5, 6}), end});
  REQUIRE(why(good) == "");
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(why({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}).starts_with("png: "));
  }
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    CHECK(why(bad).starts_with("png: "));
  }
}

TEST_CASE("read_png: what the checksums can't tell is told") {
  const io::Bytes row{0, 1, 2};
  CHECK(why(file_of({header(2, 1, 8, 0), pixels(row), end})) == "");
  CHECK(why(file_of({header(2, 1, 3, 0), pixels(row), end})) == "png: depth 3 does not go with colour type 0");
  CHECK(why(file_of({header(2, 1, 4, 2), pixels(row), end})) == "png: depth 4 does not go with colour type 2");
  CHECK(why(file_of({header(2, 1, 16, 3), pixels(row), end})) == "png: depth 16 does not go with colour type 3");
  CHECK(why(file_of({header(2, 1, 8, 5), pixels(row), end})) == "png: depth 8 does not go with colour type 5");
  CHECK(why(file_of({header(0, 1, 8, 0), pixels(row), end})) == "png: the image is 1 x 0; both must be in [1, 2^31)");
  CHECK(why(file_of({header(2, 1, 8, 0, 2), pixels(row), end})) ==
        "png: the compression, filter or interlace method is unknown");
  CHECK(why(file_of({header(9, 9, 8, 0), pixels(row), end}), {.limit = 80}) ==
        "png: the image is 9 x 9; more than 80 pixels are not read");
  CHECK(why(file_of({pixels(row), end})) == "png: the first chunk, and no other, must be IHDR");
  CHECK(why(file_of({header(2, 1, 8, 0), header(2, 1, 8, 0), end})) ==
        "png: the first chunk, and no other, must be IHDR");
  CHECK(why(file_of({header(2, 1, 8, 0), end})) == "png: there is no IDAT");
  CHECK(why(file_of({header(2, 1, 8, 0), pixels(row)})) == "png: the file is truncated");
  CHECK(why(file_of({header(2, 1, 8, 0), pixels(row), {"tEXt", {}}, pixels(row), end})) ==
        "png: the chunks IDAT do not follow one another");
  CHECK(why(file_of({header(2, 1, 8, 0), {"NeED", {}}, pixels(row), end})) ==
        "png: chunk NeED is unknown and marked as needed");
  CHECK(why(file_of({header(2, 1, 8, 0), pixels({5, 1, 2}), end})) == "png: a row has filter 5; it must be 0 to 4");
  CHECK(why(file_of({header(2, 1, 8, 0), pixels({0, 1}), end})) == "png: there are 2 bytes of pixels; there must be 3");
  CHECK(
      why(file_of({header(2, 1, 8, 0), pixels({0, 1, 2, 3}), end})).starts_with("png: the pixels cannot be unpacked"));
  CHECK(why(file_of({header(2, 1, 8, 3), pixels(row), end})) == "png: there is no PLTE");
  CHECK(why(file_of({header(2, 1, 8, 3), {"PLTE", {1, 2, 3, 4, 5, 6}}, pixels(row), end})) ==
        "png: pixel (0, 1) has colour 2; the palette has 2");
  CHECK(why(file_of({header(2, 1, 8, 3), {"PLTE", {1, 2}}, pixels(row), end})) ==
        "png: PLTE must have 1 to 256 colours of 3 bytes");
  CHECK(why(file_of({header(2, 1, 8, 3), {"PLTE", {1, 2, 3}}, {"tRNS", {1, 2}}, pixels(row), end})) ==
        "png: tRNS has more entries than PLTE");
  CHECK(why(file_of({header(2, 1, 8, 4), {"tRNS", {1, 2}}, pixels(row), end})) ==
        "png: tRNS does not go with an alpha channel");
  CHECK(why({'G', 'I', 'F', '8', '9', 'a', 0, 0, 0}) == "png: the bytes do not begin with the signature of PNG");

  const auto good = file_of({header(2, 1, 8, 0), pixels(row), end});
  CHECK(why(good, {.channels = 2}) == "decode_png: channels is 2; it must be 1 or 3, or 0 for the file's");
  CHECK(why(good, {.background = 1.5}) == "decode_png: background is 1.5; it must be in [0, 1]");
  CHECK(why(good, {.high = std::numeric_limits<double>::infinity()}) ==
        "decode_png: range is [-1, inf]; it must be finite");
  const std::string path = std::string(INKLING_TEST_TMP) + "/no.png";
  io::write_file_atomic(path, row);
  CHECK_THROWS_WITH_AS(io::read_png<float>(path),
                       (path + ": png: the bytes do not begin with the signature of PNG").c_str(), IoError);
}

}  // namespace png_reader_test
