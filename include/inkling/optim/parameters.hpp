// ParameterList: which parameters a model has, so that what is kept beside a model can be checked against it.
//
// Optimisers and averages keep numbers for every parameter in the order of `visit`. They do not point into the model,
// which is a value and may move; instead they remember the parameters' names, shapes and types, and compare.
//
// Errors: ValueError for another name, number or type of parameters, ShapeError for another shape.
//
// Example (declarations):
//     struct Line {
//       Parameter<float, 1> slope{Tensor<float, 1>(Shape{3}, 1.0f)};
//       static void visit(auto& self, auto&& f) { f("slope", self.slope); }
//     };
// Example:
//     Line line;
//     detail::ParameterList list(line);
//     list.check("average", line);
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/autograd/gradients.hpp"
#include "inkling/core/memory.hpp"
#include "inkling/nn/module.hpp"

namespace ink::detail {

class ParameterList {
 public:
  template <class M>
  explicit ParameterList(const M& model) {
    for_each_parameter(model, [&](const std::string& name, const auto& p) {
      const auto& extents = p.shape().extents;
      entries_.push_back({name, {extents.begin(), extents.end()}, sizeof(*p.value.data()), p.value.size()});
    });
  }

  std::size_t size() const { return entries_.size(); }

  /// Whether some parameter is of float: options must then be good as float.
  bool as_float() const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const Entry& e) { return e.element_bytes == sizeof(float); });
  }

  /// One block of zeros for every parameter.
  std::vector<Storage> zeros() const {
    std::vector<Storage> blocks;
    blocks.reserve(entries_.size());
    for (const auto& entry : entries_) {
      blocks.emplace_back(static_cast<std::size_t>(entry.elements) * entry.element_bytes);
      if (blocks.back()) std::memset(blocks.back().data(), 0, blocks.back().bytes());
    }
    return blocks;
  }

  /// Throws unless the model has exactly these parameters.
  template <class M>
  void check(const char* operation, const M& model) const {
    std::size_t i = 0;
    for_each_parameter(model, [&](const ParameterName& name, const auto& p) {
      if (i < entries_.size()) check_one(operation, entries_[i], name, p);
      ++i;
    });
    if (i != entries_.size()) {
      throw ValueError(text(operation, ": model has ", i, " parameters, state has ", entries_.size(),
                            "; both must come from one model"));
    }
  }

  /// Throws if there are parameters and not one has a gradient: the gradients then belong to another copy of the model.
  template <class M>
  void check(const char* operation, const M& model, const Gradients& gradients) const {
    check(operation, model);
    bool any = false, wanted = false;
    for_each_parameter(model, [&](const auto&, const auto& p) {
      wanted = wanted || !p.value.empty();
      any = any || gradients.has(p);
    });
    if (wanted && !any) {
      throw ValueError(text(operation, ": gradients are of none of the model's parameters; they must come from a loss ",
                            "of this very model, not of a copy"));
    }
  }

 private:
  struct Entry {
    std::string name;
    std::vector<Index> shape;
    std::size_t element_bytes;
    Index elements;
  };

  template <class T, int R>
  static void check_one(const char* operation, const Entry& entry, const ParameterName& name,
                        const Parameter<T, R>& p) {
    if (!(name == entry.name) || entry.element_bytes != sizeof(T)) {
      throw ValueError(text(operation, ": model has ", 8 * sizeof(T), "-bit ", std::string(name), ", state has ",
                            8 * entry.element_bytes, "-bit ", entry.name, "; both must come from one model"));
    }
    bool same = entry.shape.size() == static_cast<std::size_t>(R);
    for (int a = 0; same && a < R; ++a) same = entry.shape[static_cast<std::size_t>(a)] == p.shape()[a];
    if (!same) {
      std::string shape;
      for (const Index extent : entry.shape) shape += text(shape.empty() ? "" : ", ", extent);
      throw ShapeError(text(operation, ": ", std::string(name), " is ", p.shape(), ", its state is (", shape,
                            "); both must be equal"));
    }
  }

  std::vector<Entry> entries_;
};

/// All that an update needs memory for, so that it changes everything or nothing: every parameter's own copy of what it
/// shares, and the gradients, zeros where there is none.
template <class M>
PoolVector<Storage> prepare_update(M& model, const Gradients& gradients) {
  PoolVector<Storage> all;
  for_each_parameter(model, [&](const auto&, auto& p) {
    if (!p.value.empty()) p.value.mutable_data();
    all.push_back(p.value.empty() ? Storage() : gradients.of(p).storage());
  });
  return all;
}

inline void make_own(std::vector<Storage>& blocks) {
  for (Storage& block : blocks) {
    if (block) writable<unsigned char>(block);
  }
}

}  // namespace ink::detail
