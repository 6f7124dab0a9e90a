// Packing for the matrix product: copies a block of A or B into the panels that the micro-kernel reads.
//
// Packed once, a panel is read many times from the nearest cache, in order, whatever the layout of the source. A packer
// is a small callable; convolution brings its own, which gather patches of an image instead of rows of a matrix.
//
//   pack_a(dst, row0, rows, k0, ks, stride)    order rows:    dst[r * stride + k] = A(row0 + r, k0 + k)
//                                              order columns: dst[k * stride + r] = A(row0 + r, k0 + k)
//   pack_b(dst, col0, columns, k0, ks, stride)                dst[k * stride + j] = B(k0 + k, col0 + j)
//
// A packer of a matrix in plain memory says where it lies: `data` with a row every `ld` elements (null if that is not
// so after all). Then it may be read without packing, and fetched ahead.
//
// The product sees a packer as an Operand, through a pointer to its code: it is compiled once for all packers.
#pragma once

#include <cstring>

#include "inkling/core/function_ref.hpp"
#include "inkling/kernels/gemm_micro.hpp"

namespace ink::kernels {
namespace detail {

template <int Width, class T>
void copy_fixed_rows(T* dst, Index dst_stride, const T* src, Index src_stride, Index count) {
  for (Index i = 0; i < count; ++i) __builtin_memcpy(dst + i * dst_stride, src + i * src_stride, Width * sizeof(T));
}

/// Copies `count` rows of `width` elements; the widths of full panels have loops of their own, without library calls.
template <class T>
void copy_rows(T* dst, Index dst_stride, const T* src, Index src_stride, Index count, Index width) {
  switch (width) {
    case 4: return copy_fixed_rows<4>(dst, dst_stride, src, src_stride, count);
    case 6: return copy_fixed_rows<6>(dst, dst_stride, src, src_stride, count);
    case 8: return copy_fixed_rows<8>(dst, dst_stride, src, src_stride, count);
    case 12: return copy_fixed_rows<12>(dst, dst_stride, src, src_stride, count);
    case 16: return copy_fixed_rows<16>(dst, dst_stride, src, src_stride, count);
    case 32: return copy_fixed_rows<32>(dst, dst_stride, src, src_stride, count);
    default: break;
  }
  if (width > 32) {
    const auto bytes = static_cast<std::size_t>(width) * sizeof(T);
    for (Index i = 0; i < count; ++i) std::memcpy(dst + i * dst_stride, src + i * src_stride, bytes);
    return;
  }
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < width; ++j) dst[i * dst_stride + j] = src[i * src_stride + j];
  }
}

/// dst[j * dst_stride + i] = src[i * src_stride + j] for one 16-byte vector of rows and columns.
template <class T>
INKLING_INLINE void transpose_square(T* dst, Index dst_stride, const T* src, Index src_stride) {
  using V = typename Simd<T, 16>::type;
  constexpr int lanes = Simd<T, 16>::lanes;
  V row[lanes];
  unroll<lanes>([&](int i) INKLING_LAMBDA_INLINE { __builtin_memcpy(&row[i], src + i * src_stride, 16); });
  if constexpr (lanes == 2) {
    const V c0 = __builtin_shufflevector(row[0], row[1], 0, 2), c1 = __builtin_shufflevector(row[0], row[1], 1, 3);
    __builtin_memcpy(dst, &c0, 16);
    __builtin_memcpy(dst + dst_stride, &c1, 16);
  } else {
    const V low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const V low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const V high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const V high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    const V column[4] = {
        __builtin_shufflevector(low01, low23, 0, 1, 4, 5), __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
        __builtin_shufflevector(high01, high23, 0, 1, 4, 5), __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
    unroll<4>([&](int j) INKLING_LAMBDA_INLINE { __builtin_memcpy(dst + j * dst_stride, &column[j], 16); });
  }
}

/// dst[j * dst_stride + i] = src[i * src_stride + j], i < rows, j < columns.
template <class T>
void transpose_block(T* dst, Index dst_stride, const T* src, Index src_stride, Index rows, Index columns) {
  constexpr Index square = Simd<T, 16>::lanes;
  Index i = 0;
  for (; i + square <= rows; i += square) {
    const T* s = src + i * src_stride;
    Index j = 0;
    for (; j + square <= columns; j += square) {
      transpose_square(dst + j * dst_stride + i, dst_stride, s + j, src_stride);
    }
    for (; j < columns; ++j) {
      for (Index r = 0; r < square; ++r) dst[j * dst_stride + i + r] = s[r * src_stride + j];
    }
  }
  for (; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) dst[j * dst_stride + i] = src[i * src_stride + j];
  }
}

/// A packer as the product sees it: how to pack it, and where its matrix lies.
template <class T>
struct Operand {
  FunctionRef<void(T* dst, Index first, Index count, Index k0, Index ks, Index stride)> pack;
  const T* data = nullptr;  ///< null: not in plain memory
  Index ld = 0;

  template <class Pack>
  explicit Operand(const Pack& packer) : pack(packer) {
    if constexpr (requires { packer.data; }) {
      data = packer.data;
      ld = packer.ld;
    }
  }
};

}  // namespace detail

/// A as it stands: row-major (m, k).
template <class T>
struct PackRowsOfA {
  static constexpr PanelOrder order = PanelOrder::rows;
  const T* data;
  Index ld;
  void operator()(T* dst, Index row0, Index rows, Index k0, Index ks, Index stride) const {
    detail::copy_rows(dst, stride, data + row0 * ld + k0, ld, rows, ks);
  }
};

/// A given transposed: row-major (k, m).
template <class T>
struct PackColumnsOfA {
  static constexpr PanelOrder order = PanelOrder::columns;
  const T* data;
  Index ld;
  void operator()(T* dst, Index row0, Index rows, Index k0, Index ks, Index stride) const {
    detail::copy_rows(dst, stride, data + k0 * ld + row0, ld, ks, rows);
  }
};

/// B as it stands: row-major (k, n). A few rows of A multiply it in place, without packing.
template <class T>
struct PackRowsOfB {
  const T* data;
  Index ld;
  void operator()(T* dst, Index col0, Index columns, Index k0, Index ks, Index stride) const {
    detail::copy_rows(dst, stride, data + k0 * ld + col0, ld, ks, columns);
  }
};

/// B given transposed: row-major (n, k).
template <class T>
struct PackColumnsOfB {
  const T* columns;  ///< not `data`: it cannot be read as it lies
  Index ld;
  void operator()(T* dst, Index col0, Index count, Index k0, Index ks, Index stride) const {
    detail::transpose_block(dst, stride, columns + col0 * ld + k0, ld, count, ks);
  }
};

}  // namespace ink::kernels
