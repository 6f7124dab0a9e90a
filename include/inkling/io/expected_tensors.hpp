// ExpectedTensors: what a file of weights must hold, compared with what it holds, and said in one short line.
//
//   does not fit the model; missing 24 of 31: "a.weight", "b.weight", "c.weight", …; extra 12: …; different 2: "d" is
//   F32 (4, 4) and must be F32 (8, 4)
//
// Of each kind the first three are named, long names are cut in their middle, and the line stays below a kilobyte
// whatever the file holds. If the names are the same but for a prefix ("module."), or the shapes but for the order of
// the axes (io/layout.hpp), the line says that too.
//
// Errors: IoError with the path.
//
// Example:
//     detail::ExpectedTensors expected;
//     expected.add("layer.weight", Tensor<float, 2>({64, 10}));
//     io::SafeTensors file;
//     file.add("layer.weight", Tensor<float, 2>({64, 10}));
//     expected.check(file, "model.safetensors", "", true);
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inkling/core/sorted_order.hpp"
#include "inkling/io/layout.hpp"
#include "inkling/io/safetensors.hpp"

namespace ink::detail {

/// The text quoted; with its middle left out if that is longer than a message should be.
inline std::string short_quote(std::string_view name) {
  constexpr std::size_t most = 40;
  const auto inside = [&](std::size_t i) { return (static_cast<unsigned char>(name[i]) & 0xC0) == 0x80; };
  std::string quoted = name.size() <= most ? io::json_quote(name) : std::string(most + 3, ' ');
  for (std::size_t kept = 18; quoted.size() > most + 2 && kept > 0; --kept) {
    std::size_t end = std::min(kept, name.size()), begin = name.size() - end;
    while (end > 0 && end < name.size() && inside(end)) --end;
    while (begin < name.size() && inside(begin)) ++begin;
    quoted = io::json_quote(text(name.substr(0, end), "…", name.substr(begin)));
  }
  return quoted;
}

/// The shape; "…" for an extent that may be anything, −1, or is absurd, and for the axes beyond the fifth.
inline std::string short_shape(const Extents& shape) {
  constexpr Index absurd = 10'000'000'000;
  std::string out = "(";
  for (std::size_t a = 0; a < std::min<std::size_t>(shape.size(), 6); ++a) {
    if (a > 0) out += ", ";
    out += a == 5 || shape[a] < 0 || shape[a] >= absurd ? "…" : text(shape[a]);
  }
  return out + ")";
}

/// So many of one kind, the first three by name.
class ShortList {
 public:
  void add(std::string item) {
    if (++count_ <= 3) message_ += text(count_ > 1 ? ", " : "", item);
  }
  std::size_t count() const { return count_; }

  std::string message(std::string_view title, std::string_view of = "") const {
    if (count_ == 0) return {};
    return text("; ", title, " ", count_, of, ": ", message_, count_ > 3 ? ", …" : "");
  }

 private:
  std::string message_;
  std::size_t count_ = 0;
};

/// What stands before a name of `shorter` in `longer`, of which it is the end; the prefix that most of those tried
/// share.
struct SharedPrefix {
  std::string prefix = {};
  std::size_t names = 0;  ///< of `shorter` that are in `longer` behind the prefix

  SharedPrefix(const std::vector<std::string_view>& shorter, const std::vector<std::string_view>& unsorted) {
    std::vector<std::string_view> longer;
    for (const std::size_t i :
         sorted_order(unsorted.size(), [&](std::size_t a, std::size_t b) { return unsorted[a] < unsorted[b]; })) {
      longer.push_back(unsorted[i]);
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(shorter.size(), 3); ++i) {
      for (const std::string_view name : longer) {
        if (name.size() <= shorter[i].size() || !name.ends_with(shorter[i])) continue;
        const std::string tried(name.substr(0, name.size() - shorter[i].size()));
        if (!tried.ends_with('.') || tried == prefix) continue;
        const auto in_longer = [&](std::string_view s) {
          return std::binary_search(longer.begin(), longer.end(), std::string_view(tried + std::string(s)));
        };
        const auto found = static_cast<std::size_t>(std::count_if(shorter.begin(), shorter.end(), in_longer));
        if (found > names) {
          prefix = tried;
          names = found;
        }
      }
    }
  }
};

class ExpectedTensors {
 public:
  /// A tensor that the file must hold under that name, with that shape.
  template <class T, int R>
  void add(const std::string& name, const Tensor<T, R>& tensor) {
    add(name, safe_dtype_of<T>(), extents_of(tensor));
  }
  void add(const std::string& name, std::string dtype, Extents shape) {
    add(Stored{{io::Piece(name)}, io::Layout::native, {}, std::move(shape)}, std::move(dtype));
  }

  /// A parameter that the file must hold in that way.
  void add(Stored parameter, std::string dtype) {
    pieces_ += parameter.pieces.size();
    wanted_.push_back({std::move(parameter), std::move(dtype)});
  }

  /// Throws unless the file's tensors, of those whose name starts with `prefix`, are exactly the expected ones and some
  /// whose name ends in one of `unused`. Conversions that lose nothing are let through if `exact` is false.
  void check(const io::SafeTensors& file, const std::string& path, std::string_view prefix, bool exact,
             const std::vector<std::string>& unused = {}) const {
    const auto& entries = file.entries();
    std::vector<bool> used(entries.size());
    std::vector<std::string_view> missing, extra;
    ShortList different;
    std::size_t exchanged = 0;
    const std::string* format = file.metadata("format");
    const bool is_ours = format && format->starts_with("inkling-");  // its axes are in the order they should be
    for (const Wanted& wanted : wanted_) {
      std::vector<const io::SafeTensors::Entry*> found;
      for (const auto& piece : wanted.parameter.pieces) {
        const auto at = std::lower_bound(entries.begin(), entries.end(), piece.name,
                                         [](const auto& entry, const std::string& name) { return entry.name < name; });
        if (at == entries.end() || at->name != piece.name) {
          missing.push_back(piece.name);
          continue;
        }
        used[static_cast<std::size_t>(at - entries.begin())] = true;
        found.push_back(&*at);
      }
      if (found.size() < wanted.parameter.pieces.size()) continue;
      const std::string why = difference(wanted, found, exact);
      if (why.empty()) continue;
      different.add(why);
      exchanged += !is_ours && is_exchanged(wanted.parameter, found);
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string_view name = entries[i].name;
      const auto ends = [&](const std::string& end) { return name.ends_with(end); };
      if (!used[i] && name.starts_with(prefix) && std::none_of(unused.begin(), unused.end(), ends)) {
        extra.push_back(name);
      }
    }
    if (missing.empty() && extra.empty() && different.count() == 0) return;
    throw IoError(path, text("does not fit the model",  //
                             list(missing).message("missing", text(" of ", pieces_)), list(extra).message("extra"),
                             different.message("different"), hints(missing, extra, exchanged)));
  }

 private:
  struct Wanted {
    Stored parameter;
    std::string dtype;
  };

  static ShortList list(const std::vector<std::string_view>& names) {
    ShortList out;
    for (const std::string_view name : names) out.add(short_quote(name));
    return out;
  }

  static bool convertible(const std::string& from, const std::string& to, bool exact) {
    if (from == to) return true;
    return !exact && (from == "F16" || from == "BF16" || from == "F32") && (to == "F32" || to == "F64");
  }

  /// What is different between a parameter and the tensors it is to be read from; empty if nothing is.
  static std::string difference(const Wanted& wanted, const std::vector<const io::SafeTensors::Entry*>& found,
                                bool exact) {
    const Stored& p = wanted.parameter;
    Extents shape = file_shape(p.shape, p.axes.order, p.layout);
    Index outputs = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto& entry = *found[i];
      const io::Piece& piece = p.pieces[i];
      const auto fit = arrange(entry.shape, p, p.layout);
      const bool whole = found.size() == 1 && piece.begin == 0 && piece.end < 0;
      if (!whole && !shape.empty())
        shape[p.outputs_first() || p.layout == io::Layout::torch ? 0 : shape.size() - 1] = -1;
      if (!convertible(entry.dtype, wanted.dtype, exact) || !fit || (whole && fit->outputs != p.outputs())) {
        return text(short_quote(entry.name), " is ", entry.dtype, " ", short_shape(entry.shape), " and must be ",
                    wanted.dtype, " ", short_shape(shape));
      }
      const Index end = piece.end < 0 ? fit->outputs : piece.end;
      if (piece.begin > end || end > fit->outputs) {
        return text(short_quote(entry.name), " has ", fit->outputs, " outputs and must have those from ", piece.begin,
                    " to ", end);
      }
      outputs += end - piece.begin;
    }
    if (found.empty() || outputs == p.outputs()) return {};
    return text(short_quote(p.pieces.front().name), found.size() > 1 ? " and what follows it have " : " has ", outputs,
                " outputs to give and must have ", p.outputs());
  }

  /// Would the parameter fit if the file had its axes in the other order?
  static bool is_exchanged(const Stored& p, const std::vector<const io::SafeTensors::Entry*>& found) {
    if (found.size() != 1 || p.axes.order == Axes::plain) return false;
    const auto fits = [&](io::Layout layout) {
      const auto fit = arrange(found[0]->shape, p, layout);
      return fit && fit->outputs == p.outputs();
    };
    const bool native = p.layout == io::Layout::native;
    return !fits(p.layout) && fits(native ? io::Layout::torch : io::Layout::native);
  }

  std::string hints(const std::vector<std::string_view>& missing, const std::vector<std::string_view>& extra,
                    std::size_t exchanged) const {
    std::string out;
    if (exchanged > 0) {
      const bool native = std::none_of(wanted_.begin(), wanted_.end(),
                                       [](const Wanted& w) { return w.parameter.layout == io::Layout::torch; });
      out += text("; ", exchanged, " would fit with their axes in ", native ? "PyTorch's" : "this library's",
                  " order, .layout = io::Layout::", native ? "torch" : "native");
    }
    if (missing.empty() || extra.empty()) return out;
    if (const SharedPrefix more(missing, extra); more.names > 0) {
      out += text("; ", more.names, " of the missing are there with ", short_quote(more.prefix), " in front");
    } else if (const SharedPrefix less(extra, missing); less.names > 0) {
      out += text("; ", less.names, " of the missing are there without ", short_quote(less.prefix), " in front");
    }
    return out;
  }

  std::vector<Wanted> wanted_;
  std::size_t pieces_ = 0;
};

}  // namespace ink::detail
