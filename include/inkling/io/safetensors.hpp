// safetensors: named tensors in one file, the format the wider world keeps weights in.
//
// u64 little-endian N; N bytes of JSON, padded with spaces to a multiple of 8; then the data. An entry is
// "name":{"dtype":"F32","shape":[..],"data_offsets":[begin,end]}; "__metadata__" maps strings to strings. Files are
// laid out as the reference writer does, byte for byte: entries by descending dtype, then by name. Reading refuses
// holes, overlaps, sizes that overflow or do not match, duplicate names and unknown dtypes.
//
// Files are written with a checksum of every byte among their metadata, unless told otherwise, and one that has it is
// refused when a bit has flipped (io/safetensors_checksum.hpp). Files of other writers have none and are read without.
//
// Types: F32 F64 I8 I16 I32 I64 U8 U16 U32 U64 are the C++ types; F16 and BF16 can be read as float or double, F32 as
// double. Adding a tensor shares its storage; nothing is copied before the file is written.
//
// Errors: IoError for a file; ValueError for a missing or doubled name and a wrong dtype; ShapeError for a wrong rank
// or extent.
//
// Example:
//     io::SafeTensors out;
//     out.add("layer.weight", Tensor<float, 2>({64, 10}));
//     out.set_metadata("seed", "42");
//     out.save("model.safetensors");
//     auto in = io::SafeTensors::load("model.safetensors");
//     auto weight = in.get<float, 2>("layer.weight", {64, 10});
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/core/sorted_order.hpp"
#include "inkling/core/tensor.hpp"
#include "inkling/io/dtype.hpp"
#include "inkling/io/file.hpp"
#include "inkling/io/file_kind.hpp"
#include "inkling/io/json.hpp"
#include "inkling/io/nearest_names.hpp"
#include "inkling/io/safetensors_checksum.hpp"

namespace ink {
namespace detail {

inline std::string shape_text(const std::vector<Index>& shape) {
  std::string out = "(";
  for (std::size_t a = 0; a < shape.size(); ++a) out += text(a ? ", " : "", shape[a]);
  return out + ")";
}

}  // namespace detail

namespace io {

struct SafeTensorsOptions {
  bool checksum = true;  ///< without, the file is byte for byte what the reference writer makes
};

class SafeTensors {
 public:
  struct Entry {
    std::string name, dtype;
    std::vector<Index> shape;
    std::span<const std::uint8_t> bytes;
    std::shared_ptr<const void> owner;  ///< keeps `bytes` alive
  };
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  template <detail::SafeElement T, int R>
  void add(std::string name, const Tensor<T, R>& tensor) {
    if (name == metadata_key || !detail::is_utf8(name)) {
      throw ValueError(text("safetensors: name is ", json_quote(name), "; it must be UTF-8 and not ", metadata_key));
    }
    const auto place = lower_bound(name);
    if (place != entries_.end() && place->name == name) {
      throw ValueError(text("safetensors: name ", json_quote(name), " is added twice; names must differ"));
    }
    const auto held = std::make_shared<const Tensor<T, R>>(tensor);
    const auto& extents = held->shape().extents;
    const auto* data = reinterpret_cast<const std::uint8_t*>(held->data());
    const std::size_t size = static_cast<std::size_t>(held->size()) * sizeof(T);
    entries_.insert(
        place,
        Entry{std::move(name), detail::safe_dtype_of<T>(), {extents.begin(), extents.end()}, {data, size}, held});
  }

  /// The tensor of that name; its rank must be R and its elements convertible to T without loss.
  template <detail::SafeElement T, int R>
  Tensor<T, R> get(std::string_view name) const {
    const Entry& e = entry(name);
    if (e.shape.size() != static_cast<std::size_t>(R)) {
      throw ShapeError(text(source_, json_quote(name), " is ", detail::shape_text(e.shape), "; its rank must be ", R));
    }
    Shape<R> shape;
    for (int a = 0; a < R; ++a) shape[a] = e.shape[static_cast<std::size_t>(a)];
    auto out = Tensor<T, R>::uninitialized(shape);
    if (e.dtype == detail::safe_dtype_of<T>()) {
      if (!e.bytes.empty()) std::memcpy(out.mutable_data(), e.bytes.data(), e.bytes.size());
      return out;
    }
    if constexpr (std::is_floating_point_v<T>) {
      if (e.dtype == "F16") return convert<std::uint16_t>(e, out, detail::float_from_float16);
      if (e.dtype == "BF16") return convert<std::uint16_t>(e, out, detail::float_from_bfloat16);
      if (sizeof(T) == 8 && e.dtype == "F32") return convert<float>(e, out, [](float x) { return x; });
    }
    throw ValueError(
        text(source_, json_quote(name), " has dtype ", e.dtype, "; ", detail::safe_dtype_of<T>(), " is needed"));
  }

  template <detail::SafeElement T, int R>
  Tensor<T, R> get(std::string_view name, const Shape<R>& expected) const {
    auto out = get<T, R>(name);
    if (out.shape() != expected) {
      throw ShapeError(text(source_, json_quote(name), " is ", out.shape(), "; it must be ", expected));
    }
    return out;
  }

  bool contains(std::string_view name) const {
    const auto place = lower_bound(name);
    return place != entries_.end() && place->name == name;
  }

  const Entry& entry(std::string_view name) const {
    const auto place = lower_bound(name);
    if (place != entries_.end() && place->name == name) return *place;
    const std::string near = detail::nearest_names(name, names());
    throw ValueError(text(source_, "there is no tensor ", json_quote(name), "; ",
                          near.empty() ? "there are none" : "the nearest names are ", near));
  }

  /// Sorted by name.
  const std::vector<Entry>& entries() const { return entries_; }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Entry& e : entries_) out.push_back(e.name);
    return out;
  }

  /// Sorted by key.
  const Metadata& metadata() const { return metadata_; }

  /// The text of a metadata key, or null.
  const std::string* metadata(std::string_view key) const {
    for (const auto& [k, value] : metadata_) {
      if (k == key) return &value;
    }
    return nullptr;
  }

  void set_metadata(std::string key, std::string value) {
    if (!detail::is_utf8(key) || !detail::is_utf8(value)) throw ValueError("safetensors: metadata must be UTF-8");
    if (key == detail::checksum_key) {
      throw ValueError(text("safetensors: metadata ", key, " is written by save; it must not be set"));
    }
    const auto place = std::lower_bound(metadata_.begin(), metadata_.end(), key,
                                        [](const auto& item, const std::string& k) { return item.first < k; });
    if (place != metadata_.end() && place->first == key) {
      place->second = std::move(value);
    } else {
      metadata_.emplace(place, std::move(key), std::move(value));
    }
  }

  /// Whether this was read from a file with a checksum.
  bool had_checksum() const { return had_checksum_; }

  /// The bytes of the file.
  Bytes encode(const SafeTensorsOptions& options = {}) const {
    Bytes out;
    const Layout layout(*this, options);
    for (const auto part : layout.parts) out.insert(out.end(), part.begin(), part.end());
    return out;
  }

  /// Replaces the file atomically.
  void save(const std::string& path, const SafeTensorsOptions& options = {}) const {
    write_file_atomic(path, Layout(*this, options).parts);
  }

  static SafeTensors decode(Bytes bytes) {
    SafeTensors out;
    out.parse(std::make_shared<const Bytes>(std::move(bytes)));
    return out;
  }

  static SafeTensors load(const std::string& path) {
    SafeTensors out;
    const auto bytes = std::make_shared<const Bytes>(read_file(path));
    try {
      out.parse(bytes);
    } catch (const std::invalid_argument& error) {
      throw IoError(path, error.what());
    }
    out.source_ = text("safetensors: ", path, ": ");
    return out;
  }

 private:
  static constexpr std::string_view metadata_key = "__metadata__";
  static constexpr std::uint64_t max_header = 100000000;

  /// What is to be written: the header and the tensors in the reference writer's order.
  struct Layout {
    Bytes header;
    std::vector<std::span<const std::uint8_t>> parts;

    Layout(const SafeTensors& file, const SafeTensorsOptions& options) {
      const auto dtype = [&](std::size_t i) { return detail::safe_dtype_index(file.entries_[i].dtype); };
      const auto order = sorted_order(file.entries_.size(), [&](std::size_t a, std::size_t b) {
        return dtype(a) > dtype(b);  // and by name, as the entries are
      });
      std::string json = "{";
      if (!file.metadata_.empty() || options.checksum) {
        json += text(json_quote(metadata_key), ":{");
        if (options.checksum) json += text("\"", detail::checksum_key, "\":\"", detail::checksum_zero, "\",");
        for (const auto& [key, value] : file.metadata_) json += text(json_quote(key), ":", json_quote(value), ",");
        json.back() = '}';
        json += ',';
      }
      std::size_t offset = 0;
      for (const std::size_t i : order) {
        const Entry& e = file.entries_[i];
        json += text(json_quote(e.name), ":{\"dtype\":\"", e.dtype, "\",\"shape\":[");
        for (std::size_t a = 0; a < e.shape.size(); ++a) json += text(a ? "," : "", e.shape[a]);
        json += text("],\"data_offsets\":[", offset, ",", offset + e.bytes.size(), "]},");
        offset += e.bytes.size();
      }
      if (json.back() == ',') json.pop_back();
      json += '}';
      json.append((8 - json.size() % 8) % 8, ' ');
      if (json.size() > max_header) {
        throw ValueError(text("safetensors: the header has ", json.size(), " bytes; the most is ", max_header));
      }
      for (int shift = 0; shift < 64; shift += 8) {
        header.push_back(static_cast<std::uint8_t>(std::uint64_t{json.size()} >> shift));
      }
      header.insert(header.end(), json.begin(), json.end());
      if (options.checksum) write_checksum(file, order);
      parts.push_back(header);
      for (const std::size_t i : order) parts.push_back(file.entries_[i].bytes);
    }
    Layout(const Layout&) = delete;
    Layout& operator=(const Layout&) = delete;

    template <class Order>
    void write_checksum(const SafeTensors& file, const Order& order) {
      const std::size_t place = detail::checksum_place(header, header.size());
      std::uint32_t sum = detail::checksum_of(header, place);
      for (const std::size_t i : order) sum = detail::crc32_by_threads(file.entries_[i].bytes, sum);
      const std::string digits =
          detail::checksum_text(sum).substr(detail::checksum_zero.size() - detail::checksum_digits);
      std::copy(digits.begin(), digits.end(), header.begin() + static_cast<std::ptrdiff_t>(place));
    }
  };

  std::vector<Entry>::const_iterator lower_bound(std::string_view name) const {
    return std::lower_bound(entries_.begin(), entries_.end(), name,
                            [](const Entry& e, std::string_view n) { return e.name < n; });
  }

  template <class From, class T, int R, class F>
  static Tensor<T, R> convert(const Entry& e, Tensor<T, R>& out, F f) {
    T* to = out.mutable_data();
    for (std::size_t i = 0; i < e.bytes.size() / sizeof(From); ++i) {
      From from;
      std::memcpy(&from, e.bytes.data() + i * sizeof(From), sizeof(From));
      to[i] = static_cast<T>(f(from));
    }
    return out;
  }

  void parse(const std::shared_ptr<const Bytes>& file) {
    const std::span<const std::uint8_t> bytes(*file);
    const auto refuse = [&](const std::string& what) {
      const std::string kind = detail::file_kind(bytes);
      throw ValueError("safetensors: " + (kind.empty() ? what : "not a safetensors file but " + kind));
    };
    if (bytes.size() < 8) refuse("the file is shorter than the 8 bytes of the header's length");
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < 8; ++i) length |= std::uint64_t{bytes[i]} << 8 * i;
    if (length > max_header) refuse(text("the header has ", length, " bytes; the most is ", max_header));
    if (length > bytes.size() - 8) refuse(text("the header has ", length, " bytes, ", bytes.size() - 8, " are there"));
    const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(length));
    if (!header.starts_with('{')) refuse("the header does not start with {");
    const auto data = bytes.subspan(8 + static_cast<std::size_t>(length));
    const Json json = parse_json(header);
    struct Range {
      std::uint64_t begin, end;
    };
    std::vector<Range> ranges;
    ranges.reserve(json.members().size());
    entries_.reserve(ranges.capacity());
    for (const auto& [name, value] : json.members()) {
      if (name == metadata_key) {
        parse_metadata(value);
        continue;
      }
      const auto begin = parse_entry(name, value, data, file);
      ranges.push_back({begin, begin + entries_.back().bytes.size()});
    }
    const auto by_place = sorted_order(ranges.size(), [&](std::size_t a, std::size_t b) {
      return ranges[a].begin < ranges[b].begin || (ranges[a].begin == ranges[b].begin && ranges[a].end < ranges[b].end);
    });
    std::uint64_t end = 0;
    for (const std::size_t i : by_place) {
      const Range& range = ranges[i];
      if (range.begin != end) {
        throw ValueError(text("safetensors: the data of ", json_quote(entries_[i].name), " begins at ", range.begin,
                              ", the ", "data before it ends at ", end, "; there must be no ",
                              range.begin > end ? "holes" : "overlaps"));
      }
      end = range.end;
    }
    if (end != data.size()) {
      throw ValueError(text("safetensors: the data has ", data.size(), " bytes; the tensors fill ", end));
    }
    if (had_checksum_) detail::check_checksum(bytes, bytes.size() - data.size());
    entries_ = sorted_by(std::move(entries_), [](const Entry& e) -> auto& { return e.name; });
  }

  void parse_metadata(const Json& json) {
    if (!json.is(Json::Kind::object)) throw ValueError("safetensors: __metadata__ must be an object");
    metadata_.reserve(json.members().size());
    for (auto [key, value] : json.members()) {
      if (!value.is(Json::Kind::string)) {
        throw ValueError(text("safetensors: metadata ", json_quote(key), " must be a string"));
      }
      if (detail::declares_checksum(key, value.string())) {
        had_checksum_ = true;  // of that file, not of what is made of it
      } else {
        metadata_.emplace_back(std::move(key), value.string());
      }
    }
    metadata_ = sorted_by(std::move(metadata_), [](const auto& item) -> auto& { return item.first; });
  }

  /// Appends the entry and returns where its data begins.
  std::uint64_t parse_entry(const std::string& name, const Json& json, std::span<const std::uint8_t> data,
                            const std::shared_ptr<const Bytes>& file) {
    const auto fail = [&](std::string_view what) {
      throw ValueError(text("safetensors: ", json_quote(name), ": ", what));
    };
    using Kind = Json::Kind;
    const auto dtype = json.find("dtype"), shape = json.find("shape"), offsets = json.find("data_offsets");
    if (!json.is(Kind::object) || !dtype || !shape || !offsets) fail("dtype, shape and data_offsets are needed");
    if (!dtype->is(Kind::string)) fail("dtype must be a string");
    const std::size_t type = detail::safe_dtype_index(dtype->string());
    if (type == detail::safe_dtypes.size()) fail(text("dtype ", json_quote(dtype->string()), " is unknown"));
    const auto natural = [](const Json& item) { return item.is(Kind::integer) && item.integer() >= 0; };
    const auto naturals = [&](const Json& list) {
      if (!list.is(Kind::array)) return false;
      const auto items = list.items();
      return std::all_of(items.begin(), items.end(), natural);
    };
    if (!naturals(*shape)) fail("shape must be a list of integers from 0");
    if (!naturals(*offsets) || offsets->items().size() != 2) fail("data_offsets must be two integers from 0");
    Entry e{name, dtype->string(), {}, {}, file};
    e.shape.reserve(shape->items().size());
    std::uint64_t size = detail::safe_dtypes[type].size;
    for (const Json& extent : shape->items()) {
      const auto n = static_cast<std::uint64_t>(extent.integer());
      if (n != 0 && size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / n) {
        fail("the size of the shape overflows");
      }
      size *= n;
      e.shape.push_back(extent.integer());
    }
    const auto begin = static_cast<std::uint64_t>((*offsets->items().begin()).integer());
    const auto end = static_cast<std::uint64_t>((*++offsets->items().begin()).integer());
    if (begin > end) fail("data_offsets must not decrease");
    if (end - begin != size) {
      fail(text("data_offsets span ", end - begin, " bytes; ", e.dtype, " of shape ", detail::shape_text(e.shape),
                " needs ", size));
    }
    if (end > data.size()) fail(text("the data ends at ", end, "; there are ", data.size(), " bytes"));
    e.bytes = data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size));
    entries_.push_back(std::move(e));
    return begin;
  }

  std::vector<Entry> entries_;
  Metadata metadata_;
  std::string source_ = "safetensors: ";
  bool had_checksum_ = false;
};

}  // namespace io
}  // namespace ink
