#include "inkling/io/idx.hpp"

#include <cstdint>
#include <string>

#include <doctest/doctest.h>

namespace idx_test {

using namespace ink;

namespace {

const std::string folder = std::string(INKLING_TEST_TMP) + "/";

template <class T, int R>
std::string reason_of(const io::Bytes& bytes) {
  const std::string path = folder + "damaged.idx";
  io::write_file_atomic(path, bytes);
  try {
    io::read_idx<T, R>(path);
  } catch (const IoError& error) {
    CHECK(error.path() == path);
    return error.reason();
  }
  return "";
}

}  // namespace

TEST_CASE("IDX bytes follow the published layout") {
  const Tensor<std::uint8_t, 3> images(Shape{2, 1, 2}, {1, 2, 3, 255});
  CHECK(io::encode_idx(images) == io::Bytes{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 255});
  const Tensor<std::int16_t, 1> shorts(Shape{2}, {1, -2});
  CHECK(io::encode_idx(shorts) == io::Bytes{0, 0, 0x0B, 1, 0, 0, 0, 2, 0, 1, 0xFF, 0xFE});
  const Tensor<float, 1> floats(Shape{1}, {1.0f});
  CHECK(io::encode_idx(floats) == io::Bytes{0, 0, 0x0D, 1, 0, 0, 0, 1, 0x3F, 0x80, 0, 0});
}

TEST_CASE("IDX files round trip, plain and compressed") {
  const Tensor<std::int32_t, 2> table(Shape{2, 3}, {1, -1, 1 << 30, 0, 7, -(1 << 30)});
  const Tensor<double, 1> numbers(Shape{2}, {0.1, -1e300});
  for (const std::string name : {"table.idx", "table.idx.gz"}) {
    io::write_idx(folder + name, table);
    CHECK(io::read_idx<std::int32_t, 2>(folder + name) == table);
    CHECK(io::is_gzip(io::read_file(folder + name)) == name.ends_with(".gz"));
  }
  io::write_idx(folder + "numbers.idx", numbers);
  CHECK(io::read_idx<double, 1>(folder + "numbers.idx") == numbers);
  io::write_idx(folder + "empty.idx", Tensor<float, 2>({0, 3}));
  CHECK(io::read_idx<float, 2>(folder + "empty.idx").shape() == Shape{0, 3});
}

TEST_CASE("the shipped digits are read") {
  const std::string mnist = std::string(INKLING_SOURCE_DIR) + "/examples/data/mnist/t10k-";
  const auto labels = io::read_idx<std::uint8_t, 1>(mnist + "labels-idx1-ubyte.gz");
  REQUIRE(labels.shape() == Shape{1000});
  // The first ten labels of the MNIST test set.
  const int first[] = {7, 2, 1, 0, 4, 1, 4, 9, 5, 9};
  for (Index i = 0; i < 10; ++i) CHECK(int{labels(i)} == first[i]);
  CHECK(io::read_idx<std::uint8_t, 3>(mnist + "images-idx3-ubyte.gz").shape() == Shape{1000, 28, 28});
}

TEST_CASE("everything that can be wrong with an IDX file has its own message") {
  const io::Bytes good{0, 0, 8, 1, 0, 0, 0, 2, 5, 6};
  CHECK(reason_of<std::uint8_t, 1>(good) == "");
  CHECK(reason_of<std::uint8_t, 1>({}) == "idx: the magic number is truncated");
  CHECK(reason_of<std::uint8_t, 1>({1, 0, 8, 1, 0, 0, 0, 0}) ==
        "idx: the magic number does not start with two zero bytes");
  CHECK(reason_of<float, 1>(good) == "idx: the elements are u8; f32 is asked for");
  CHECK(reason_of<std::uint8_t, 1>({0, 0, 10, 1, 0, 0, 0, 0}) ==
        "idx: the elements are unknown (code 10); u8 is asked for");
  CHECK(reason_of<std::uint8_t, 3>(good) == "idx: the rank is 1; 3 is asked for");
  CHECK(reason_of<std::uint8_t, 1>({0, 0, 8, 1, 0, 0}) == "idx: the extents are truncated");
  CHECK(reason_of<std::uint8_t, 1>({0, 0, 8, 1, 0, 0, 0, 3, 5, 6}) ==
        "idx: the data is truncated: (3) needs 3 bytes, 2 are there");
  CHECK(reason_of<std::uint8_t, 1>({0, 0, 8, 1, 0, 0, 0, 1, 5, 6}) == "idx: there are 1 bytes after the data of (1)");
  CHECK(reason_of<std::uint8_t, 2>({0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255}) ==
        "idx: the shape (4294967295, 4294967295) overflows");
  CHECK(reason_of<std::uint8_t, 1>({0x1F, 0x8B, 8, 0}) == "gzip_decompress: the header is truncated");
  CHECK_THROWS_WITH_AS((io::read_idx<float, 1>(folder + "none")), (folder + "none: there is no such file").c_str(),
                       IoError);
}

}  // namespace idx_test
