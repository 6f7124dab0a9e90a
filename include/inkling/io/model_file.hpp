// Model files: the weights of a model, in one safetensors file, under the parameters' plain names, as other programs
// expect them.
//
// save_model     writes the weights and, as metadata, the program's own settings ("settings.<key>")
// load_model     fills a model from a file of weights, whoever wrote it, or from a checkpoint (train/checkpoint.hpp),
//                and from that the average unless told otherwise; half precision is widened
// read_settings  what the program noted when it saved the file: enough to make the model that load_model fills
//
// Loading compares every name, element type and shape first and says what is missing, extra or different; on any error
// nothing has changed.
//
// Errors: IoError with the path for a file that cannot be read or written, is not safetensors, or does not fit the
// model.
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
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/core/sorted_order.hpp"
#include "inkling/io/safetensors.hpp"
#include "inkling/nn/module.hpp"

namespace ink {

/// Text that a program keeps with its weights, such as the options the model was made with.
using Settings = std::vector<std::pair<std::string, std::string>>;

namespace detail {

inline constexpr const char* checkpoint_format = "inkling-checkpoint";
inline constexpr const char* checkpoint_version = "1";

/// Collects what a file must hold and compares.
class ExpectedTensors {
 public:
  template <class T, int R>
  void add(std::string name, const Tensor<T, R>& tensor) {
    const auto& extents = tensor.shape().extents;
    wanted_.push_back({std::move(name), safe_dtype_of<T>(), {extents.begin(), extents.end()}});
  }

  /// Throws unless the file's tensors, of those whose name starts with `prefix`, are exactly the expected ones.
  /// Conversions that lose nothing are let through if `exact` is false.
  void check(const io::SafeTensors& file, const std::string& path, std::string_view prefix, bool exact) {
    const auto by_name =
        sorted_order(wanted_.size(), [&](std::size_t a, std::size_t b) { return wanted_[a].name < wanted_[b].name; });
    List missing{"missing"}, extra{"extra"}, different{"different"};
    std::size_t next = 0;
    const auto want = [&] { return next < by_name.size() ? &wanted_[by_name[next]] : nullptr; };
    for (const auto& entry : file.entries()) {
      if (!std::string_view(entry.name).starts_with(prefix)) continue;
      for (; want() && want()->name < entry.name; ++next) missing.add(io::json_quote(want()->name));
      if (!want() || want()->name != entry.name) {
        extra.add(io::json_quote(entry.name));
        continue;
      }
      const Wanted& wanted = *want();
      ++next;
      const bool convertible = entry.dtype == wanted.dtype ||
                               (!exact && (entry.dtype == "F16" || entry.dtype == "BF16" || entry.dtype == "F32") &&
                                (wanted.dtype == "F32" || wanted.dtype == "F64"));
      if (!convertible || entry.shape != wanted.shape) {
        different.add(text(io::json_quote(wanted.name), " is ", entry.dtype, " ", shape_text(entry.shape),
                           " and must be ", wanted.dtype, " ", shape_text(wanted.shape)));
      }
    }
    for (; want(); ++next) missing.add(io::json_quote(want()->name));
    const std::string found = missing.message + extra.message + different.message;
    if (!found.empty()) throw IoError(path, "does not fit the model" + found);
  }

 private:
  struct Wanted {
    std::string name, dtype;
    std::vector<Index> shape;
  };

  struct List {
    const char* title;
    std::string message = {};

    void add(const std::string& item) {
      message += text(message.empty() ? "; " : ", ", message.empty() ? title : "", message.empty() ? ": " : "", item);
    }
  };

  std::vector<Wanted> wanted_;
};

template <class M, class File>
void add_parameters(const std::string& prefix, const M& model, File& file) {
  for_each_parameter(model, [&](const std::string& name, const auto& p) { file.add(prefix + name, p.value); });
}

template <class M>
void take_parameters(const io::SafeTensors& file, const std::string& prefix, M& model) {
  for_each_parameter(model, [&](const std::string& name, auto& p) {
    using Value = std::remove_cvref_t<decltype(p.value)>;
    p.value = file.get<typename Value::value_type, Value::rank>(prefix + name);
  });
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

inline bool is_checkpoint(const io::SafeTensors& file) {
  const std::string* format = file.metadata("format");
  return format && *format == checkpoint_format;
}

}  // namespace detail

/// Weights alone, under the parameters' names.
template <class M>
void save_model(const std::string& path, const M& model, const Settings& settings = {}) {
  io::SafeTensors file;
  detail::add_parameters("", model, file);
  detail::set_settings(file, "inkling-model", settings);
  file.save(path);
}

struct LoadModelOptions {
  bool ema = true;  ///< from a checkpoint: the averaged weights instead of the last ones
};

/// Fills the model from a file of weights, whoever wrote it, or from a checkpoint. Half precision is widened.
template <class M>
void load_model(const std::string& path, M& model, const LoadModelOptions& options = {}) {
  const auto file = io::SafeTensors::load(path);
  const std::string prefix = !detail::is_checkpoint(file) ? "" : options.ema ? "ema." : "model.";
  detail::ExpectedTensors expected;
  detail::add_parameters(prefix, model, expected);
  expected.check(file, path, prefix, false);
  M loaded = model;
  detail::take_parameters(file, prefix, loaded);
  model = std::move(loaded);
}

/// What the program noted when it saved the file, sorted by key: enough to make the model that `load_model` fills.
inline Settings read_settings(const std::string& path) { return detail::get_settings(io::SafeTensors::load(path)); }

}  // namespace ink
