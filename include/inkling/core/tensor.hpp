// Tensor<T, R>: a dense, row-major array of rank R with value semantics.
//
// The element type and the rank are in the type, so a wrong rank does not compile; the extents are values, so batches
// may be partial, and a wrong extent throws. Copies share their storage until one of them is written (copy on write):
// passing tensors by value is cheap, and a copy never aliases later writes. Storage is 64-byte aligned and pooled.
//
// Errors: ShapeError for a wrong number of elements, a wrong extent, or an index outside.
//
// Example:
//     Tensor<float, 2> a({2, 3});                          // zeros
//     Tensor<float, 2> b(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
//     a(1, 2) = 4.0f;                                      // checked
//     float x = b(0, 1);
//     Tensor<float, 1> flat = b.reshape(Shape{6});         // no copy
//     float sum = 0;
//     for (float v : flat.values()) sum += v;
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>

#include "inkling/core/memory.hpp"
#include "inkling/core/shape.hpp"

namespace ink {

template <class T, int R>
class Tensor {
  static_assert(std::is_trivially_copyable_v<T>, "elements are plain values");

 public:
  using value_type = T;
  static constexpr int rank = R;

  /// Rank 0: a zero. Otherwise empty: every extent 0.
  Tensor() : Tensor(Shape<R>{}) {}

  /// Zeros.
  explicit Tensor(const Shape<R>& shape) : Tensor(shape, T{}) {}

  Tensor(const Shape<R>& shape, T fill) : Tensor(uninitialized(shape)) { std::fill_n(raw(), size(), fill); }

  Tensor(const Shape<R>& shape, std::initializer_list<T> elements)
      : Tensor(from(shape, std::span<const T>(elements.begin(), elements.size()))) {}

  /// A scalar.
  Tensor(T scalar)
    requires(R == 0)
      : Tensor(Shape<0>{}, scalar) {}

  static Tensor uninitialized(const Shape<R>& shape) {
    detail::check_allocatable(shape);
    return Tensor(shape, detail::Storage(static_cast<std::size_t>(shape.size()) * sizeof(T)));
  }

  static Tensor from(const Shape<R>& shape, std::span<const T> elements) {
    detail::check_allocatable(shape);
    if (static_cast<Index>(elements.size()) != shape.size()) {
      throw ShapeError(
          text("tensor: shape is ", shape, ", elements are ", elements.size(), "; it needs ", shape.size()));
    }
    Tensor out = uninitialized(shape);
    std::copy(elements.begin(), elements.end(), out.raw());
    return out;
  }

  /// As `uninitialized` with old's shape, but in old's memory if no one else sees it: for results that are written over
  /// what they are computed from.
  static Tensor replacing(Tensor&& old) { return old.storage_.unique() ? std::move(old) : uninitialized(old.shape()); }

  /// Wraps storage that holds at least shape.size() elements of T.
  static Tensor adopt(const Shape<R>& shape, detail::Storage storage) { return Tensor(shape, std::move(storage)); }

  const Shape<R>& shape() const { return shape_; }
  Index extent(int axis) const { return shape_[detail::axis_index(axis, R)]; }
  Index size() const { return shape_.size(); }
  bool empty() const { return size() == 0; }

  const T* data() const { return raw(); }

  /// Pointer for writing; copies the elements first if they are shared.
  T* mutable_data() {
    if (!storage_.unique()) *this = from(shape_, values());
    return raw();
  }

  std::span<const T> values() const { return {raw(), static_cast<std::size_t>(size())}; }
  std::span<T> mutable_values() { return {mutable_data(), static_cast<std::size_t>(size())}; }

  template <class... I>
    requires(sizeof...(I) == static_cast<std::size_t>(R) && (std::is_convertible_v<I, Index> && ...))
  const T& operator()(I... index) const {
    return raw()[offset({static_cast<Index>(index)...})];
  }

  template <class... I>
    requires(sizeof...(I) == static_cast<std::size_t>(R) && (std::is_convertible_v<I, Index> && ...))
  T& operator()(I... index) {
    return mutable_data()[offset({static_cast<Index>(index)...})];
  }

  /// The only element.
  T item() const {
    if (size() != 1) throw ShapeError(text("item: tensor is ", shape_, "; it must have exactly one element"));
    return *raw();
  }

  /// The same elements under another shape; shares the storage. One extent may be -1: it is worked out.
  template <int R2>
  Tensor<T, R2> reshape(Shape<R2> shape) const {
    const Shape<R2> asked = shape;
    int open = -1;
    for (int a = 0; a < R2 && open < 0; ++a) {
      if (shape[a] == -1) open = a;
    }
    if (open >= 0) {
      shape[open] = 1;
      const Index known = detail::is_allocatable(shape) ? shape.size() : 0;
      shape[open] = known > 0 && size() % known == 0 ? size() / known : -1;
    }
    if (!detail::is_allocatable(shape) || shape.size() != size()) {
      throw ShapeError(text("reshape: tensor is ", shape_, ", shape is ", asked, "; both need the same size"));
    }
    return Tensor<T, R2>::adopt(shape, storage_);
  }

  /// Element-wise conversion; the same tensor if the type is the same.
  template <class U>
  Tensor<U, R> cast() const {
    if constexpr (std::is_same_v<T, U>) {
      return *this;
    } else {
      auto out = Tensor<U, R>::uninitialized(shape_);
      std::transform(raw(), raw() + size(), out.mutable_data(), [](T x) { return static_cast<U>(x); });
      return out;
    }
  }

  const detail::Storage& storage() const& { return storage_; }
  detail::Storage storage() && { return std::move(storage_); }

  /// Whether both see the same memory: copies do, until one is written.
  bool shares_storage_with(const Tensor& other) const { return raw() == other.raw(); }

 private:
  Tensor(const Shape<R>& shape, detail::Storage storage) : shape_(shape), storage_(std::move(storage)) {}

  T* raw() const { return reinterpret_cast<T*>(storage_.data()); }

  Index offset(const std::array<Index, static_cast<std::size_t>(R)>& index) const {
    const auto steps = shape_.strides();
    Index at = 0;
    for (int a = 0; a < R; ++a) {
      const auto i = index[static_cast<std::size_t>(a)];
      if (i < 0 || i >= shape_[a]) {
        throw ShapeError(text("element: tensor is ", shape_, ", index is ", Shape<R>(index), "; index[", a,
                              "] must be in [0, ", shape_[a], ")"));
      }
      at += i * steps[static_cast<std::size_t>(a)];
    }
    return at;
  }

  Shape<R> shape_;
  detail::Storage storage_;
};

/// Equal shapes and equal elements (a NaN is not equal to itself).
template <class T, int R>
bool operator==(const Tensor<T, R>& a, const Tensor<T, R>& b) {
  return a.shape() == b.shape() && std::equal(a.values().begin(), a.values().end(), b.values().begin());
}

}  // namespace ink
