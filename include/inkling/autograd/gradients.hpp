// Gradients: what a backward pass returns, one tensor per leaf that the loss depends on.
//
// A leaf that the loss does not depend on has the gradient zero, as has a constant. Gradients of several tapes over one
// model can be added (`accumulate`): that is gradient accumulation and data parallelism.
//
// Errors: ValueError when the gradient of a variable is asked for that is not a leaf of the tape that was walked.
//
// Example:
//     Tape tape;
//     auto w = tape.variable(Tensor<float, 1>(Shape{2}, {3.0f, 4.0f}));
//     Gradients gradients = tape.backward(sum(w * w));
//     gradients.scale(0.5);
//     float first = gradients[w](0);                       // 3
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "inkling/core/parallel.hpp"
#include "inkling/core/tensor.hpp"

namespace ink {

template <class T, int R>
class Var;
template <class T, int R>
struct Parameter;

namespace detail {

/// Arithmetic on storage whose element type is known only here.
struct GradientType {
  void (*add)(Storage& to, const Storage& from);
  void (*scale)(Storage& values, double factor);
};

template <class T>
T* writable(Storage& storage) {
  if (!storage.unique()) {
    Storage copy(storage.bytes());
    std::copy_n(storage.data(), storage.bytes(), copy.data());
    storage = std::move(copy);
  }
  return reinterpret_cast<T*>(storage.data());
}

template <class T>
GradientType gradient_type() {
  static_assert(std::is_floating_point_v<T>, "gradients are real numbers");
  constexpr Index grain = 16384;
  return {[](Storage& to, const Storage& from) {
    T* y = writable<T>(to);
    const T* x = reinterpret_cast<const T*>(from.data());
    parallel_for(static_cast<Index>(from.bytes() / sizeof(T)), grain, [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] += x[i];
    });
  }, [](Storage& values, double factor) {
    T* y = writable<T>(values);
    parallel_for(static_cast<Index>(values.bytes() / sizeof(T)), grain, [=](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] *= static_cast<T>(factor);
    });
  }};
}

}  // namespace detail

class Gradients {
 public:
  struct Entry {
    int id;
    const void* parameter;
    detail::GradientType type;
    detail::Storage values;  ///< none: the loss does not depend on it
  };

  /// The gradient of a `Tape::variable` or of a parameter's leaf, zeros if the loss does not depend on it.
  template <class T, int R>
  Tensor<T, R> operator[](const Var<T, R>& variable) const {
    if (!variable.wants_gradient()) return Tensor<T, R>(variable.shape());
    for (const auto& entry : entries_) {
      if (entry.id != variable.id()) continue;
      if (!entry.values) return Tensor<T, R>(variable.shape());
      if (entry.values.bytes() != sizeof(T) * static_cast<std::size_t>(variable.size())) break;
      return Tensor<T, R>::adopt(variable.shape(), entry.values);
    }
    throw ValueError(text("gradients: the variable is node ", variable.id(),
                          ", which is no leaf of the tape that was walked; only leaves have gradients"));
  }

  /// The gradient of a model's parameter, zeros if the loss does not depend on it.
  template <class T, int R>
  Tensor<T, R> of(const Parameter<T, R>& parameter) const {
    const Entry* entry = find(&parameter);
    return entry && entry->values ? Tensor<T, R>::adopt(parameter.value.shape(), entry->values)
                                  : Tensor<T, R>(parameter.value.shape());
  }

  template <class T, int R>
  bool has(const Parameter<T, R>& parameter) const {
    const Entry* entry = find(&parameter);
    return entry && entry->values;
  }

  /// Adds the parameter gradients of another pass over the same model.
  void accumulate(const Gradients& other) {
    for (const auto& entry : other.entries_) {
      if (!entry.parameter || !entry.values) continue;
      auto* mine = const_cast<Entry*>(find(entry.parameter));
      if (!mine) {
        insert({-1, entry.parameter, entry.type, entry.values});
      } else if (!mine->values) {
        mine->values = entry.values;
      } else {
        mine->type.add(mine->values, entry.values);
      }
    }
  }

  void scale(double factor) {
    for (auto& entry : entries_) entry.type.scale(entry.values, factor);
  }

  void insert(Entry entry) {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), entry, before);
    entries_.insert(at, std::move(entry));
  }

 private:
  static std::uintptr_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }
  static bool before(const Entry& a, const Entry& b) { return address(a.parameter) < address(b.parameter); }

  const Entry* find(const void* parameter) const {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), parameter,
                                     [](const Entry& e, const void* p) { return address(e.parameter) < address(p); });
    return at != entries_.end() && at->parameter == parameter ? &*at : nullptr;
  }

  detail::PoolVector<Entry> entries_;
};

}  // namespace ink
