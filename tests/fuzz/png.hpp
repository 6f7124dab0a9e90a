// Target of the PNG writer: what is written is unpacked chunk by chunk, as a reader would, to the same pixels and
// texts.
//
// Input: width, height, channels, the length of the keyword, the keyword, and the text; all of it, repeated, are the
// pixels.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "inkling/io/inflate.hpp"
#include "inkling/io/png.hpp"
#include "inkling/io/png_reader.hpp"
#include "target.hpp"

namespace ink::fuzz {

inline std::size_t big32_at(const io::Bytes& bytes, std::size_t at) {
  require(bytes.size() >= at + 4, "png: a number is truncated");
  return std::size_t{bytes[at]} << 24 | std::size_t{bytes[at + 1]} << 16 | std::size_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}

/// Names and data of the chunks after the signature.
inline std::vector<std::pair<std::string, io::Bytes>> png_chunks(const io::Bytes& png) {
  std::vector<std::pair<std::string, io::Bytes>> chunks;
  for (std::size_t at = 8; at < png.size();) {
    const std::size_t size = big32_at(png, at), data = at + 8;
    require(png.size() >= data + size + 4, "png: a chunk is truncated");
    const Input checked(png.data() + at + 4, size + 4);
    require(io::crc32(checked) == big32_at(png, data + size), "png: a checksum is wrong");
    chunks.emplace_back(std::string(checked.begin(), checked.begin() + 4),
                        io::Bytes(checked.begin() + 4, checked.end()));
    at = data + size + 4;
  }
  return chunks;
}

/// Undoes the filters (ISO/IEC 15948, section 9.2); the rows have their filter bytes in front.
inline io::Bytes unfiltered(const io::Bytes& rows, std::size_t row_size, std::size_t step) {
  require(rows.size() % (row_size + 1) == 0, "png: the rows have another size");
  io::Bytes above(row_size), out;
  for (std::size_t at = 0; at < rows.size(); at += row_size + 1) {
    io::Bytes row(row_size);
    for (std::size_t i = 0; i < row_size; ++i) {
      const int a = i < step ? 0 : row[i - step], b = above[i], c = i < step ? 0 : above[i - step];
      const int pa = std::abs(b - c), pb = std::abs(a - c), pc = std::abs(a + b - 2 * c);
      const int paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      const int predicted[] = {0, a, b, (a + b) / 2, paeth};
      require(rows[at] < 5, "png: a filter is unknown");
      row[i] = static_cast<std::uint8_t>(rows[at + 1 + i] + predicted[rows[at]]);
    }
    out.insert(out.end(), row.begin(), row.end());
    above = std::move(row);
  }
  return out;
}

inline void fuzz_png(Input input) {
  if (input.size() < 4) return;
  const Shape<3> shape{1 + input[1] % 16, 1 + input[0] % 32, input[2] % 2 ? 3 : 1};
  const auto length = std::min<std::size_t>(input[3], input.size() - 4);
  const std::string keyword(text_of(input.subspan(4, length))), content(text_of(input.subspan(4 + length)));
  Tensor<std::uint8_t, 3> image(shape);
  std::size_t next = 0;
  for (auto& pixel : image.mutable_values()) pixel = input[next++ % input.size()];
  io::Bytes png;
  if (!accepts([&] { png = io::encode_png(image, {.text = {{keyword, content}}}); })) return;
  const auto chunks = png_chunks(png);
  require(chunks.size() == 4 && chunks[0].first == "IHDR" && chunks[2].first == "IDAT" && chunks[3].first == "IEND",
          "png: the chunks are others");
  require(big32_at(chunks[0].second, 0) == static_cast<std::size_t>(shape[1]), "png: the width changes");
  require(big32_at(chunks[0].second, 4) == static_cast<std::size_t>(shape[0]), "png: the height changes");
  const bool plain = chunks[1].first == "tEXt";
  require(plain || chunks[1].first == "iTXt", "png: the text has another chunk");
  const std::string written = keyword + std::string(plain ? 1 : 5, '\0') + content;
  require(std::string(chunks[1].second.begin(), chunks[1].second.end()) == written, "png: the text changes");
  const auto pixels = unfiltered(io::zlib_decompress(chunks[2].second), static_cast<std::size_t>(shape[1] * shape[2]),
                                 static_cast<std::size_t>(shape[2]));
  require(std::equal(pixels.begin(), pixels.end(), image.values().begin(), image.values().end()),
          "png: the pixels change");
}

/// A file as it is, and one with right checksums and packing whose header, palette and rows are the input.
inline void fuzz_png_reader(Input input) {
  constexpr io::PngReadOptions options{.limit = 4096};
  const auto try_to_read = [&](const io::Bytes& png) {
    Tensor<std::uint8_t, 3> image;
    if (!accepts([&] { image = io::decode_png<std::uint8_t>(png, options); })) return;
    require(io::decode_png<std::uint8_t>(io::encode_png(image), options) == image, "png_reader: the pixels change");
  };
  try_to_read({input.begin(), input.end()});
  if (input.size() < 14) return;
  io::Bytes header(input.begin(), input.begin() + 13), png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  std::fill_n(header.begin(), 3, std::uint8_t{0});  // at most 255 pixels wide and high
  std::fill_n(header.begin() + 4, 3, std::uint8_t{0});
  const std::size_t colors = std::min<std::size_t>(input[13] % 32 * 3, input.size() - 14);
  ink::detail::append_chunk(png, "IHDR", header);
  if (colors > 0) ink::detail::append_chunk(png, "PLTE", input.subspan(14, colors));
  if (input[13] >= 128) ink::detail::append_chunk(png, "tRNS", input.subspan(14, std::min<std::size_t>(colors, 6)));
  ink::detail::append_chunk(png, "IDAT", io::zlib_compress(input.subspan(14 + colors)));
  ink::detail::append_chunk(png, "IEND", {});
  try_to_read(png);
}

}  // namespace ink::fuzz
