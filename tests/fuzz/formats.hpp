// Targets of the array and text formats of io/.
#pragma once

#include <cstring>
#include <string>

#include "inkling/io/idx.hpp"
#include "inkling/io/json.hpp"
#include "inkling/io/npy.hpp"
#include "inkling/io/safetensors.hpp"
#include "target.hpp"

namespace ink::fuzz {

/// The text of a value without needless spaces, every string escaped in one way.
inline void write_json(const io::Json& json, std::string& out) {
  using Kind = io::Json::Kind;
  if (json.is(Kind::integer)) {
    out += text(json.integer());
  } else if (json.is(Kind::string)) {
    out += io::json_quote(json.string());
  } else if (json.is(Kind::array)) {
    char separator = '[';
    for (const io::Json& item : json.items()) {
      out += separator;
      write_json(item, out);
      separator = ',';
    }
    out += separator == '[' ? "[]" : "]";
  } else {
    char separator = '{';
    for (const auto& [key, value] : json.members()) {
      out += separator + io::json_quote(key) + ':';
      write_json(value, out);
      separator = ',';
      require(json.find(key).has_value(), "json: a member is not found");
    }
    out += separator == '{' ? "{}" : "}";
  }
}

inline void fuzz_json(Input input) {
  std::string first, second;
  if (!accepts([&] { write_json(io::parse_json(text_of(input)), first); })) return;
  require(accepts([&] { write_json(io::parse_json(first), second); }), "json: what was written is refused");
  require(first == second, "json: what was written is read as something else");
}

/// Equal bits, so that NaN equals itself.
template <class T, int R>
bool same_bits(const Tensor<T, R>& a, const Tensor<T, R>& b) {
  if (a.shape() != b.shape()) return false;
  return a.empty() || std::memcmp(a.data(), b.data(), a.values().size_bytes()) == 0;
}

template <class T, int R>
void fuzz_npy_as(Input input) {
  Tensor<T, R> array;
  if (!accepts([&] { array = io::decode_npy<T, R>(input); })) return;
  const auto again = io::decode_npy<T, R>(io::encode_npy(array));
  require(same_bits(array, again), "npy: an array does not survive writing");
}

inline void fuzz_npy(Input input) {
  fuzz_npy_as<std::uint8_t, 1>(input);
  fuzz_npy_as<std::int16_t, 2>(input);
  fuzz_npy_as<std::int32_t, 1>(input);
  fuzz_npy_as<std::uint64_t, 3>(input);
  fuzz_npy_as<float, 0>(input);
  fuzz_npy_as<float, 2>(input);
  fuzz_npy_as<double, 1>(input);
  fuzz_npy_as<double, 3>(input);
}

template <class T, int R>
void fuzz_idx_as(Input input) {
  io::Bytes bytes;
  const bool read = accepts([&] {
    const bool packed = io::is_gzip(input);
    const auto unpacked = packed ? io::gzip_decompress(input, 1 << 17) : io::Bytes(input.begin(), input.end());
    bytes = io::encode_idx(io::decode_idx<T, R>(unpacked));
    require(bytes == unpacked, "idx: an array is written in other bytes");
  });
  if (read) require(bytes == io::encode_idx(io::decode_idx<T, R>(bytes)), "idx: an array does not survive writing");
}

inline void fuzz_idx(Input input) {
  fuzz_idx_as<std::uint8_t, 1>(input);
  fuzz_idx_as<std::uint8_t, 3>(input);
  fuzz_idx_as<std::int16_t, 2>(input);
  fuzz_idx_as<double, 1>(input);
}

inline void fuzz_safetensors(Input input) {
  io::SafeTensors file;
  if (!accepts([&] { file = io::SafeTensors::decode(io::Bytes(input.begin(), input.end())); })) return;
  io::Bytes bytes;
  if (!accepts([&] { bytes = file.encode(); })) return;
  const auto again = io::SafeTensors::decode(bytes);
  require(again.names() == file.names(), "safetensors: names do not survive writing");
  require(again.metadata().size() >= file.metadata().size(), "safetensors: metadata are lost");
  for (const auto& [key, value] : file.metadata()) {
    const std::string* kept = again.metadata(key);
    require(kept != nullptr, "safetensors: a key of the metadata is lost");
  }
  for (const auto& entry : file.entries()) {
    const auto& kept = again.entry(entry.name);
    require(kept.dtype == entry.dtype && kept.shape == entry.shape, "safetensors: an entry changes");
    require(std::equal(kept.bytes.begin(), kept.bytes.end(), entry.bytes.begin(), entry.bytes.end()),
            "safetensors: elements change");
    accepts([&] { file.get<float, 1>(entry.name); });
    accepts([&] { file.get<double, 2>(entry.name, {2, 2}); });
    accepts([&] { file.get<std::int64_t, 0>(entry.name); });
  }
  accepts([&] { file.entry("no such name"); });
}

}  // namespace ink::fuzz
