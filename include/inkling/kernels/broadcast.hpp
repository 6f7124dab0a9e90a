// BroadcastReader: the elements of a small operand in the order of a larger, broadcast result.
//
// A fused element-wise loop runs over blocks of its result that stay in the first-level cache. An operand of the
// result's own shape is read in place; any other is laid out for one block at a time, by copying or repeating runs, so
// that a stretched operand is never written out in full.
//
// The type does not depend on the rank: a loop over readers is compiled once for all of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace ink::kernels {

template <class T>
class BroadcastReader {
 public:
  static constexpr std::size_t max_rank = 8;

  /// An operand of the result's shape.
  explicit BroadcastReader(const T* data) : data_(data), contiguous_(true) {}

  /// `extents`: the result's, at most max_rank; `strides`: the operand's along the same axes, 0 where it is stretched.
  BroadcastReader(const T* data, std::span<const std::int64_t> extents, std::span<const std::int64_t> strides)
      : data_(data) {
    // Neighbouring axes that the operand walks in one stride, or not at all, become one.
    for (std::size_t axis = extents.size(); axis-- > 0;) {
      if (extents[axis] == 1) continue;
      if (axes_ > 0 && strides[axis] == strides_[axes_ - 1] * extents_[axes_ - 1]) {
        extents_[axes_ - 1] *= extents[axis];
      } else {
        extents_[axes_] = extents[axis];
        strides_[axes_] = strides[axis];
        ++axes_;
      }
    }
    contiguous_ = axes_ == 0 || (axes_ == 1 && strides_[0] == 1);
  }

  /// Elements [begin, end) of the broadcast operand: in place where possible, else in `buffer`.
  const T* read(std::int64_t begin, std::int64_t end, T* buffer) const {
    if (contiguous_) return data_ + begin;
    std::array<std::int64_t, max_rank> at{};
    std::int64_t rest = begin, offset = 0;
    for (std::size_t a = 0; a < axes_; ++a) {
      at[a] = rest % extents_[a];
      rest /= extents_[a];
      offset += at[a] * strides_[a];
    }
    T* out = buffer;
    for (std::int64_t left = end - begin; left > 0;) {
      const std::int64_t run = std::min(left, extents_[0] - at[0]);
      const T* from = data_ + offset;
      if (strides_[0] == 0) {
        std::fill_n(out, run, *from);
      } else if (strides_[0] == 1) {
        std::copy_n(from, run, out);
      } else {
        for (std::int64_t i = 0; i < run; ++i) out[i] = from[i * strides_[0]];
      }
      out += run;
      left -= run;
      offset -= at[0] * strides_[0];
      at[0] = 0;
      for (std::size_t a = 1; a < axes_; ++a) {
        offset += strides_[a];
        if (++at[a] < extents_[a]) break;
        offset -= at[a] * strides_[a];
        at[a] = 0;
      }
    }
    return buffer;
  }

 private:
  const T* data_;
  std::array<std::int64_t, max_rank> extents_{}, strides_{};
  std::size_t axes_ = 0;
  bool contiguous_ = false;
};

}  // namespace ink::kernels
