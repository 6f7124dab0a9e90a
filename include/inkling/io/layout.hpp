// Layouts: files whose writers name and order a model's numbers otherwise, as PyTorch does.
//
// Layout::native  as this library has them: a linear weight is (in, out), a convolution's (KH, KW, in, out)
// Layout::torch   as PyTorch has them: (out, in) and (out, in, KH, KW); nn/axes.hpp has the table. Besides,
//                   - extents of 1 at the front or the end may be there or not: positions (1, T, width), a linear
//                     layer as a 1×1 convolution (out, in, 1, 1) and the reverse;
//                   - a linear layer of patches (ops/image.hpp) may be a convolution, (out, channels, patch, patch);
//                   - a causal convolution may have its whole window: what lies behind the current pixel is not read,
//                     and what the mask hides becomes 0, whatever the file holds there.
//
// Names says where a parameter is in the file: a function from its name, as `visit` gives it, to a Source, which is
//   "fc.weight"                                   a tensor's name, or
//   Source{"q.weight", "k.weight", "v.weight"}    several tensors, one after the other along the axis of outputs (the
//                                                 axis that PyTorch has first), or
//   Source{{"qkv.weight", 0, 64}}                 outputs [0, 64) of a tensor; several pieces may be of the same, or
//   Source::none()                                not in the file: the parameter stays as it is.
// A Source may have a layout of its own, for files that mix them: Source("c_attn.weight").in(Layout::native).
//
// torch_name is where a PyTorch module of the same structure has it: `gamma` and `table` are called `weight`, `beta` is
// `bias`. It stands in for Names with Layout::torch, and helps to write one.
//
// Errors: ValueError for a piece that begins below 0 or does not end behind its beginning.
//
// Example:
//     io::Names names = [](const std::string& name) -> io::Source {
//       if (name == "attention.qkv.weight") return {"q_proj.weight", "k_proj.weight", "v_proj.weight"};
//       return "model." + io::torch_name(name);
//     };
//     std::string first = names("norm.gamma").pieces.front().name;         // "model.norm.weight"
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/io/safetensors.hpp"
#include "inkling/nn/axes.hpp"

namespace ink {
namespace io {

enum class Layout : unsigned char { native, torch };

/// A tensor of a file, or the outputs [begin, end) of it.
struct Piece {
  std::string name;
  Index begin = 0, end = -1;  ///< −1: up to its last

  Piece(const char* whole) : name(whole) {}
  Piece(std::string whole) : name(std::move(whole)) {}
  Piece(std::string of, Index from, Index to) : name(std::move(of)), begin(from), end(to) {
    if (from < 0 || to <= from) {
      throw ValueError(text("piece: begin is ", from, ", end is ", to, "; they must be 0 <= begin < end"));
    }
  }
};

/// Where a parameter is in a file.
struct Source {
  std::vector<Piece> pieces;
  std::optional<Layout> layout = {};  ///< if it is not that of the file

  Source(const char* name) : pieces{Piece(name)} {}
  Source(std::string name) : pieces{Piece(std::move(name))} {}
  Source(std::initializer_list<Piece> several) : pieces(several) {}
  Source(std::vector<Piece> several) : pieces(std::move(several)) {}
  static Source none() { return Source(std::vector<Piece>{}); }

  Source in(Layout own) && {
    layout = own;
    return std::move(*this);
  }
};

/// A function from a parameter's name to a Source, kept by value.
class Names {
 public:
  Names() = default;
  template <class F>
    requires(!std::is_same_v<F, Names> && std::is_invocable_r_v<Source, const F&, const std::string&>)
  Names(F f)
      : function_(std::make_shared<const F>(std::move(f))),
        call_([](const void* g, const std::string& name) -> Source { return (*static_cast<const F*>(g))(name); }) {}

  explicit operator bool() const { return call_ != nullptr; }
  Source operator()(const std::string& name) const { return call_(function_.get(), name); }

 private:
  std::shared_ptr<const void> function_;
  Source (*call_)(const void*, const std::string&) = nullptr;
};

inline std::string torch_name(std::string name) {
  const auto last = name.rfind('.') + 1;  // 0 if there is no dot
  const std::string_view own = std::string_view(name).substr(last);
  if (own == "gamma" || own == "table") return name.replace(last, std::string::npos, "weight");
  if (own == "beta") return name.replace(last, std::string::npos, "bias");
  return name;
}

}  // namespace io

namespace detail {

using Extents = std::vector<Index>;

/// A parameter as it is in a file.
struct Stored {
  std::vector<io::Piece> pieces;
  io::Layout layout = io::Layout::native;
  Axes axes = {};
  Extents shape = {};  ///< of the parameter

  /// Are the outputs its first axis, in the parameter itself?
  bool outputs_first() const { return axes.order == Axes::plain || shape.empty(); }
  Index outputs() const { return shape.empty() ? 1 : outputs_first() ? shape.front() : shape.back(); }
};

template <class T, int R>
Extents extents_of(const Tensor<T, R>& tensor) {
  return {tensor.shape().extents.begin(), tensor.shape().extents.end()};
}

/// Throws unless a tensor of that rank can have its axes in the order that its module says.
inline void check_axes(const std::string& name, std::size_t rank, Axes::Order order) {
  constexpr std::size_t ranks[] = {0, 2, 4, 3};
  if (order == Axes::plain || rank == ranks[order]) return;
  throw ValueError(text("visit: ", io::json_quote(name), " has ", rank, " axes; in the order that is told of it there ",
                        "must be ", ranks[order]));
}

/// The parameter's extents in the order of the file's axes.
inline Extents file_shape(const Extents& s, Axes::Order order, io::Layout layout) {
  if (layout == io::Layout::native || order == Axes::plain) return s;
  if (order == Axes::in_out) return {s[1], s[0]};
  if (order == Axes::image_channels) return {s[2], s[0], s[1]};
  return {s[3], s[2], s[0], s[1]};
}

/// A tensor of more axes fits no parameter.
inline constexpr int most_axes = 4;

/// A file's tensor, its axes in the order of the parameter's: those of the outputs are the last, unless the parameter
/// has them first.
struct Arrangement {
  Extents extents, strides;
  Index outputs = 0;  ///< that the tensor has
};

/// The tensor's shape with as many axes as the parameter's, by extents of 1 more or less.
inline Extents with_rank(Extents shape, std::size_t rank, bool at_end) {
  while (shape.size() > rank && shape.front() == 1 && !at_end) shape.erase(shape.begin());
  while (shape.size() > rank && shape.back() == 1) shape.pop_back();
  while (shape.size() < rank) shape.insert(at_end ? shape.end() : shape.begin(), 1);
  return shape;
}

/// Is a window of the file that of the parameter, or, if that is a causal one, the whole window?
inline bool window_fits(Index rows, Index columns, const Stored& p) {
  const bool in_row = p.shape[0] == 1;
  const auto fits = [&](Index there, Index here, bool cut) {
    return there == here || (cut && p.axes.seen > 0 && there == 2 * here - 1);
  };
  return fits(rows, p.shape[0], !in_row) && fits(columns, p.shape[1], in_row);
}

/// PyTorch has the outputs first, then the inputs (an image has none), then the window: the other way round, and the
/// window in its own order.
inline std::optional<Arrangement> arrange_torch(const Extents& shape, const Extents& strides, const Stored& p) {
  const std::size_t rank = shape.size(), not_window = p.axes.order == Axes::image_channels ? 1 : 2;
  Arrangement to{{}, {}, shape[0]};
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t a = i < rank - not_window ? not_window + i : rank - 1 - i;
    to.extents.push_back(shape[a]);
    to.strides.push_back(strides[a]);
  }
  if (p.axes.order == Axes::in_out) {  // all but the outputs are one axis here
    Index left = p.shape[0];
    for (std::size_t a = 1; a < rank; ++a) {
      if (shape[a] < 1 || left % shape[a] != 0) return {};
      left /= shape[a];
    }
    return left == 1 ? std::optional(to) : std::nullopt;
  }
  const bool image = p.axes.order == Axes::image_channels;
  const bool fits = image ? std::equal(p.shape.begin(), p.shape.end() - 1, to.extents.begin())
                          : window_fits(to.extents[0], to.extents[1], p) && to.extents[2] == p.shape[2];
  if (!fits) return {};
  std::copy_n(p.shape.begin(), rank - 1, to.extents.begin());  // of a whole window the causal part
  return to;
}

/// How the parameter is read from a tensor of that shape; nothing if it does not fit, the number of outputs aside.
inline std::optional<Arrangement> arrange(Extents shape, const Stored& p, io::Layout layout) {
  if (shape.size() > std::size_t{most_axes}) return {};
  const bool torch = layout == io::Layout::torch, any_rank = torch && p.axes.order == Axes::in_out;
  if (torch && !any_rank) {
    shape = with_rank(std::move(shape), p.shape.size(), p.axes.order == Axes::window_in_out);
  }
  const std::size_t rank = shape.size();
  if (any_rank ? rank < 2 : rank != p.shape.size()) return {};
  Extents strides(rank, 1);
  if (std::find(shape.begin(), shape.end(), 0) == shape.end()) {  // else there is nothing to reach, and no bound
    for (std::size_t a = rank; a-- > 1;) strides[a - 1] = strides[a] * shape[a];
  }
  if (p.outputs_first()) {
    if (!std::equal(shape.begin() + (rank > 0), shape.end(), p.shape.begin() + (rank > 0))) return {};
    return Arrangement{shape, strides, rank > 0 ? shape[0] : 1};
  }
  if (torch) return arrange_torch(shape, strides, p);
  if (!std::equal(shape.begin(), shape.end() - 1, p.shape.begin())) return {};
  return Arrangement{shape, strides, shape.back()};
}

/// Calls f(row, offset in the file) for every row of outputs.
template <class F>
void for_each_row(const Arrangement& a, F f) {
  Index rows = 1;
  for (std::size_t i = 0; i + 1 < a.extents.size(); ++i) rows *= a.extents[i];
  for (Index row = 0; row < rows; ++row) {
    Index left = row, offset = 0;
    for (std::size_t i = a.extents.size() - 1; i-- > 0;) {
      offset += left % a.extents[i] * a.strides[i];
      left /= a.extents[i];
    }
    f(row, offset);
  }
}

/// The elements of a tensor that `arrange` has found to fit, as they lie in the file.
template <class T, int R = 1>
Tensor<T, 1> flat_elements(const io::SafeTensors& file, const io::SafeTensors::Entry& entry) {
  if constexpr (R > most_axes) {
    return file.get<T, 0>(entry.name).reshape(Shape<1>{1});
  } else {
    if (entry.shape.size() != static_cast<std::size_t>(R)) return flat_elements<T, R + 1>(file, entry);
    const auto whole = file.get<T, R>(entry.name);
    return whole.reshape(Shape<1>{whole.size()});
  }
}

/// The parameter's numbers, of a file that ExpectedTensors has found to fit.
template <class T>
Tensor<T, 1> read_stored(const io::SafeTensors& file, const Stored& p) {
  const bool whole = p.pieces.size() == 1 && p.pieces[0].begin == 0 && p.pieces[0].end < 0;
  if (whole && p.axes.seen == 0 && (p.outputs_first() || p.layout == io::Layout::native)) {
    return flat_elements<T>(file, file.entry(p.pieces[0].name));
  }
  Index size = 1;
  for (const Index n : p.shape) size *= n;
  auto out = Tensor<T, 1>::uninitialized(Shape<1>{size});
  T* to = out.mutable_data();
  const Index all = p.outputs(), others = all > 0 ? size / all : 0;
  Index done = 0;
  for (const auto& piece : p.pieces) {
    const auto& entry = file.entry(piece.name);
    const auto elements = flat_elements<T>(file, entry);
    const auto from = *arrange(entry.shape, p, p.layout);
    const Index end = piece.end < 0 ? from.outputs : piece.end;
    if (p.outputs_first()) {
      std::copy(elements.data() + piece.begin * others, elements.data() + end * others, to + done * others);
    } else {
      for_each_row(from, [&](Index row, Index offset) {
        const bool hidden = p.axes.seen > 0 && row / p.shape[2] >= p.axes.seen;
        const T* x = elements.data() + offset;
        T* y = to + row * all + done;
        for (Index o = piece.begin; o < end; ++o) *y++ = hidden ? T{} : x[o * from.strides.back()];
      });
    }
    done += end - piece.begin;
  }
  return out;
}

/// The numbers x of a parameter in the order that PyTorch has them.
template <class T>
Tensor<T, 1> torch_order(const Tensor<T, 1>& x, const Stored& p) {
  if (p.outputs_first()) return x;
  auto out = Tensor<T, 1>::uninitialized(x.shape());
  T* to = out.mutable_data();
  const auto a = *arrange(file_shape(p.shape, p.axes.order, io::Layout::torch), p, io::Layout::torch);
  for_each_row(a, [&](Index row, Index offset) {
    for (Index o = 0; o < a.outputs; ++o) to[offset + o * a.strides.back()] = x.data()[row * a.outputs + o];
  });
  return out;
}

}  // namespace detail
}  // namespace ink
