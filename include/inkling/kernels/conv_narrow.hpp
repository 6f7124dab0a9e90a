// Convolution of few channels with channels in the lanes of a vector, straight from and to images of channels last.
//
//   forward    a vector is the output channels of a pixel: each input element is multiplied by a vector of weights
//   data       a vector is the weights of one row of the window, all its columns and channels: what an output pixel
//              gives to a row of dx is added there in one piece, and no product with a border's zeros is formed
//   weights    a vector is the output channels: a tile of weights stays in registers while the pixels of a block of
//              images pass; the blocks are added in order
//
// Nothing is rearranged but a border of zeros around the image, if it has one. The forward pass adds in the order of
// the matrix product, with the same bits. An image is one task: the same bits at any number of threads.
#pragma once

#include <algorithm>
#include <bit>
#include <type_traits>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/conv_patches.hpp"
#include "inkling/kernels/isa.hpp"
#include "inkling/kernels/math.hpp"

namespace ink::kernels::detail {

inline constexpr Index narrow_slack = 32;   // elements that a vector may read or write beyond the last one
inline constexpr Index narrow_images = 16;  // of one block of the weight gradient

/// Whether `count` elements fill half of the vectors that they need, or more.
template <class T>
bool fills_vectors(Index count) {
  const Index bytes = isa() == Isa::avx512 ? 64 : isa() == Isa::avx2 ? 32 : 16, lanes = bytes / Index{sizeof(T)};
  return 2 * count >= (count + lanes - 1) / lanes * lanes;
}

/// The elements between two lines of an image with its border.
inline Index bordered_line(const ConvShape& s) { return (s.w + s.pad_left + s.pad_right) * s.cin; }
inline Index bordered_size(const ConvShape& s) { return (s.h + s.pad_top + s.pad_bottom) * bordered_line(s); }

/// One image with a border of zeros.
template <class T>
void copy_bordered(const ConvShape& s, const T* image, T* out) {
  const Index line = bordered_line(s), row = s.w * s.cin;
  std::fill_n(out, bordered_size(s), T(0));
  for (Index r = 0; r < s.h; ++r) {
    std::copy_n(image + r * row, row, out + (r + s.pad_top) * line + s.pad_left * s.cin);
  }
}

/// One vector of output channels of `Pixels` neighbours; writes whole vectors.
template <class T, int Width, int Pixels>
INKLING_INLINE void narrow_tile(const T* x, Index step, const Index* offsets, Index terms, const T* weight, Index ld,
                                const T* bias, T* y, Index y_step) {
  using V = typename Simd<T, Width>::type;
  V sum[Pixels] = {}, w;
  for (Index k = 0; k < terms; ++k) {
    __builtin_memcpy(&w, weight + k * ld, sizeof(V));
    const T* at = x + offsets[k];
    unroll<Pixels>([&](int j) INKLING_LAMBDA_INLINE { sum[j] += at[j * step] * w; });
  }
  __builtin_memcpy(&w, bias, sizeof(V));
  unroll<Pixels>([&](int j) INKLING_LAMBDA_INLINE {
    const V result = sum[j] + w;
    __builtin_memcpy(y + j * y_step, &result, sizeof(V));
  });
}

/// One line of one vector of output channels. The last tile may compute again what the one before it has.
template <class T, int Width>
INKLING_INLINE void narrow_line(const T* x, Index step, const Index* offsets, Index terms, const T* weight, Index ld,
                                const T* bias, T* y, Index y_step, Index pixels) {
  const auto tile = [&]<int Pixels>(Index at, std::integral_constant<int, Pixels>) INKLING_LAMBDA_INLINE {
    narrow_tile<T, Width, Pixels>(x + at * step, step, offsets, terms, weight, ld, bias, y + at * y_step, y_step);
  };
  Index j = 0;
  for (; pixels - j >= 14; j += 14) tile(j, std::integral_constant<int, 14>{});
  if (j == pixels) return;
  const Index rest = pixels - j;
  if (rest > 10 && pixels >= 14) return tile(pixels - 14, std::integral_constant<int, 14>{});
  if (rest > 5 && rest <= 10 && pixels >= 10) return tile(pixels - 10, std::integral_constant<int, 10>{});
  if (pixels >= 5) {
    if (rest > 10) {
      tile(j, std::integral_constant<int, 10>{});
    } else if (rest > 5) {
      tile(j, std::integral_constant<int, 5>{});
    }
    return tile(pixels - 5, std::integral_constant<int, 5>{});
  }
  for (; j < pixels; ++j) tile(j, std::integral_constant<int, 1>{});
}

/// `taps` are those of the forward pass.
template <class T>
void narrow_forward(const ConvShape& s, const T* x, const T* weight, const T* bias, T* y, const Tap* taps,
                    Index tap_count) {
  const Index oh = s.oh(), row = s.ow() * s.cout, line = bordered_line(s), terms = tap_count * s.cin;
  const Index ld = (s.cout + 15) / 16 * 16;
  Scratch<T> padded((terms + 1) * ld);
  Scratch<Index> offsets(terms + 1);
  std::fill_n(padded.data(), padded.size(), T(0));
  for (Index k = 0; k < terms; ++k) {
    const Tap& tap = taps[k / s.cin];
    std::copy_n(weight + (tap.index * s.cin + k % s.cin) * s.cout, s.cout, padded.data() + k * ld);
    offsets[k] = (tap.h + s.pad_top) * line + (tap.w + s.pad_left) * s.cin + k % s.cin;
  }
  T* shift = padded.data() + terms * ld;
  if (bias) std::copy_n(bias, s.cout, shift);
  const bool border = bordered_size(s) != s.h * s.w * s.cin;
  parallel_for(s.n, 4, [&](Index begin, Index end) {
    Scratch<T> copy(border ? bordered_size(s) : 1), last(row + narrow_slack);
    for (Index n = begin; n < end; ++n) {
      const T* image = x + n * s.h * s.w * s.cin;
      if (border) copy_bordered(s, image, copy.data());
      const T* in = border ? copy.data() : image;
      T* out = y + n * oh * row;
      dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
        constexpr Index lanes = Simd<T, Width>::lanes;
        for (Index i = 0; i < oh; ++i) {
          // A vector reaches into the pixels after its own, which are written later; behind the image there are none.
          const bool inside = (i + 1) * row + lanes <= oh * row;
          T* to = inside ? out + i * row : last.data();
          for (Index o = (s.cout - 1) / lanes * lanes; o >= 0; o -= lanes) {
            narrow_line<T, Width>(in + i * line, s.cin, offsets.data(), terms, padded.data() + o, ld, shift + o, to + o,
                                  s.cout, s.ow());
          }
          if (!inside) std::copy_n(to, row, out + i * row);
        }
      });
    }
  });
}

/// What `Pixels` neighbours of dy give to `Vectors` vectors of one row of dx, through `rows` rows of the window: one
/// row down in the window is dy_row back in dy.
template <class T, int Width, int Pixels, int Vectors>
INKLING_INLINE void narrow_spread(const T* dy, Index dy_row, Index channels, const T* weight, Index weight_row,
                                  Index ld, Index rows, const T* mask, T* dx, Index step) {
  using V = typename Simd<T, Width>::type;
  using Mask = typename Simd<Bits<T>, Width>::type;
  constexpr Index lanes = Simd<T, Width>::lanes;
  V sum[Pixels][Vectors] = {}, w[Vectors];
  for (Index r = 0; r < rows; ++r, weight += weight_row) {
    for (Index o = 0; o < channels; ++o) {
      unroll<Vectors>([&](int v)
                          INKLING_LAMBDA_INLINE { __builtin_memcpy(&w[v], weight + o * ld + v * lanes, sizeof(V)); });
      unroll<Pixels>([&](int j) INKLING_LAMBDA_INLINE {
        const T element = dy[j * channels + o - r * dy_row];
        unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE { sum[j][v] += element * w[v]; });
      });
    }
  }
  unroll<Pixels>([&](int j) INKLING_LAMBDA_INLINE {
    unroll<Vectors>([&](int v) INKLING_LAMBDA_INLINE {
      V old;
      Mask live;  // behind the window's columns an infinite dy times zero is no zero
      __builtin_memcpy(&live, mask + v * lanes, sizeof(V));
      __builtin_memcpy(&old, dx + j * step + v * lanes, sizeof(V));
      old += (V)((Mask)sum[j][v] & live);
      __builtin_memcpy(dx + j * step + v * lanes, &old, sizeof(V));
    });
  });
}

template <class T>
void narrow_backward_data(const ConvShape& s, const T* dy, const T* weight, T* dx) {
  const Index oh = s.oh(), ow = s.ow(), run = s.kw * s.cin, ld = (run + 31) / 32 * 32;
  const Index line = bordered_line(s), dy_row = ow * s.cout;
  Scratch<T> turned(s.kh * s.cout * ld + ld);  // (kh, cout, kw * cin), and the mask
  std::fill_n(turned.data(), turned.size(), T(0));
  for (Index p = 0; p < s.kh; ++p) {
    for (Index e = 0; e < run; ++e) {
      for (Index o = 0; o < s.cout; ++o) turned[(p * s.cout + o) * ld + e] = weight[(p * run + e) * s.cout + o];
    }
  }
  T* mask = turned.data() + s.kh * s.cout * ld;
  std::fill_n(mask, run, std::bit_cast<T>(static_cast<Bits<T>>(-1)));
  parallel_for(s.n, 4, [&](Index begin, Index end) {
    Scratch<T> sums(line + ld);
    for (Index n = begin; n < end; ++n) {
      dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
        constexpr Index lanes = Simd<T, Width>::lanes;
        for (Index row = 0; row < s.h; ++row) {
          std::fill_n(sums.data(), line + ld, T(0));
          // The rows p of the window with 0 <= row + pad_top - p * dilation_h < oh.
          const Index at = row + s.pad_top, d = s.dilation_h;
          const Index first = at < oh ? 0 : (at - oh) / d + 1, rows = std::min(s.kh, at / d + 1) - first;
          for (Index e = 0; rows > 0 && e < run;) {
            const auto spread = [&]<int Pixels, int Vectors>(Index j, std::integral_constant<int, Pixels>,
                                                             std::integral_constant<int, Vectors>)
                                    INKLING_LAMBDA_INLINE {
              narrow_spread<T, Width, Pixels, Vectors>(dy + (n * oh + at - first * d) * dy_row + j * s.cout, d * dy_row,
                                                       s.cout, turned.data() + first * s.cout * ld + e, s.cout * ld, ld,
                                                       rows, mask + e, sums.data() + j * s.cin + e, s.cin);
            };
            Index j = 0;
            if (run - e > lanes) {
              const std::integral_constant<int, 2> two;
              for (; ow - j >= 5; j += 5) spread(j, std::integral_constant<int, 5>{}, two);
              for (; j < ow; ++j) spread(j, std::integral_constant<int, 1>{}, two);
              e += 2 * lanes;
            } else {
              const std::integral_constant<int, 1> one;
              for (; ow - j >= 10; j += 10) spread(j, std::integral_constant<int, 10>{}, one);
              for (; ow - j >= 3; j += 3) spread(j, std::integral_constant<int, 3>{}, one);
              for (; j < ow; ++j) spread(j, std::integral_constant<int, 1>{}, one);
              e += lanes;
            }
          }
          std::copy_n(sums.data() + s.pad_left * s.cin, s.w * s.cin, dx + (n * s.h + row) * s.w * s.cin);
        }
      });
    }
  });
}

/// Rows x Columns weights of `lanes` output channels: sum over images and pixels of x[at[r] + c] * dy. `x_step` and
/// `dy_step` are the elements of a pixel, the lines those of a line of pixels.
template <class T, int Width, int Rows, int Columns>
INKLING_INLINE void narrow_gradient_tile(const T* const* x, const T* const* dy, Index images, Index h, Index w,
                                         Index x_line, Index x_step, Index dy_step, const Index* at, T* sums) {
  using V = typename Simd<T, Width>::type;
  constexpr int lanes = Simd<T, Width>::lanes;
  V sum[Rows][Columns] = {};
  for (Index n = 0; n < images; ++n) {
    const T* d = dy[n];
    for (Index i = 0; i < h; ++i) {
      const T* rows[Rows];
      unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE { rows[r] = x[n] + i * x_line + at[r]; });
      for (Index j = 0; j < w; ++j, d += dy_step) {
        V v;
        __builtin_memcpy(&v, d, sizeof(V));
        unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE {
          unroll<Columns>([&](int c) INKLING_LAMBDA_INLINE {
            const T element = rows[r][j * x_step + c];
            sum[r][c] += element * v;
          });
        });
      }
    }
  }
  unroll<Rows>([&](int r) INKLING_LAMBDA_INLINE {
    unroll<Columns>([&](int c) INKLING_LAMBDA_INLINE {
      __builtin_memcpy(sums + (r * Columns + c) * lanes, &sum[r][c], sizeof(V));
    });
  });
}

/// The weight gradient of some images: x are their bordered images (x_line elements a line), dy their output gradients;
/// both may be read beyond their end. Taps in a row of the window are neighbours in x, and so are their channels.
template <class T>
void narrow_gradient(const ConvShape& s, const T* const* x, Index x_line, const T* const* dy, Index images,
                     T* dweight) {
  dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
    constexpr int rows = Width == 64 ? 5 : 3, columns = Width == 64 ? 5 : 4;
    constexpr Index lanes = Simd<T, Width>::lanes;
    alignas(64) T sums[rows * columns * lanes];
    const Index run = s.kw * s.cin;
    for (Index o = 0; o < s.cout; o += lanes) {
      const T* outputs[narrow_images];
      for (Index n = 0; n < images; ++n) outputs[n] = dy[n] + o;
      for (Index p = 0; p < s.kh; p += rows) {
        for (Index e = 0; e < run; e += columns) {
          Index at[rows];
          for (Index r = 0; r < rows; ++r) at[r] = std::min(p + r, s.kh - 1) * s.dilation_h * x_line + e;
          narrow_gradient_tile<T, Width, rows, columns>(x, outputs, images, s.oh(), s.ow(), x_line, s.cin, s.cout, at,
                                                        sums);
          for (Index r = 0; r < std::min<Index>(rows, s.kh - p); ++r) {
            for (Index c = 0; c < std::min<Index>(columns, run - e); ++c) {
              std::copy_n(sums + (r * columns + c) * lanes, std::min(lanes, s.cout - o),
                          dweight + ((p + r) * run + e + c) * s.cout + o);
            }
          }
        }
      }
    }
  });
}

/// All taps, also those that are switched off.
template <class T>
void narrow_backward_weight(const ConvShape& s, const T* x, const T* dy, T* dweight) {
  const Index line = bordered_line(s);
  const Index blocks = (s.n + narrow_images - 1) / narrow_images, size = s.kh * s.kw * s.cin * s.cout;
  const Index bordered = bordered_size(s) + narrow_slack, output = s.oh() * s.ow() * s.cout;
  Scratch<T> partial(std::max<Index>(1, blocks * size));
  parallel_for(blocks, 1, [&](Index block, Index) {
    const Index first = block * narrow_images, images = std::min(narrow_images, s.n - first);
    // Vectors may reach beyond the end of an image: those at the end of memory are copied.
    const Index safe = s.n - (narrow_slack + output - 1) / output;
    const Index unsafe = std::max(Index{0}, first + images - std::max(first, safe));
    Scratch<T> copies(images * bordered), ends(std::max(Index{1}, unsafe) * (output + narrow_slack));
    const T *inputs[narrow_images], *outputs[narrow_images];
    for (Index n = 0, end = 0; n < images; ++n) {
      T* copy = copies.data() + n * bordered;
      copy_bordered(s, x + (first + n) * s.h * s.w * s.cin, copy);
      std::fill_n(copy + bordered - narrow_slack, narrow_slack, T(0));
      inputs[n] = copy;
      outputs[n] = dy + (first + n) * output;
      if (first + n < safe) continue;
      T* padded = ends.data() + end++ * (output + narrow_slack);
      std::fill_n(std::copy_n(outputs[n], output, padded), narrow_slack, T(0));
      outputs[n] = padded;
    }
    narrow_gradient(s, inputs, line, outputs, images, partial.data() + block * size);
  });
  std::fill_n(dweight, size, T(0));
  for (Index block = 0; block < blocks; ++block) {
    for (Index i = 0; i < size; ++i) dweight[i] += partial[block * size + i];
  }
}

}  // namespace ink::kernels::detail
