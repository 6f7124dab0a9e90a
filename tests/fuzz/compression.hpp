// Targets of DEFLATE and its wrappings.
#pragma once

#include "inkling/io/deflate.hpp"
#include "inkling/io/inflate.hpp"
#include "target.hpp"

namespace ink::fuzz {

inline constexpr std::uint64_t unpacked_limit = 1 << 17;

template <class Unpack, class Pack>
void fuzz_unpacking(Input input, const Unpack& unpack, const Pack& pack) {
  std::vector<std::uint8_t> out;
  if (!accepts([&] { out = unpack(input); })) return;
  require(out.size() <= unpacked_limit, "inflate: the limit is exceeded");
  require(unpack(pack(out)) == out, "inflate: what is packed is unpacked as something else");
}

inline void fuzz_inflate(Input input) {
  fuzz_unpacking(input, [](Input in) { return io::inflate(in, unpacked_limit); }, io::deflate);
  fuzz_unpacking(input, [](Input in) { return io::zlib_decompress(in, unpacked_limit); }, io::zlib_compress);
}

inline void fuzz_gzip(Input input) {
  fuzz_unpacking(input, [](Input in) { return io::gzip_decompress(in, unpacked_limit); }, io::gzip_compress);
}

inline void fuzz_deflate(Input input) {
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  const auto packed = io::deflate(input);
  // Stored blocks, of at most 65,535 bytes each, take 5 bytes more.
  require(packed.size() <= input.size() + 5 * (input.size() / 32768 + 1), "deflate: the bytes grow");
  require(io::inflate(packed) == bytes, "deflate: what is packed is unpacked as something else");
  require(io::zlib_decompress(io::zlib_compress(input)) == bytes, "zlib: the same");
  require(io::gzip_decompress(io::gzip_compress(input)) == bytes, "gzip: the same");
}

}  // namespace ink::fuzz
