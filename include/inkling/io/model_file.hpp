// Model files: the weights of a model, in one safetensors file, under the parameters' plain names, as other programs
// expect them.
//
// save_model     writes the weights and, as metadata, the program's own settings ("settings.<key>")
// load_model     fills a model from a file of weights, whoever wrote it, or from a checkpoint (train/checkpoint.hpp),
//                and from that the average unless told otherwise; half precision is widened
// read_settings  what the program noted when it saved the file: enough to make the model that load_model fills
//
// Files of others. PyTorch has the axes of weights in another order, and a square matrix fits transposed, too. So a
// file that this library did not write (its metadata tell) is loaded only if the caller says its layout: with
// .layout = io::Layout::torch weights are turned into this library's order, with io::Layout::native they are taken as
// they are. `.name` maps the names, and may join and cut tensors (io/layout.hpp); nn/LAYOUTS.md lists every parameter
// with its shape and what PyTorch calls it. save_model writes PyTorch's layout, too, and as metadata format "pt".
//
// Loading compares every name, element type and shape first and says in one short line what is missing, extra or
// different (io/expected_tensors.hpp); on any error nothing has changed.
//
// Errors: IoError with the path for a file that cannot be read or written, is not safetensors, does not fit the model,
// or is of others and of no told layout; ValueError if save_model is to cut a parameter in pieces.
//
// Example (declarations):
//     struct Slope {
//       Parameter<float, 2> weight{Tensor<float, 2>(Shape{3, 2}, 1.0f)};
//       static void visit(auto& self, auto&& f) { f("weight", self.weight); }
//     };
// Example:
//     Slope model;
//     save_model("model.safetensors", model, {{"inputs", "3"}});
//     load_model("model.safetensors", model);
//     Settings settings = read_settings("model.safetensors");
// Example:
//     models::Classifier<float> net({.width = 16}, Key{1});
//     const auto name = [](const std::string& ours) { return "module." + io::torch_name(ours); };
//     save_model("torch.safetensors", net, {}, {.layout = io::Layout::torch, .name = name});
//     load_model("torch.safetensors", net, {.layout = io::Layout::torch, .name = name});
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inkling/io/expected_tensors.hpp"
#include "inkling/io/layout.hpp"
#include "inkling/io/safetensors.hpp"
#include "inkling/nn/module.hpp"

namespace ink {

/// Text that a program keeps with its weights, such as the options the model was made with.
using Settings = std::vector<std::pair<std::string, std::string>>;

namespace detail {

inline constexpr const char* checkpoint_format = "inkling-checkpoint";
inline constexpr const char* checkpoint_version = "1";

/// A parameter of a model, whatever its type. What is done with all of them is compiled once for a type of parameters,
/// not once for every model.
struct AnyParameter {
  std::string name, dtype;
  Axes axes;
  Extents shape;
  void* value;  ///< a Tensor<T, R>
  void (*write)(const void* value, const Stored& to, io::SafeTensors& file);
  void (*read)(void* value, const Stored& from, const io::SafeTensors& file);
};

template <class T, int R>
AnyParameter any_parameter(const std::string& name, const Axes& axes, const Tensor<T, R>& value) {
  const auto write = [](const void* object, const Stored& to, io::SafeTensors& file) {
    const auto& x = *static_cast<const Tensor<T, R>*>(object);
    const std::string& under = to.pieces.front().name;
    if (to.layout == io::Layout::native) return file.add(under, x);
    const Extents extents = file_shape(to.shape, to.axes.order, to.layout);
    Shape<R> shape;
    std::copy_n(extents.begin(), R, shape.extents.begin());
    file.add(under, torch_order(x.reshape(Shape<1>{x.size()}), to).reshape(shape));
  };
  const auto read = [](void* object, const Stored& from, const io::SafeTensors& file) {
    auto& x = *static_cast<Tensor<T, R>*>(object);
    x = read_stored<T>(file, from).reshape(x.shape());
  };
  return {name, safe_dtype_of<T>(), axes, extents_of(value), const_cast<Tensor<T, R>*>(&value), write, read};
}

/// All parameters, to be read only if the model may be changed.
template <class M>
std::vector<AnyParameter> parameters_of(const M& model) {
  std::vector<AnyParameter> all;
  for_each_parameter(model, [&](const std::string& name, const auto& p, const Axes& axes) {
    all.push_back(any_parameter(name, axes, p.value));
  });
  return all;
}

/// As it is in a file of this library's own.
inline Stored own_storage(const std::string& prefix, const AnyParameter& p) {
  return {{io::Piece(prefix + p.name)}, io::Layout::native, {}, p.shape};
}

inline void add_each(const std::string& prefix, const std::vector<AnyParameter>& all, io::SafeTensors& file) {
  for (const auto& p : all) p.write(p.value, own_storage(prefix, p), file);
}
inline void add_each(const std::string& prefix, const std::vector<AnyParameter>& all, ExpectedTensors& expected) {
  for (const auto& p : all) expected.add(own_storage(prefix, p), p.dtype);
}

/// To a file, to what is expected of one, or to anything else that takes tensors by name.
template <class M, class File>
void add_parameters(const std::string& prefix, const M& model, File& file) {
  if constexpr (requires(const std::vector<AnyParameter>& all) { add_each(prefix, all, file); }) {
    add_each(prefix, parameters_of(model), file);
  } else {
    for_each_parameter(model, [&](const std::string& name, const auto& p) { file.add(prefix + name, p.value); });
  }
}

template <class M>
void take_parameters(const io::SafeTensors& file, const std::string& prefix, M& model) {
  for (const auto& p : parameters_of(model)) p.read(p.value, own_storage(prefix, p), file);
}

inline void set_settings(io::SafeTensors& file, const char* format, const Settings& settings) {
  file.set_metadata("format", format);
  file.set_metadata("version", checkpoint_version);
  for (const auto& [key, value] : settings) file.set_metadata("settings." + key, value);
}

inline Settings get_settings(const io::SafeTensors& file) {
  constexpr std::string_view prefix = "settings.";
  Settings settings;
  for (const auto& [key, value] : file.metadata()) {
    if (key.starts_with(prefix)) settings.emplace_back(key.substr(prefix.size()), value);
  }
  return settings;
}

inline constexpr const char* model_format = "inkling-model";
inline constexpr const char* torch_format = "pt";  // what PyTorch's own programs write

inline bool has_format(const io::SafeTensors& file, std::string_view name) {
  const std::string* format = file.metadata("format");
  return format && *format == name;
}

inline bool is_checkpoint(const io::SafeTensors& file) { return has_format(file, checkpoint_format); }

/// The layout of a file: its own if this library wrote it, else what the caller says. Shapes can't tell: a square
/// matrix fits either way.
inline io::Layout layout_of(const io::SafeTensors& file, const std::string& path, std::optional<io::Layout> told) {
  if (is_checkpoint(file) || has_format(file, model_format)) {
    if (told.value_or(io::Layout::native) == io::Layout::native) return io::Layout::native;
    throw IoError(path, "was written in this library's own layout; .layout must not be io::Layout::torch");
  }
  if (told) return *told;
  const std::string* format = file.metadata("format");
  throw IoError(path, text(!format ? "does not say who wrote it"
                           : *format == torch_format
                               ? "was written for PyTorch (its metadata say format \"pt\")"
                               : text("was written by others (its metadata say format ", short_quote(*format), ")"),
                           ", and a square matrix fits transposed, too; say .layout = io::Layout::torch if its linear "
                           "weights are (out, in), as PyTorch's are, or io::Layout::native if they are (in, out)"));
}

/// Where the file has a parameter.
inline Stored storage_of(const AnyParameter& p, const std::string& prefix, const io::Names& names, io::Layout layout) {
  check_axes(p.name, p.shape.size(), p.axes.order);
  io::Source source = names                         ? names(p.name)
                      : layout == io::Layout::torch ? io::Source(io::torch_name(p.name))
                                                    : io::Source(p.name);
  for (auto& piece : source.pieces) piece.name.insert(0, prefix);
  return {std::move(source.pieces), source.layout.value_or(layout), p.axes, p.shape};
}

/// Of tied tensors PyTorch's save_model writes one; the metadata say under the other names which.
inline void follow_ties(const io::SafeTensors& file, Stored& parameter) {
  for (auto& piece : parameter.pieces) {
    if (file.contains(piece.name)) continue;
    if (const std::string* kept = file.metadata(piece.name); kept && file.contains(*kept)) piece.name = *kept;
  }
}

}  // namespace detail

struct SaveModelOptions {
  io::Layout layout = io::Layout::native;  ///< torch: as a PyTorch module can load it
  io::Names name = {};                     ///< where a parameter is to be; a whole tensor each
};

struct LoadModelOptions {
  bool ema = true;                        ///< from a checkpoint: the averaged weights instead of the last ones
  std::optional<io::Layout> layout = {};  ///< of a file that this library did not write
  io::Names name = {};                    ///< where the file has a parameter; see io/layout.hpp
  std::vector<std::string> unused = {};   ///< names, or ends of names, of tensors that the model has no use for
};

namespace detail {

inline void save_parameters(const std::string& path, const std::vector<AnyParameter>& all, const Settings& settings,
                            const SaveModelOptions& options) {
  io::SafeTensors file;
  bool native = options.layout == io::Layout::native;
  for (const auto& p : all) {
    const Stored to = storage_of(p, "", options.name, options.layout);
    if (to.pieces.empty()) continue;
    if (to.pieces.size() > 1 || to.pieces[0].begin > 0 || to.pieces[0].end >= 0) {
      throw ValueError(
          text("save_model: ", io::json_quote(p.name), " is to be in pieces; it must be one whole tensor"));
    }
    native = native && to.layout == io::Layout::native;
    p.write(p.value, to, file);
  }
  set_settings(file, native ? model_format : torch_format, settings);
  file.save(path);
}

inline void load_parameters(const std::string& path, const std::vector<AnyParameter>& all,
                            const LoadModelOptions& options) {
  const auto file = io::SafeTensors::load(path);
  const io::Layout layout = layout_of(file, path, options.layout);
  const std::string prefix = !is_checkpoint(file) ? "" : options.ema ? "ema." : "model.";
  std::vector<Stored> stored;
  ExpectedTensors expected;
  for (const auto& p : all) {
    stored.push_back(storage_of(p, prefix, options.name, layout));
    follow_ties(file, stored.back());
    expected.add(stored.back(), p.dtype);
  }
  expected.check(file, path, prefix, false, options.unused);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!stored[i].pieces.empty()) all[i].read(all[i].value, stored[i], file);
  }
}

}  // namespace detail

/// Weights alone, under the parameters' names.
template <class M>
void save_model(const std::string& path, const M& model, const Settings& settings = {},
                const SaveModelOptions& options = {}) {
  detail::save_parameters(path, detail::parameters_of(model), settings, options);
}

/// Fills the model from a file of weights, whoever wrote it, or from a checkpoint. Half precision is widened.
template <class M>
void load_model(const std::string& path, M& model, const LoadModelOptions& options = {}) {
  M loaded = model;
  detail::load_parameters(path, detail::parameters_of(loaded), options);
  model = std::move(loaded);
}

/// What the program noted when it saved the file, sorted by key: enough to make the model that `load_model` fills.
inline Settings read_settings(const std::string& path) { return detail::get_settings(io::SafeTensors::load(path)); }

}  // namespace ink
