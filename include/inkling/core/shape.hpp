// Shape<R>: the extents of a rank-R tensor. The rank is in the type, the extents are values.
//
// Example:
//     Shape<4> images{64, 28, 28, 1};
//     Index pixels = images.size();        // 50176
//     auto steps = images.strides();       // {784, 28, 1, 1}, row-major
//
// Errors: ShapeError for the size of extents whose product no integer holds.
#pragma once

#include <array>
#include <string>

#include "inkling/core/error.hpp"
#include "inkling/core/extent.hpp"

namespace ink {

template <int R>
struct Shape;

namespace detail {

template <int R>
[[noreturn]] INKLING_NOINLINE void refuse_size(const Shape<R>& shape);

}  // namespace detail

template <int R>
struct Shape {
  static_assert(R >= 0, "a shape has rank 0 or more");
  static constexpr int rank = R;

  std::array<Index, static_cast<std::size_t>(R)> extents{};

  constexpr Shape() = default;

  template <class... I>
    requires(sizeof...(I) == static_cast<std::size_t>(R) && R > 0 && (std::is_convertible_v<I, Index> && ...))
  constexpr Shape(I... extent) : extents{static_cast<Index>(extent)...} {}

  constexpr explicit Shape(const std::array<Index, static_cast<std::size_t>(R)>& values) : extents(values) {}

  constexpr Index operator[](int axis) const { return extents[static_cast<std::size_t>(axis)]; }
  constexpr Index& operator[](int axis) { return extents[static_cast<std::size_t>(axis)]; }

  /// Number of elements; 1 for rank 0.
  constexpr Index size() const {
    Index n = 1;
    for (int a = 0; a < R; ++a) {
      if (!detail::multiply(n, (*this)[a])) detail::refuse_size(*this);
    }
    return n;
  }

  /// Row-major distances between neighbours along every axis, in elements.
  constexpr std::array<Index, static_cast<std::size_t>(R)> strides() const {
    std::array<Index, static_cast<std::size_t>(R)> steps{};
    Index step = 1;
    for (int a = R - 1; a >= 0; --a) {
      steps[static_cast<std::size_t>(a)] = step;
      step *= (*this)[a];
    }
    return steps;
  }

  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

template <class... I>
Shape(I...) -> Shape<static_cast<int>(sizeof...(I))>;

/// "(64, 28, 28, 1)"
template <int R>
std::string to_string(const Shape<R>& shape) {
  std::string out = "(";
  for (int a = 0; a < R; ++a) out += text(a ? ", " : "", shape[a]);
  return out + ")";
}

namespace detail {

template <int R>
void refuse_size(const Shape<R>& shape) {
  throw ShapeError(text("size: shape is ", shape, "; the product of its extents must be below 2^63"));
}

/// Turns -1, -2, … into the axis counted from the end and refuses what is outside.
constexpr int axis_index(int axis, int rank) {
  const int index = axis < 0 ? axis + rank : axis;
  if (index < 0 || index >= rank) {
    throw ShapeError(text("axis: ", axis, " of a rank-", rank, " tensor; it must be in [", -rank, ", ", rank, ")"));
  }
  return index;
}

/// The place of element `flat`, counted in row-major order; written as a shape is: "(2, 0, 5)".
template <int R>
Shape<R> place_in(const Shape<R>& shape, Index flat) {
  Shape<R> place;
  for (int a = R - 1; a >= 0; --a) {
    place[a] = flat % shape[a];
    flat /= shape[a];
  }
  return place;
}

/// How messages call an element: "ids(1, 2)".
template <int R>
std::string element_text(const char* name, const Shape<R>& shape, Index flat) {
  return text(name, place_in(shape, flat));
}

/// No negative extent, and extents whose product fits; those of 0 count as 1, so that strides fit as well.
template <int R>
constexpr bool is_allocatable(const Shape<R>& shape) {
  Extent n = 1;
  for (int a = 0; a < R; ++a) n = n * (shape[a] == 0 ? 1 : shape[a]);
  return n.fits();
}

template <int R>
void check_allocatable(const Shape<R>& shape) {
  if (is_allocatable(shape)) return;
  for (int a = 0; a < R; ++a) {
    if (shape[a] < 0) throw ShapeError(text("tensor: shape is ", shape, "; extents must not be negative"));
  }
  throw ShapeError(text("tensor: shape is ", shape, "; it must have at most 2^48 elements"));
}

}  // namespace detail
}  // namespace ink
