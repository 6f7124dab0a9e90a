// Reads .npy files for npy_files.py. Each line of the input is "<type> <path>", the type a dtype of native order or
// "own" for that of the file; each line of the output "ok", and then <path>.out holds the array as it was read, or the
// reason why not.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "inkling/io/npy.hpp"

namespace {

using namespace ink;

template <class T, int R = 0>
void read(const std::string& path, std::size_t rank) {
  if (rank == static_cast<std::size_t>(R)) return io::write_npy(path + ".out", io::read_npy<T, R>(path));
  if constexpr (R < 5) return read<T, R + 1>(path, rank);
  throw ValueError(text("rank ", rank, " is not tried"));
}

void read_as(std::string_view type, const std::string& path, std::size_t rank) {
  if (type == "f4") return read<float>(path, rank);
  if (type == "f8") return read<double>(path, rank);
  if (type == "i1") return read<std::int8_t>(path, rank);
  if (type == "i2") return read<std::int16_t>(path, rank);
  if (type == "i4") return read<std::int32_t>(path, rank);
  if (type == "i8") return read<std::int64_t>(path, rank);
  if (type == "u1") return read<std::uint8_t>(path, rank);
  if (type == "u2") return read<std::uint16_t>(path, rank);
  if (type == "u4") return read<std::uint32_t>(path, rank);
  if (type == "u8") return read<std::uint64_t>(path, rank);
  throw ValueError(text("there is no type ", type));
}

/// The tensor type that holds the file's elements.
std::string own_type(detail::NpyType type) {
  if (type.kind == 'b') return "u1";
  return text(type.kind, type.kind == 'f' && type.size == 2 ? 4 : type.size);
}

}  // namespace

int main() {
  std::string line;
  for (int c; (c = std::getchar()) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    const auto blank = line.find(' ');
    const std::string path = line.substr(blank + 1);
    std::string type = line.substr(0, blank), answer = "ok";
    try {
      const detail::NpyHeader header(io::read_file(path));
      read_as(type == "own" ? own_type(header.type) : type, path, header.shape.size());
    } catch (const std::exception& error) {
      answer = error.what();
    }
    std::replace(answer.begin(), answer.end(), '\n', ' ');  // of a header that it quotes
    std::printf("%s\n", answer.c_str());
    line.clear();
  }
}
