// The inputs that fuzzing begins with, a folder for each target, as the library's own writers and by hand. Those
// without a checksum let mutations through.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "inkling/io/png.hpp"
#include "training.hpp"

namespace ink::fuzz {

class SeedWriter {
 public:
  explicit SeedWriter(std::string root) : root_(std::move(root)) {
    formats();
    compression();
    training();
  }

 private:
  void put(std::string_view target, std::string_view name, Input bytes) {
    const std::string folder = text(root_, "/", target);
    std::filesystem::create_directories(folder);
    io::write_file_atomic(text(folder, "/", name), bytes);
  }

  void put(std::string_view target, std::string_view name, std::string_view content) {
    put(target, name, Input(reinterpret_cast<const std::uint8_t*>(content.data()), content.size()));
  }

  static std::string npy(std::string_view descr, std::string_view order, std::string_view shape, std::string_view data,
                         char version) {
    const std::string header = text("{'descr': ", descr, ", 'fortran_order': ", order, ", 'shape': ", shape, ", }\n");
    std::string out = text("\x93NUMPY", version, '\0', static_cast<char>(header.size()), '\0');
    if (version > 1) out.append(2, '\0');
    return text(out, header, data);
  }

  static std::string safetensors(std::string_view json, std::size_t data) {
    std::string out(1, static_cast<char>(json.size()));
    out.append(7, '\0');
    return text(out, json, std::string(data, '\1'));
  }

  void formats() {
    put("json", "values", R"( {"a" : [1, -2, 0], "b":{"c":"x\u00e9\ud83d\ude00\n"}, "e":[], "f":{} })");
    put("json", "limits", "[9223372036854775807,-9223372036854775808,\"\xF0\x9F\x98\x80\"]");
    put("json", "nested", std::string(33, '[') + std::string(33, ']'));
    put("json", "header", R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})");

    put("npy", "float", io::encode_npy(Tensor<float, 2>({2, 2}, {1, -2, 0.5f, 4})));
    put("npy", "scalar", io::encode_npy(Tensor<std::int64_t, 0>(7)));
    put("npy", "empty", io::encode_npy(Tensor<double, 3>({0, 2, 1})));
    put("npy", "fortran", npy("'>i4'", "True", "(1, 2)", "\1\2\3\4\5\6\7\1", 2));
    put("npy", "half", npy("'<f2'", "False", "(2,)", "\1\2\3\4", 3));
    put("npy", "boolean", npy("'|b1'", "False", "(2L,)", "\1\1", 1));
    put("npy", "spelled", npy("\"<u8\"", "False", "(+0x1, 0b1, 1_0)", std::string(80, '\2'), 1));

    put("idx", "labels", io::encode_idx(Tensor<std::uint8_t, 1>(Shape{3}, {1, 2, 3})));
    put("idx", "images", io::encode_idx(Tensor<std::uint8_t, 3>({1, 2, 2}, {1, 2, 3, 4})));
    put("idx", "words", io::encode_idx(Tensor<std::int16_t, 2>({2, 1}, {1, -2})));
    put("idx", "doubles", io::encode_idx(Tensor<double, 1>(Shape{1}, {0.5})));
    put("idx", "packed", io::gzip_compress(io::encode_idx(Tensor<std::uint8_t, 3>({2, 4, 4}, 7))));

    put("png", "grey", std::string_view("\x05\x03\x00\x04seed42", 10));
    put("png", "colour",
        std::string_view("\x1F\x0F\x01\x05"
                         "Title\xC3\xA9",
                         11));

    put("png_reader", "file", io::encode_png(Tensor<std::uint8_t, 3>({2, 3, 1}, {0, 50, 100, 150, 200, 250})));
    put("png_reader", "rows", Input(io::Bytes{0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 4, 5, 6}));
    put("png_reader", "palette",
        Input(io::Bytes{0, 0, 0, 2, 0, 0, 0, 2, 2, 3, 0, 0, 1, 130, 9, 8, 7, 6, 5, 4, 0, 0x40, 0, 0x40, 2, 0x10}));

    io::SafeTensors file;
    file.add("b", Tensor<float, 1>(Shape{2}, {1, 2}));
    file.add("a.w", Tensor<std::uint8_t, 2>({1, 3}, 5));
    file.set_metadata("k", "v");
    put("safetensors", "two", file.encode());
    put("safetensors", "plain", file.encode({.checksum = false}));
    put("safetensors", "half", safetensors(R"({"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}})", 2));
    put("safetensors", "brain",
        safetensors(R"({"h":{"shape":[2,1],"dtype":"BF16","data_offsets":[0,4]},"__metadata__":{"b":"","a":"x"}})", 4));
    put("safetensors", "scalar", safetensors(R"({"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})", 8));
    put("safetensors", "none", safetensors("{}  ", 0));
  }

  void compression() {
    const std::string repeated = "a thin seven, a thin seven, a thin seven leaning left";
    std::string varied;
    for (int i = 0; i < 400; ++i) varied += static_cast<char>('a' + i * i % 7 * (i % 3));
    const auto bytes = [](std::string_view s) {
      return Input(reinterpret_cast<const std::uint8_t*>(s.data()), s.size());
    };
    put("inflate", "stored",
        std::string_view("\1\3\0\xFC\xFF"
                         "abc",
                         8));
    put("inflate", "fixed", io::deflate(bytes(repeated)));
    put("inflate", "dynamic", io::deflate(bytes(varied)));
    put("inflate", "zlib", io::zlib_compress(bytes(repeated)));
    auto two = io::gzip_compress(bytes("one"));
    put("gzip", "one", two);
    const auto more = io::gzip_compress(bytes(varied));
    two.insert(two.end(), more.begin(), more.end());
    put("gzip", "two", two);
    put("gzip", "named",
        std::string_view("\x1F\x8B\x08\x1C\0\0\0\0\0\3\4\0ABCDname\0comment\0\1\0\0\xFF\xFF\0\0\0\0\0\0\0\0", 41));
    put("deflate", "text", repeated);
    put("deflate", "varied", varied);
    put("deflate", "zeros", std::string(300, '\0'));
  }

  void training() {
    Slope model;
    Ema ema{model};
    AdamW optimizer{model};
    const std::string path = root_ + "/saved";
    save_checkpoint(path, model, ema, optimizer, {.step = 3, .key = Key{5}, .seconds = 1.5, .settings = {{"lr", "1"}}});
    put("checkpoint", "saved", io::read_file(path));
    auto file = io::SafeTensors::load(path);
    file.set_metadata("version", "1");
    put("checkpoint", "version_1", file.encode({.checksum = false}));
    save_model(path, model, {{"width", "2"}});
    put("model_file", "saved", io::read_file(path));
    put("model_file", "plain", io::SafeTensors::load(path).encode({.checksum = false}));
    std::filesystem::remove(path);
    put("model_file", "half",
        safetensors(R"({"weight":{"dtype":"F16","shape":[3,2],"data_offsets":[0,12]},)"
                    R"("bias":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})",
                    20));
    const std::string header = "step,seconds,loss,lr,grad_norm\n";
    put("train_log", "lines", "\2" + header + "1,0.5,2.5,1e-5,4\n2,1,2.25,1e-4,3.5\n3,1.5,2,1e-4,3\n");
    put("train_log", "torn", "\1" + header + "1,0.5,2.5,1e-5,4\n2,1,2.2");
    put("train_log", "fresh", std::string(1, '\0') + header);
    put("train_log", "another", "\1name,age\nx,1\n");
    put("captions", "words", "a thin seven leaning left\nBOLD  3\n\tzero\n\nan upright 8");
    put("captions", "tokens", std::string_view("\1\0\0\0\2\0\0\0\xFF\xFF\xFF\xFF\3\0\0\0\4\0\0\0\5\0\0\0", 24));
  }

  std::string root_;
};

}  // namespace ink::fuzz
