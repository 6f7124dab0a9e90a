#include "inkling/io/safetensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace safetensors_test {

using namespace ink;
using io::SafeTensors;

namespace {

const std::string path = std::string(INKLING_TEST_TMP) + "/file.safetensors";

io::Bytes file_of(std::string_view header, const io::Bytes& data = {}, std::int64_t length = -1) {
  const auto n = length < 0 ? header.size() : static_cast<std::uint64_t>(length);
  io::Bytes out;
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::uint8_t>(n >> shift));
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

io::Bytes floats(const std::vector<float>& values) {
  io::Bytes out(values.size() * 4);
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

std::string error_of(std::string_view header, std::size_t data = 0, std::int64_t length = -1) {
  try {
    SafeTensors::decode(file_of(header, io::Bytes(data), length));
  } catch (const ValueError& error) {
    return error.what();
  }
  return "";
}

constexpr io::SafeTensorsOptions plain{.checksum = false};

io::Bytes flipped(io::Bytes bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1 << bit % 8);
  return bytes;
}

template <class F>
std::string what_of(F f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("files equal those of the reference writer, byte for byte") {
  // The expected files of the reference implementation's own tests (serialization, empty, forced alignment).
  SafeTensors even;
  even.add("attn.0", Tensor<float, 3>({1, 2, 3}, {0, 1, 2, 3, 4, 5}));
  CHECK(even.encode(plain) ==
        file_of(R"({"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}})", floats({0, 1, 2, 3, 4, 5})));
  SafeTensors padded;
  padded.add("attn0", Tensor<float, 4>({1, 1, 2, 3}, {0, 1, 2, 3, 4, 5}));
  CHECK(padded.encode(plain) == file_of(R"({"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       )",
                                        floats({0, 1, 2, 3, 4, 5})));
  SafeTensors empty;
  CHECK(empty.encode(plain) == io::Bytes{8, 0, 0, 0, 0, 0, 0, 0, '{', '}', ' ', ' ', ' ', ' ', ' ', ' '});
  empty.set_metadata("framework", "pt");
  CHECK(empty.encode(plain) == file_of(R"({"__metadata__":{"framework":"pt"}}     )"));
}

TEST_CASE("entries are sorted by descending dtype, then by name") {
  SafeTensors file;
  file.add("b", Tensor<float, 1>(Shape{1}, {2}));
  file.add("z", Tensor<double, 0>(1.0));
  file.add("a", Tensor<float, 1>(Shape{1}, {1}));
  file.add("u", Tensor<std::uint8_t, 1>(Shape{1}, {9}));
  file.add("s", Tensor<std::int64_t, 1>(Shape{0}));
  const io::Bytes bytes = file.encode(plain);
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + 8, bytes[0] + 256u * bytes[1]);
  CHECK(
      header.substr(0, header.find_last_not_of(' ') + 1) ==
      R"({"s":{"dtype":"I64","shape":[0],"data_offsets":[0,0]},"z":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},)"
      R"("u":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}})");
  CHECK(header.size() % 8 == 0);
}

TEST_CASE("every type, rank 0, empty tensors and metadata round trip through a file") {
  SafeTensors out;
  const Tensor<float, 2> f32({2, 2}, {1.5f, -0.0f, 1e-40f, std::numeric_limits<float>::infinity()});
  const Tensor<double, 0> f64(0.1);
  const Tensor<std::int32_t, 1> i32(Shape{2}, {-1, std::numeric_limits<std::int32_t>::min()});
  const Tensor<std::uint64_t, 1> u64(Shape{1}, {~std::uint64_t{0}});
  const Tensor<std::int64_t, 1> i64(Shape{1}, {std::numeric_limits<std::int64_t>::min()});
  const Tensor<std::uint8_t, 3> u8({2, 0, 3});
  out.add("f32", f32);
  out.add("f64", f64);
  out.add("i32", i32);
  out.add("u64", u64);
  out.add("i64", i64);
  out.add("u8", u8);
  out.add("\xC3\xA9 \"quoted\"\n", i32);
  out.set_metadata("seed", "41");
  out.set_metadata("note", "a \"b\" \\ \xE2\x82\xAC");
  out.set_metadata("seed", "42");
  out.save(path);
  const SafeTensors in = SafeTensors::load(path);
  CHECK(in.names() == out.names());
  CHECK(in.get<float, 2>("f32") == f32);
  CHECK(std::signbit(in.get<float, 2>("f32")(0, 1)));
  CHECK(in.get<double, 0>("f64") == f64);
  CHECK(in.get<std::int32_t, 1>("i32", {2}) == i32);
  CHECK(in.get<std::uint64_t, 1>("u64") == u64);
  CHECK(in.get<std::int64_t, 1>("i64") == i64);
  CHECK(in.get<std::uint8_t, 3>("u8").shape() == Shape{2, 0, 3});
  CHECK(in.get<std::int32_t, 1>("\xC3\xA9 \"quoted\"\n") == i32);
  CHECK(in.get<double, 2>("f32")(0, 0) == 1.5);
  CHECK(in.metadata() == out.metadata());
  REQUIRE(in.metadata("seed"));
  CHECK(*in.metadata("seed") == "42");
  CHECK(in.metadata("none") == nullptr);
  CHECK(in.encode() == out.encode());
  CHECK(in.contains("f32"));
  CHECK_FALSE(in.contains("f3"));
}

TEST_CASE("a tensor that changes after it was added does not change the file") {
  Tensor<float, 1> w(Shape{2}, {1, 2});
  SafeTensors file;
  file.add("w", w);
  w(0) = 5;
  CHECK(file.get<float, 1>("w") == Tensor<float, 1>(Shape{2}, {1, 2}));
}

TEST_CASE("half precision is widened exactly") {
  // F16 bit patterns: 1, -2, 65504, 2^-14, 2^-24, -0, inf, 1/3 rounded. BF16: 1, -2, 3.140625.
  const io::Bytes data{0x00, 0x3C, 0x00, 0xC0, 0xFF, 0x7B, 0x00, 0x04, 0x01, 0x00, 0x00,
                       0x80, 0x00, 0x7C, 0x55, 0x35, 0x80, 0x3F, 0x00, 0xC0, 0x49, 0x40};
  const SafeTensors file = SafeTensors::decode(
      file_of(R"({"h":{"dtype":"F16","shape":[8],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[3],)"
              R"("data_offsets":[16,22]}})",
              data));
  const auto h = file.get<float, 1>("h");
  CHECK(h == Tensor<float, 1>(Shape{8}, {1, -2, 65504, 0x1p-14f, 0x1p-24f, 0, std::numeric_limits<float>::infinity(),
                                         0.333251953125f}));
  CHECK(std::signbit(h(5)));
  CHECK(file.get<double, 1>("b") == Tensor<double, 1>(Shape{3}, {1, -2, 3.140625}));
  CHECK(what_of([&] { file.get<std::int16_t, 1>("h"); }) == "safetensors: \"h\" has dtype F16; I16 is needed");
}

TEST_CASE("unaligned data, any order of entries and unknown fields are read") {
  const SafeTensors file = SafeTensors::decode(
      file_of(R"({"b":{"data_offsets":[4,8],"x":1,"shape":[1],"dtype":"F32"},"a":{"dtype":"F32","shape":[],)"
              R"("data_offsets":[0,4]}})"
              "   ",
              floats({1, 2})));
  CHECK(file.get<float, 0>("a").item() == 1);
  CHECK(file.get<float, 1>("b")(0) == 2);
}

TEST_CASE("wrong requests are explained") {
  SafeTensors out;
  out.add("encoder.weight", Tensor<float, 2>({2, 3}));
  out.add("encoder.bias", Tensor<float, 1>(Shape{3}));
  out.add("decoder.weight", Tensor<float, 2>({3, 2}));
  out.add("step", Tensor<std::int64_t, 0>(7));
  CHECK(what_of([&] { out.get<float, 2>("encoder.weights"); }) ==
        "safetensors: there is no tensor \"encoder.weights\"; the nearest names are \"encoder.weight\", "
        "\"decoder.weight\", \"encoder.bias\"");
  CHECK(what_of([&] { SafeTensors{}.get<float, 2>("w"); }) == "safetensors: there is no tensor \"w\"; there are none");
  CHECK(what_of([&] { out.get<float, 1>("encoder.weight"); }) ==
        "safetensors: \"encoder.weight\" is (2, 3); its rank must be 1");
  CHECK(what_of([&] { out.get<float, 2>("encoder.weight", {3, 2}); }) ==
        "safetensors: \"encoder.weight\" is (2, 3); it must be (3, 2)");
  CHECK(what_of([&] { out.get<float, 0>("step"); }) == "safetensors: \"step\" has dtype I64; F32 is needed");
  CHECK(what_of([&] { out.add("step", Tensor<float, 0>()); }) ==
        "safetensors: name \"step\" is added twice; names must differ");
  CHECK(what_of([&] { out.add("__metadata__", Tensor<float, 0>()); }) != "");
  CHECK(what_of([&] { out.add("\xFF", Tensor<float, 0>()); }) != "");
  out.save(path);
  CHECK(what_of([&] { SafeTensors::load(path).get<float, 0>("step"); }) ==
        "safetensors: " + path + ": \"step\" has dtype I64; F32 is needed");
  CHECK_THROWS_AS(SafeTensors::load(path + ".none"), IoError);
}

TEST_CASE("every damage of a file is named") {
  CHECK(what_of([] { SafeTensors::decode({1, 2, 3}); }) ==
        "safetensors: the file is shorter than the 8 bytes of the header's length");
  CHECK(error_of("{}", 0, 100000001) == "safetensors: the header has 100000001 bytes; the most is 100000000");
  CHECK(error_of("{}", 0, 3) == "safetensors: the header has 3 bytes, 2 are there");
  CHECK(error_of(" {}") == "safetensors: the header does not start with {");
  CHECK(error_of("") == "safetensors: the header does not start with {");
  CHECK(error_of("{\"a\":").substr(0, 5) == "json:");
  CHECK(error_of("{}", 1) == "safetensors: the data has 1 bytes; the tensors fill 0");
  const auto entry = [](std::string_view dtype, std::string_view shape, std::string_view offsets) {
    return text("{\"a\":{\"dtype\":", dtype, ",\"shape\":", shape, ",\"data_offsets\":", offsets, "}}");
  };
  CHECK(error_of(entry("\"F32\"", "[2]", "[0,8]"), 8) == "");
  CHECK(error_of("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}") ==
        "safetensors: \"a\": dtype, shape and data_offsets are needed");
  CHECK(error_of("{\"a\":[]}") == "safetensors: \"a\": dtype, shape and data_offsets are needed");
  CHECK(error_of(entry("32", "[2]", "[0,8]"), 8) == "safetensors: \"a\": dtype must be a string");
  CHECK(error_of(entry("\"F31\"", "[2]", "[0,8]"), 8) == "safetensors: \"a\": dtype \"F31\" is unknown");
  CHECK(error_of(entry("\"F32\"", "[-2]", "[0,8]"), 8) ==
        "safetensors: \"a\": shape must be a list of integers from 0");
  CHECK(error_of(entry("\"F32\"", "{}", "[0,8]"), 8) == "safetensors: \"a\": shape must be a list of integers from 0");
  CHECK(error_of(entry("\"F32\"", "[2]", "[0,8,9]"), 8) ==
        "safetensors: \"a\": data_offsets must be two integers from 0");
  CHECK(error_of(entry("\"F32\"", "[2]", "[8,0]"), 8) == "safetensors: \"a\": data_offsets must not decrease");
  CHECK(error_of(entry("\"F32\"", "[3]", "[0,8]"), 8) ==
        "safetensors: \"a\": data_offsets span 8 bytes; F32 of shape (3) needs 12");
  CHECK(error_of(entry("\"F32\"", "[2]", "[0,8]"), 7) == "safetensors: \"a\": the data ends at 8; there are 7 bytes");
  CHECK(error_of(entry("\"F32\"", "[2]", "[4,12]"), 12) ==
        "safetensors: the data of \"a\" begins at 4, the data before it ends at 0; there must be no holes");
  CHECK(error_of(entry("\"F32\"", "[2]", "[0,8]"), 9) == "safetensors: the data has 9 bytes; the tensors fill 8");
  // 2^31 * 2^31 * 2 elements of 4 bytes are 2^65 bytes, which wrap to 0.
  CHECK(error_of(entry("\"F32\"", "[2147483648,2147483648,2]", "[0,0]")) ==
        "safetensors: \"a\": the size of the shape overflows");
  CHECK(error_of(entry("\"U8\"", "[0,9223372036854775807]", "[0,0]")) == "");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[3],)"
                 R"("data_offsets":[3,6]}})",
                 6) ==
        "safetensors: the data of \"b\" begins at 3, the data before it ends at 4; there must be no overlaps");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],)"
                 R"("data_offsets":[0,0]}})")
            .find("the key \"a\" occurs twice") != std::string::npos);
  CHECK(error_of(R"({"__metadata__":{"a":1}})") == "safetensors: metadata \"a\" must be a string");
  CHECK(error_of(R"({"__metadata__":[]})") == "safetensors: __metadata__ must be an object");

  io::write_file_atomic(path, file_of("{}", {1}));
  CHECK(what_of([] { SafeTensors::load(path); }) == path + ": safetensors: the data has 1 bytes; the tensors fill 0");
}

TEST_CASE("no truncation or bit flip crashes") {
  SafeTensors file;
  file.add("w", Tensor<float, 2>({2, 3}, {1, 2, 3, 4, 5, 6}));
  file.add("n", Tensor<std::int64_t, 0>(3));
  file.set_metadata("k", "v");
  const io::Bytes good = file.encode(plain);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const io::Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(what_of([&] { SafeTensors::decode(cut); }) != "");
  }
  int survived = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    survived += what_of([&] { SafeTensors::decode(flipped(good, bit)); }) == "";
  }
  CHECK(survived >= 32 * 8);  // the data itself is not checked without a checksum
  CHECK(survived < static_cast<int>(good.size()) * 8 / 2 + 32 * 8);
}

TEST_CASE("with a checksum, every truncation and every flipped bit is refused, wherever it is") {
  SafeTensors file;
  file.add("w", Tensor<float, 2>({2, 3}, {1, 2, 3, 4, 5, 6}));
  file.add("n", Tensor<std::int64_t, 0>(3));
  file.set_metadata("format", "some");
  file.set_metadata("k", "\"inkling.checksum\":\"crc32:12345678\"");
  const io::Bytes good = file.encode();
  CHECK(SafeTensors::decode(good).had_checksum());
  CHECK(SafeTensors::decode(good).metadata() == file.metadata());
  CHECK_FALSE(SafeTensors::decode(file.encode(plain)).had_checksum());
  for (std::size_t size = 0; size < good.size(); ++size) {
    const io::Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(what_of([&] { SafeTensors::decode(cut); }) != "");
  }
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    const auto why = what_of([&] { SafeTensors::decode(flipped(good, bit)); });
    CHECK_MESSAGE(why != "", "bit ", bit, " of ", good.size() * 8);
  }
  CHECK(what_of([&] {
    SafeTensors::decode(flipped(good, good.size() * 8 - 1));
  }).starts_with("safetensors: the file is damaged: its checksum is crc32:"));
}

TEST_CASE("the checksum is the CRC-32 of the file with zeros for its digits") {
  SafeTensors file;
  file.add("w", Tensor<float, 1>(Shape{3}, {1, 2, 3}));
  const std::string before = R"({"__metadata__":{"inkling.checksum":"crc32:)";
  const std::string after = R"("},"w":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}    )";
  // python3 -c 'import zlib, struct; h = b"{...crc32:00000000...}    "; print("%08x" % zlib.crc32(
  //   struct.pack("<Q", len(h)) + h + struct.pack("<3f", 1, 2, 3)))'
  CHECK(file.encode() == file_of(before + "4064210a" + after, floats({1, 2, 3})));
}

TEST_CASE("the checksum of long data is the same by any number of threads") {
  io::Bytes bytes(3 << 19);
  std::uint32_t random = 1;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>((random = random * 1664525u + 1013904223u) >> 24);
  const std::span<const std::uint8_t> all(bytes);
  const int before = thread_count();
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    for (const int size : {1 << 20, (1 << 20) + 1, (5 << 18) - 1, 3 << 19}) {
      const auto part = all.first(static_cast<std::size_t>(size));
      CHECK(detail::crc32_by_threads(part, 0x12345678u) == io::crc32(part, 0x12345678u));
    }
  }
  set_thread_count(before);
}

TEST_CASE("metadata of other writers that look a little like the checksum are theirs") {
  for (const char* item : {R"("checksum":"crc32:12345678")", R"("inkling.checksum2":"crc32:12345678")",
                           R"("inkling.checkxxx":"crc32:12345678")", R"("inkling.checksun":"sha1:012345678")"}) {
    const auto file = SafeTensors::decode(file_of(text(R"({"__metadata__":{)", item, "}}")));
    CHECK(file.metadata().size() == 1);
    CHECK_FALSE(file.had_checksum());
  }
  SafeTensors file;
  CHECK(what_of([&] { file.set_metadata("inkling.checksum", "crc32:00000000"); }) ==
        "safetensors: metadata inkling.checksum is written by save; it must not be set");
}

TEST_CASE("a file that is something else is called what it is") {
  const auto refusal = [](std::string_view start) {
    io::Bytes bytes(start.begin(), start.end());
    bytes.resize(std::max<std::size_t>(bytes.size(), 200), '\n');
    return what_of([&] { SafeTensors::decode(bytes); });
  };
  const std::string not_but = "safetensors: not a safetensors file but ";
  CHECK(refusal("\x89PNG\r\n\x1A\n") == not_but + "a PNG image");
  CHECK(refusal("PK\3\4") == not_but + "a zip archive, such as PyTorch's .pt and .pth or numpy's .npz");
  CHECK(refusal("\x80\2}q") == not_but + "a Python pickle, such as PyTorch's older .pt and .pth");
  CHECK(refusal("\x80\4\x95") == not_but + "a Python pickle");
  CHECK(refusal("\x93NUMPY\1") == not_but + "a numpy array (.npy)");
  CHECK(refusal("\x89HDF\r\n\x1A\n") == not_but + "an HDF5 file, such as Keras's .h5");
  CHECK(refusal("GGUF\3") == not_but + "a GGUF file");
  CHECK(refusal("\x1F\x8B\x08") == not_but + "a gzip archive");
  CHECK(refusal("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\n") ==
        not_but + "a Git LFS pointer (`git lfs pull` fetches the file itself)");
  CHECK(refusal("<!DOCTYPE html><html>") == not_but + "a web page");
  CHECK(refusal("step,seconds,loss\n1,2,3\n") == not_but + "text");
  CHECK(refusal("{\"weights\": [1, 2, 3]}") == not_but + "text");
  CHECK(what_of([] { SafeTensors::decode({}); }) == not_but + "empty");
  CHECK(what_of([] { SafeTensors::decode(io::Bytes(100, 0xEE)); }) ==
        "safetensors: the header has 17216961135462248174 bytes; the most is 100000000");
}

}  // namespace safetensors_test
