#include "inkling/io/npy.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

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
  CHECK_THROWS_WITH_AS((io::read_npy<float, 1>(path)), (path + ": npy: the rank is 2; 1 is asked for").c_str(),
                       IoError);
}

TEST_CASE("arrays of either byte order, either order of axes and every version, as numpy 2.4 writes them") {
  const auto file = [](std::string header, const io::Bytes& data, std::uint8_t version) {
    header.resize(version == 1 ? 117 : 115, ' ');
    return npy(header + '\n', data, version);
  };
  CHECK(io::decode_npy<float, 2>(file("{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3), }",
                                      {0x3F, 0x80, 0x00, 0x00, 0x40, 0x40, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x00,
                                       0x40, 0x80, 0x00, 0x00, 0x3F, 0x00, 0x00, 0x00, 0x50, 0x15, 0x02, 0xF9},
                                      1)) == Tensor<float, 2>({2, 3}, {1, -2, 0.5f, 3, 4, 1e10f}));
  CHECK(io::decode_npy<std::uint16_t, 3>(file(
            "{'descr': '>u2', 'fortran_order': True, 'shape': (2, 2, 2), }",
            {0x00, 0x00, 0x00, 0x04, 0x00, 0x02, 0x00, 0x06, 0x00, 0x01, 0x00, 0x05, 0x00, 0x03, 0x00, 0x07}, 2)) ==
        Tensor<std::uint16_t, 3>({2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7}));
  CHECK(io::decode_npy<std::uint8_t, 1>(file("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }",
                                             {0x01, 0x00, 0x01}, 1)) == Tensor<std::uint8_t, 1>(Shape{3}, {1, 0, 1}));
  CHECK(io::decode_npy<float, 1>(file("{'descr': '<f2', 'fortran_order': False, 'shape': (5,), }",
                                      {0x00, 0x3C, 0x00, 0xC1, 0xFF, 0x7B, 0x01, 0x00, 0x00, 0x7C}, 1)) ==
        Tensor<float, 1>(Shape{5}, {1, -2.5f, 65504, 0x1p-24f, std::numeric_limits<float>::infinity()}));
  CHECK(io::decode_npy<std::int32_t, 2>(
            file("{'descr': '>i8', 'fortran_order': False, 'shape': (2, 2), }",
                 {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE,
                  0x00, 0x00, 0x00, 0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x00},
                 2)) == Tensor<std::int32_t, 2>({2, 2}, {1, -2, 2147483647, -2147483647 - 1}));
  CHECK(io::decode_npy<std::uint16_t, 0>(file("{'descr': '>u2', 'fortran_order': False, 'shape': (), }", {0x00, 0x07},
                                              3)) == Tensor<std::uint16_t, 0>(7));
  CHECK(io::decode_npy<double, 2>(file("{'descr': '>f8', 'fortran_order': False, 'shape': (0, 5), }", {}, 1)).shape() ==
        Shape{0, 5});
  // Bytes after the array, where numpy.save may have put another, are left alone.
  CHECK(io::decode_npy<std::uint8_t, 1>(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", {5, 6, 7})) ==
        Tensor<std::uint8_t, 1>(Shape{1}, {5}));
}

TEST_CASE("shapes as Python spells integers") {
  const io::Bytes data(12);
  const auto shape_of = [&](std::string_view shape, std::uint8_t version = 1) {
    return npy(text("{'descr': '|u1', 'fortran_order': False, 'shape': ", shape, ", }\n"), data, version);
  };
  for (const char* shape : {"(3L, 4L)", "(3, 4,)", "(+3, 4)", "(0x3, 0b1_00)", "(3 L, 4)", "(3, # rows\n 4)"}) {
    CHECK(io::decode_npy<std::uint8_t, 2>(shape_of(shape)).shape() == Shape{3, 4});
  }
  CHECK(error_of<std::uint8_t, 2>(shape_of("(3L, 4L)", 2)) == "");
  CHECK(error_of<std::uint8_t, 2>(shape_of("(3L, 4L)", 3)) == "npy: the shape must hold integers from 0");
  CHECK(error_of<std::uint8_t, 1>(shape_of("(3)")) == "npy: the shape must be a tuple");
  for (const char* shape : {"(-3, -4)", "(03, 4)", "(3_, 4)", "(3.0, 4)", "(3l, 4)", "(9223372036854775808, 0)",
                            "(3j, 4)", "(0x, 4)", "(3__0, 0)", "(True, 4)", "(,)"}) {
    CHECK(error_of<std::uint8_t, 2>(shape_of(shape)) == "npy: the shape must hold integers from 0");
  }
}

TEST_CASE("elements of another type are read if each is a value of the type asked for") {
  const auto longs = io::encode_npy(Tensor<std::int64_t, 2>({2, 2}, {1, -2, 3, 2147483648}));
  CHECK(error_of<std::int32_t, 2>(longs) == "npy: element (1, 1) of the '<i8' is 2147483648, which no '<i4' is");
  CHECK(io::decode_npy<float, 2>(longs) == Tensor<float, 2>({2, 2}, {1, -2, 3, 2147483648.0f}));
  CHECK(error_of<std::uint64_t, 2>(longs) == "npy: element (0, 1) of the '<i8' is -2, which no '<u8' is");
  CHECK(error_of<float, 1>(io::encode_npy(Tensor<std::int64_t, 1>(Shape{1}, {(1 << 24) + 1}))) ==
        "npy: element (0) of the '<i8' is 16777217, which no '<f4' is");
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(error_of<double, 0>(io::encode_npy(Tensor<std::int64_t, 0>(most))) != "");
  CHECK(io::decode_npy<double, 0>(io::encode_npy(Tensor<std::int64_t, 0>(-most - 1))).item() == -0x1p63);
  CHECK(error_of<float, 0>(io::encode_npy(Tensor<std::uint64_t, 0>(~std::uint64_t{0}))) != "");

  const double inf = std::numeric_limits<double>::infinity();
  const auto doubles = io::encode_npy(Tensor<double, 1>(Shape{5}, {0.5, 0x1p-149, -inf, -0.0, 3.4028234663852886e38}));
  CHECK(io::decode_npy<float, 1>(doubles)(1) == 0x1p-149f);
  CHECK(std::signbit(io::decode_npy<float, 1>(doubles)(3)));
  CHECK(error_of<float, 0>(io::encode_npy(Tensor<double, 0>(0.1))) ==
        "npy: element () of the '<f8' is 0.1, which no '<f4' is");
  CHECK(error_of<float, 0>(io::encode_npy(Tensor<double, 0>(1e300))) != "");
  CHECK(error_of<float, 0>(io::encode_npy(Tensor<double, 0>(0x1p-150))) != "");
  CHECK(std::isnan(io::decode_npy<double, 0>(io::encode_npy(Tensor<float, 0>(std::nanf("")))).item()));
  CHECK(io::decode_npy<std::int8_t, 1>(io::encode_npy(Tensor<float, 1>(Shape{3}, {-128, 0, 127}))) ==
        Tensor<std::int8_t, 1>(Shape{3}, {-128, 0, 127}));
  for (const double bad : {128.0, -129.0, 0.5, inf, static_cast<double>(std::nan(""))}) {
    CHECK(error_of<std::int8_t, 0>(io::encode_npy(Tensor<double, 0>(bad))) != "");
  }
  for (const double bad : {-1.0, 0x1p64}) {
    CHECK(error_of<std::uint64_t, 0>(io::encode_npy(Tensor<double, 0>(bad))) != "");
  }
}

TEST_CASE("what is not asked for or damaged is named") {
  const auto header = [](std::string_view descr, std::string_view order, std::string_view shape) {
    return text("{'descr': '", descr, "', 'fortran_order': ", order, ", 'shape': ", shape, ", }\n");
  };
  const io::Bytes eight(8);
  CHECK(error_of<float, 1>(npy(header("<f4", "False", "(2,)"), eight)) == "");
  CHECK(error_of<float, 1>({}) == "npy: the file does not start with \\x93NUMPY");
  CHECK(error_of<float, 1>(npy(header("<f4", "False", "(2,)"), eight, 4)) ==
        "npy: the version is 4.0; it must be 1.0, 2.0 or 3.0");
  const auto refused = [&](std::string_view descr) {
    return error_of<float, 1>(npy(header(descr, "False", "(2,)"), eight));
  };
  CHECK(
      refused("<c8") ==
      "npy: the elements are '<c8' (complex numbers); booleans, integers and numbers of 16, 32 or 64 bits can be read");
  const std::pair<const char*, const char*> others[] = {
      {"<f16", "extended precision"}, {"|S3", "text"},    {"<U2", "text"},
      {"<M8[s]", "dates or times"},   {"|V4", "records"}, {"|O", "Python objects"},
      {"f4,f4", "unknown"},           {"<f5", "unknown"}, {"", "unknown"}};
  for (const auto& [descr, reason] : others) {
    CHECK(refused(descr).starts_with(text("npy: the elements are '", descr, "' (", reason)));
  }
  CHECK(error_of<float, 1>(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", eight))
            .starts_with("npy: the elements are '[('a', '<f4')]' (records"));
  CHECK(error_of<float, 2>(npy(header("<f4", "False", "(2,)"), eight)) == "npy: the rank is 1; 2 is asked for");
  CHECK(error_of<float, 1>(npy(header("<f4", "False", "(3,)"), eight)) == "npy: the data has 8 bytes; (3) needs 12");
  CHECK(error_of<float, 1>(npy(header("<f4", "False", "(-1,)"), eight)) == "npy: the shape must hold integers from 0");
  CHECK(error_of<float, 1>(npy(header("<f4", "Maybe", "(2,)"), eight)) == "npy: fortran_order must be True or False");
  CHECK(error_of<float, 2>(npy(header("<f4", "False", "(4611686018427387904, 4)"), {})) != "");
  CHECK(error_of<float, 1>(npy("{'descr': '<f4', 'shape': (2,)}", eight)) ==
        "npy: the header lacks descr, fortran_order or shape");
  CHECK(error_of<float, 1>(npy("{'descr': '<f4', 'order': False}", eight)) ==
        "npy: the header has the key 'order' too much");
  const std::string spelled = header("<f4", "False", "(2,)");
  CHECK(error_of<float, 1>(npy(spelled + std::string(10000 - spelled.size(), ' '), eight)) == "");
  CHECK(error_of<float, 1>(npy(spelled + std::string(10001 - spelled.size(), ' '), eight)) ==
        "npy: the header has 10001 characters; the most is 10000");
  const io::Bytes good = io::encode_npy(Tensor<float, 1>(Shape{2}, {1, 2}));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(error_of<float, 1>(io::Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))) != "");
  }
}

}  // namespace npy_test
