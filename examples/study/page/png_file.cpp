#include "study/page/png_file.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/io/file.hpp"
#include "inkling/io/png.hpp"

namespace study {

namespace {

using Span = std::span<const std::uint8_t>;

struct Chunk {
  std::string_view type;
  Span data;
};

constexpr std::string_view signature = "\x89PNG\r\n\x1A\n";

std::string_view characters(Span bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::uint32_t big32(Span at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

std::vector<Chunk> chunks(const std::string& path, Span bytes) {
  if (characters(bytes.first(std::min(bytes.size(), signature.size()))) != signature) {
    throw ink::IoError(path, "is no PNG file");
  }
  std::vector<Chunk> all;
  for (Span rest = bytes.subspan(signature.size()); !rest.empty();) {
    const std::size_t length = rest.size() < 12 ? 0 : big32(rest);
    if (rest.size() < 12 || length > rest.size() - 12) throw ink::IoError(path, "is truncated");
    all.push_back({characters(rest.subspan(4, 4)), rest.subspan(8, length)});
    rest = rest.subspan(length + 12);
  }
  const bool begins = !all.empty() && all[0].type == "IHDR" && all[0].data.size() == 13;
  if (!begins || all.back().type != "IEND") throw ink::IoError(path, "is no whole PNG file");
  return all;
}

bool covers(Span control, Span header) {
  return control.size() == 26 && std::equal(header.begin(), header.begin() + 8, control.begin() + 4) &&
         big32(control.subspan(12)) == 0 && big32(control.subspan(16)) == 0 && control[25] == 0;
}

std::vector<std::uint8_t> still_of(const std::vector<Chunk>& all) {
  const auto is_control = [](const Chunk& c) { return c.type == "fcTL"; };
  const auto last = std::find_if(all.rbegin(), all.rend(), is_control);
  if (last == all.rend() || !covers(last->data, all[0].data)) return {};
  std::vector<std::uint8_t> out(signature.begin(), signature.end());
  ink::detail::append_chunk(out, "IHDR", all[0].data);
  for (const Chunk& c : all) {
    if (c.type == "PLTE" || c.type == "tRNS") ink::detail::append_chunk(out, c.type, c.data);
  }
  for (auto c = last.base(); c != all.end(); ++c) {
    if (c->type == "IDAT") ink::detail::append_chunk(out, "IDAT", c->data);
    if (c->type == "fdAT" && c->data.size() > 4) ink::detail::append_chunk(out, "IDAT", c->data.subspan(4));
  }
  ink::detail::append_chunk(out, "IEND", {});
  return out;
}

}  // namespace

PngFile read_png_file(const std::string& path) {
  PngFile file;
  file.bytes = ink::io::read_file(path);
  const auto all = chunks(path, file.bytes);
  file.width = big32(all[0].data);
  file.height = big32(all[0].data.subspan(4));
  for (const Chunk& c : all) {
    if (c.type == "acTL" && c.data.size() == 8) file.frames = static_cast<int>(big32(c.data));
  }
  if (file.frames > 1) file.last = still_of(all);
  return file;
}

}  // namespace study
