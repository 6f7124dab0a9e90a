#include "inkling/io/npy.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace npy_test {

using namespace ink;

namespace {

io::Bytes npy(std::string_view header, const io::Bytes& data, std::uint8_t version = 1) {
  io::Bytes out{0x93, 'N', 'U', 'M', 'P', 'Y', version, 0};
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) out.push_back(static_cast<std::uint8_t>(header.size() >> 8 * i));
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

/// As numpy 1.24 pads: to 118 characters, the last of them a newline.
std::string padded(std::string header) {
  header.resize(117, ' ');
  return header + '\n';
}

template <class T, int R>
std::string error_of(const io::Bytes& bytes) {
  try {
    io::decode_npy<T, R>(bytes);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("files equal those of numpy.save, byte for byte") {
  CHECK(io::encode_npy(Tensor<float, 2>({2, 2}, {1, 2, 3, 4.5f})) ==
        npy(padded("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"),
            {0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x90, 0x40}));
  CHECK(io::encode_npy(Tensor<std::int64_t, 0>(7)) ==
        npy(padded("{'descr': '<i8', 'fortran_order': False, 'shape': (), }"), {7, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(io::encode_npy(Tensor<std::uint8_t, 1>(Shape{3}, {1, 2, 255})) ==
        npy(padded("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }"), {1, 2, 255}));
}

TEST_CASE("all versions and spellings of the header are read") {
  const io::Bytes data{0, 0, 0x80, 0x3F, 0, 0, 0, 0x40};
  const Tensor<float, 1> expected(Shape{2}, {1, 2});
  for (const std::uint8_t version : io::Bytes{1, 2, 3}) {
    for (const std::string header : {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n",
                                     "{\"shape\":(2,),\"fortran_order\":True,\"descr\":\"<f4\"}",
                                     "{'shape': (2,), 'descr': '<f4', 'fortran_order': False}   \n"}) {
      CHECK(io::decode_npy<float, 1>(npy(header, data, version)) == expected);
    }
  }
  const std::string path = std::string(INKLING_TEST_TMP) + "/array.npy";
  const Tensor<double, 3> cube({1, 2, 2}, {1, -2, 0.1, 1e300});
  io::write_npy(path, cube);
  CHECK(io::read_npy<double, 3>(path) == cube);
  io::write_npy(path, Tensor<std::int32_t, 2>({0, 5}));
  CHECK(io::read_npy<std::int32_t, 2>(path).shape() == Shape{0, 5});
  CHECK_THROWS_WITH_AS((io::read_npy<float, 2>(path)),
                       (path + ": npy: the elements are '<i4'; '<f4' is asked for").c_str(), IoError);
}

TEST_CASE("what is not asked for or damaged is named") {
  const auto header = [](std::string_view descr, std::string_view order, std::string_view shape) {
    return text("{'descr': '", descr, "', 'fortran_order': ", order, ", 'shape': ", shape, ", }\n");
  };
  const io::Bytes eight(8);
  CHECK(error_of<float, 1>(npy(header("<f4", "False", "(2,)"), eight)) == "");
  CHECK(error_of<float, 1>({}) == "npy: the file does not start with \\x93NUMPY");
  CHECK(error_of<float, 1>(npy(header("<f4", "False", "(2,)"), eight, 4)) ==
        "npy: the version is 4; it must be 1, 2 or 3");
  CHECK(error_of<float, 1>(npy(header(">f4", "False", "(2,)"), eight)) ==
        "npy: the elements are '>f4'; '<f4' is asked for");
  CHECK(error_of<float, 2>(npy(header("<f4", "False", "(2,)"), eight)) == "npy: the rank is 1; 2 is asked for");
  CHECK(error_of<float, 2>(npy(header("<f4", "True", "(2, 1)"), eight)) ==
        "npy: the data is in Fortran order; C order is needed");
  CHECK(error_of<float, 1>(npy(header("<f4", "False", "(3,)"), eight)) == "npy: the data has 8 bytes; (3) needs 12");
  CHECK(error_of<float, 1>(npy(header("<f4", "False", "(1,)"), eight)) == "npy: the data has 8 bytes; (1) needs 4");
  CHECK(error_of<float, 1>(npy(header("<f4", "False", "(-1,)"), eight)) == "npy: the shape must hold integers from 0");
  CHECK(error_of<float, 1>(npy(header("<f4", "Maybe", "(2,)"), eight)) == "npy: fortran_order must be True or False");
  CHECK(error_of<float, 2>(npy(header("<f4", "False", "(4611686018427387904, 4)"), {})) != "");
  CHECK(error_of<float, 1>(npy("{'descr': '<f4', 'shape': (2,)}", eight)) ==
        "npy: the header lacks descr, fortran_order or shape");
  CHECK(error_of<float, 1>(npy("{'descr': '<f4', 'descr': '<f4'}", eight)) ==
        "npy: the header has the key 'descr' too much");
  const io::Bytes good = io::encode_npy(Tensor<float, 1>(Shape{2}, {1, 2}));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(error_of<float, 1>(io::Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))) != "");
  }
}

}  // namespace npy_test
