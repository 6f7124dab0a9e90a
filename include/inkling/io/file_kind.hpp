// file_kind: what a file is that is not what was expected, by its first bytes.
//
// A message that says "a zip archive, such as PyTorch's .pt" helps more than one about a header of 7 exabytes.
//
// Example:
//     std::vector<std::uint8_t> bytes{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
//     std::string kind = detail::file_kind(bytes);         // "a PNG image"
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ink::detail {

/// Empty if it is none of those known.
inline std::string file_kind(std::span<const std::uint8_t> bytes) {
  using namespace std::string_view_literals;
  struct Kind {
    std::string_view magic, name;
  };
  static constexpr Kind kinds[] = {
      {"PK\3\4"sv, "a zip archive, such as PyTorch's .pt and .pth or numpy's .npz"},
      {"\x80\2"sv, "a Python pickle, such as PyTorch's older .pt and .pth"},
      {"\x80\3"sv, "a Python pickle"},
      {"\x80\4"sv, "a Python pickle"},
      {"\x80\5"sv, "a Python pickle"},
      {"\x93NUMPY"sv, "a numpy array (.npy)"},
      {"\x89HDF\r\n\x1A\n"sv, "an HDF5 file, such as Keras's .h5"},
      {"GGUF"sv, "a GGUF file"},
      {"ggml"sv, "a GGML file"},
      {"lmgg"sv, "a GGML file"},
      {"tjgg"sv, "a GGML file"},
      {"\x1F\x8B"sv, "a gzip archive"},
      {"BZh"sv, "a bzip2 archive"},
      {"\xFD"
       "7zXZ"sv,
       "an xz archive"},
      {"\x28\xB5\x2F\xFD"sv, "a zstd archive"},
      {"\x89PNG\r\n\x1A\n"sv, "a PNG image"},
      {"\xFF\xD8\xFF"sv, "a JPEG image"},
      {"GIF8"sv, "a GIF image"},
      {"%PDF"sv, "a PDF document"},
      {"\x7F"
       "ELF"sv,
       "a program"},
      {"\0\0\x08\3"sv, "an IDX file of images"},
      {"\0\0\x08\1"sv, "an IDX file of labels"},
      {"version https://git-lfs"sv, "a Git LFS pointer (`git lfs pull` fetches the file itself)"},
      {"<!DOCTYPE"sv, "a web page"},
      {"<!doctype"sv, "a web page"},
      {"<html"sv, "a web page"},
  };
  if (bytes.empty()) return "empty";
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), std::min<std::size_t>(bytes.size(), 64));
  for (const Kind& kind : kinds) {
    if (start.starts_with(kind.magic)) return std::string(kind.name);
  }
  const auto printable = [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; };
  return std::all_of(start.begin(), start.end(), printable) ? "text" : "";
}

}  // namespace ink::detail
