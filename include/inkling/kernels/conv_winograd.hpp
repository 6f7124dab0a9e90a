// Winograd's convolution F(4 x 4, 3 x 3): four by four outputs of a 3 x 3 window for 36 multiplications instead of 144.
//
//   y = At [ (G g Gt) * (Bt d B) ] A                 d: 6 x 6 inputs, g: 3 x 3 weights, y: 4 x 4 outputs, *
//   element-wise
//
// S. Winograd, "Arithmetic complexity of computations", 1980; A. Lavin, S. Gray, "Fast algorithms for convolutional
// neural networks", 2016, arXiv:1509.09308 (points 0, +-1, +-2, infinity). Summed over channels the product is one
// matrix product for each of the 36 positions.
//
// Fast because nothing of it goes to memory: a block of tiles is transformed, multiplied and transformed back while it
// is in the second-level cache. The lanes of a vector are channels, so that a transform is additions of whole vectors.
//
// The gradient by the data is the convolution with the weights turned around. The gradient by the weights is the
// adjoint of the formula: dg = Gt [ sum over tiles of (Bt d B) * (A dy At) ] G, summed in fixed groups of tiles.
//
// Rounding: the transforms add numbers of unlike size; in float a result differs from the direct sum by about 1e-5 of
// the largest output, and a pixel outside of the window, but in the same tile, leaves a rounding error instead of
// nothing (or a NaN). Causal convolutions, where nothing must mean nothing, therefore stay with the direct sum. What is
// computed for an image does not depend on the other images of the batch.
#pragma once

#include <algorithm>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/conv_shape.hpp"
#include "inkling/kernels/gemm_pack.hpp"

namespace ink::kernels::detail {

inline constexpr Index winograd_points = 36;
inline constexpr Index winograd_depth = 128;  // channels summed in one go; the distance of tiles in a transformed block
inline constexpr Index winograd_lanes = 16;   // channels must be a multiple
inline constexpr Index winograd_block = 24;   // tiles of a block, forward
inline constexpr Index winograd_gradient_block = 48;
inline constexpr Index winograd_gradient_bytes = Index{8} << 20;  // of all partial sums together

inline bool is_winograd(const ConvShape& s) {
  return s.kh == 3 && s.kw == 3 && s.stride_h == 1 && s.stride_w == 1 && s.dilation_h == 1 && s.dilation_w == 1 &&
         s.groups == 1 && !s.taps && s.cin % winograd_lanes == 0 && s.cout % winograd_lanes == 0 && s.cin > 0 &&
         s.cout > 0 && s.oh() >= 4 && s.ow() >= 4 && s.h >= 4 && s.w >= 4;
}

/// The tiles that cover an output of n images of out_h x out_w; the input image is h x w.
struct WinogradGrid {
  Index n, h, w, top, left, out_h, out_w;

  Index rows() const { return (out_h + 3) / 4; }
  Index columns() const { return (out_w + 3) / 4; }
  Index tiles() const { return n * rows() * columns(); }

  struct Place {
    Index image, i, j;  ///< of the first output
  };
  Place place(Index tile) const {
    const Index column = tile % columns(), row = tile / columns() % rows();
    return {tile / columns() / rows(), 4 * row, 4 * column};
  }
};

// The four one-dimensional transforms, on scalars or vectors.

template <class V>
INKLING_INLINE void winograd_input(const V (&d)[6], V (&t)[6]) {  // Bt d
  const V a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
  t[0] = 4 * d[0] - 5 * d[2] + d[4];
  t[1] = a + b;
  t[2] = a - b;
  t[3] = c + e;
  t[4] = c - e;
  t[5] = 4 * d[1] - 5 * d[3] + d[5];
}

template <class V>
INKLING_INLINE void winograd_output(const V (&m)[6], V (&y)[4]) {  // At m
  const V s = m[1] + m[2], d = m[1] - m[2], p = m[3] + m[4], q = m[3] - m[4];
  y[0] = m[0] + s + p;
  y[1] = d + 2 * q;
  y[2] = s + 4 * p;
  y[3] = d + 8 * q + m[5];
}

template <class V>
INKLING_INLINE void winograd_output_adjoint(const V (&y)[4], V (&m)[6]) {  // A y
  const V even = y[0] + y[2], odd = y[1] + y[3], even4 = y[0] + 4 * y[2], odd4 = 2 * y[1] + 8 * y[3];
  m[0] = y[0];
  m[1] = even + odd;
  m[2] = even - odd;
  m[3] = even4 + odd4;
  m[4] = even4 - odd4;
  m[5] = y[3];
}

template <class T, class V>
INKLING_INLINE void winograd_filter(const V (&g)[3], V (&u)[6]) {  // G g
  constexpr T quarter = T(1) / 4, sixth = T(1) / 6, twenty_fourth = T(1) / 24;
  const V even = g[0] + g[2], even4 = g[0] + 4 * g[2];
  u[0] = quarter * g[0];
  u[1] = -sixth * (even + g[1]);
  u[2] = -sixth * (even - g[1]);
  u[3] = twenty_fourth * (even4 + 2 * g[1]);
  u[4] = twenty_fourth * (even4 - 2 * g[1]);
  u[5] = g[2];
}

template <class T, class V>
INKLING_INLINE void winograd_filter_adjoint(const V (&u)[6], V (&g)[3]) {  // Gt u
  constexpr T quarter = T(1) / 4, sixth = T(1) / 6, twelfth = T(1) / 12, twenty_fourth = T(1) / 24;
  const V low = u[1] + u[2], high = u[3] + u[4];
  g[0] = quarter * u[0] - sixth * low + twenty_fourth * high;
  g[1] = sixth * (u[2] - u[1]) + twelfth * (u[3] - u[4]);
  g[2] = sixth * (high - low) + u[5];
}

/// Both dimensions of a square: out = f in f^T, where `load(r, c)` gives in and `store(r, c, v)` takes out.
template <int In, int Out, class V, class Load, class F, class Store>
INKLING_INLINE void winograd_square(const Load& load, const F& f, const Store& store) {
  V half[Out][In];
  unroll<In>([&](int c) INKLING_LAMBDA_INLINE {
    V in[In], out[Out];
    unroll<In>([&](int r) INKLING_LAMBDA_INLINE { load(in[r], r, c); });
    f(in, out);
    unroll<Out>([&](int r) INKLING_LAMBDA_INLINE { half[r][c] = out[r]; });
  });
  unroll<Out>([&](int r) INKLING_LAMBDA_INLINE {
    V out[Out];
    f(half[r], out);
    unroll<Out>([&](int c) INKLING_LAMBDA_INLINE { store(r, c, out[c]); });
  });
}

/// Transformed weights: for each block of `depth` input channels, each point and each panel of nr output channels a
/// matrix (channels, nr), one after the other.
struct WinogradFilters {
  Index cin, cout, nr;

  Index panels() const { return (cout + nr - 1) / nr; }
  Index size() const { return winograd_points * cin * panels() * nr; }
  Index depth(Index block) const { return std::min(winograd_depth, cin - block * winograd_depth); }
  Index at(Index block, Index point, Index panel) const {
    return (block * winograd_points * panels() * winograd_depth + (point * panels() + panel) * depth(block)) * nr;
  }
};

/// What one task of the forward pass needs to know.
template <class T>
struct WinogradProblem {
  WinogradGrid grid;
  WinogradFilters filters;
  const T* image;
  const T* transformed;  ///< filters
  const T* bias;         ///< or null
  T* result;
};

/// The 36 pixels under a tile, row by row, `zeros` outside of the image; channel blocks are `point_stride` · 36 apart.
template <class T, int Width>
INKLING_INLINE void winograd_transform_input(const WinogradGrid& g, const T* image, Index channels, Index tile,
                                             const T* zeros, T* to, Index point_stride) {
  using V = typename Simd<T, Width>::type;
  const auto place = g.place(tile);
  const T* pixel[6][6];
  for (Index r = 0; r < 6; ++r) {
    const Index row = place.i + r - g.top;
    for (Index c = 0; c < 6; ++c) {
      const Index column = place.j + c - g.left;
      const bool inside = row >= 0 && row < g.h && column >= 0 && column < g.w;
      pixel[r][c] = inside ? image + ((place.image * g.h + row) * g.w + column) * channels : zeros;
    }
  }
  for (Index k = 0; k < channels; k += Simd<T, Width>::lanes) {
    T* out = to + k / winograd_depth * winograd_points * point_stride + k % winograd_depth;
    winograd_square<6, 6, V>(
        [&](V& v, int r, int c) INKLING_LAMBDA_INLINE { __builtin_memcpy(&v, pixel[r][c] + k, sizeof(V)); },
        [](const V(&d)[6], V(&t)[6]) INKLING_LAMBDA_INLINE { winograd_input(d, t); },
        [&](int r, int c, const V& v)
            INKLING_LAMBDA_INLINE { __builtin_memcpy(out + (6 * r + c) * point_stride, &v, sizeof(V)); });
  }
}

/// c(r, j) (+)= sum_k a(r, k) b(k, j) for `rows` rows, by tiles of Rows; c has one row every c_stride.
template <class T, int Width, int Rows, Index RowStride, Index StepStride>
INKLING_INLINE void winograd_product(Index rows, Index k, const T* a, const T* b, Index b_stride, Index columns, T* c,
                                     Index c_stride, bool accumulate) {
  for (Index row = 0; row < rows; row += Rows) {
    T* lines[Rows];
    for (int r = 0; r < Rows; ++r) lines[r] = c + (row + r) * c_stride;
    const MicroTile<T> tile{.k = k,
                            .a = a + row * RowStride,
                            .a_stride = RowStride,
                            .b = b,
                            .b_stride = b_stride,
                            .c = lines,
                            .accumulate = accumulate};
    if (columns > Simd<T, Width>::lanes) {
      micro_tile<T, Width, Rows, 2, RowStride, StepStride>(tile, 0);
    } else {
      micro_tile<T, Width, Rows, 1, RowStride, StepStride>(tile, 0);
    }
  }
}

template <class T, int Width>
INKLING_INLINE void winograd_forward_block(const WinogradProblem<T>& p, Index first, Index count, const T* zeros, T* v,
                                           T* m) {
  using V = typename Simd<T, Width>::type;
  constexpr int lanes = Simd<T, Width>::lanes, mr = micro_rows<Width>(), small = micro_small(mr), nr = 2 * lanes;
  constexpr Index stride = winograd_block * winograd_depth;
  const WinogradFilters& filters = p.filters;
  // Few tiles go by small steps; the rows that fill the last step repeat the last tile.
  const bool few = count <= mr - small;
  const Index rows = few ? (count + small - 1) / small * small : (count + mr - 1) / mr * mr;
  for (Index t = 0; t < rows; ++t) {
    winograd_transform_input<T, Width>(p.grid, p.image, filters.cin, first + std::min(t, count - 1), zeros,
                                       v + t * winograd_depth, stride);
  }
  for (Index block = 0; block * winograd_depth < filters.cin; ++block) {
    const Index depth = filters.depth(block);
    for (Index point = 0; point < winograd_points; ++point) {
      const T* a = v + (block * winograd_points + point) * stride;
      for (Index panel = 0; panel < filters.panels(); ++panel) {
        const T* b = p.transformed + filters.at(block, point, panel);
        T* c = m + point * winograd_block * filters.cout + panel * nr;
        const Index columns = filters.cout - panel * nr;
        if (few) {
          winograd_product<T, Width, small, winograd_depth, 1>(rows, depth, a, b, nr, columns, c, filters.cout,
                                                               block > 0);
        } else {
          winograd_product<T, Width, mr, winograd_depth, 1>(rows, depth, a, b, nr, columns, c, filters.cout, block > 0);
        }
      }
    }
  }
  const WinogradGrid& g = p.grid;
  for (Index t = 0; t < count; ++t) {
    const auto place = g.place(first + t);
    const Index height = g.out_h - place.i, width = g.out_w - place.j;
    T* out = p.result + ((place.image * g.out_h + place.i) * g.out_w + place.j) * filters.cout;
    for (Index o = 0; o < filters.cout; o += lanes) {
      const T* from = m + t * filters.cout + o;
      V bias = {};
      if (p.bias) __builtin_memcpy(&bias, p.bias + o, sizeof(V));
      winograd_square<6, 4, V>([&](V& x, int r, int c) INKLING_LAMBDA_INLINE {
        __builtin_memcpy(&x, from + (6 * r + c) * winograd_block * filters.cout, sizeof(V));
      }, [](const V(&x)[6], V(&y)[4]) INKLING_LAMBDA_INLINE {
        winograd_output(x, y);
      }, [&](int r, int c, const V& y) INKLING_LAMBDA_INLINE {
        if (r >= height || c >= width) return;
        const V sum = y + bias;
        __builtin_memcpy(out + (r * g.out_w + c) * filters.cout + o, &sum, sizeof(V));
      });
    }
  }
}

/// `weight` is (3, 3, cin, cout).
template <class T>
void winograd_transform_filters(const WinogradFilters& filters, const T* weight, T* transformed) {
  parallel_for(filters.cin, 8, [&](Index begin, Index end) {
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      using V = typename Simd<T, Width>::type;
      for (Index k = begin; k < end; ++k) {
        const Index block = k / winograd_depth;
        for (Index o = 0; o < filters.cout; o += Simd<T, Width>::lanes) {
          const T* from = weight + k * filters.cout + o;
          const Index step = filters.at(block, 1, 0) - filters.at(block, 0, 0);
          T* to = transformed + filters.at(block, 0, o / filters.nr) + k % winograd_depth * filters.nr + o % filters.nr;
          winograd_square<3, 6, V>([&](V& v, int r, int c) INKLING_LAMBDA_INLINE {
            __builtin_memcpy(&v, from + (3 * r + c) * filters.cin * filters.cout, sizeof(V));
          }, [](const V(&g)[3], V(&u)[6]) INKLING_LAMBDA_INLINE {
            winograd_filter<T>(g, u);
          }, [&](int r, int c, const V& u) INKLING_LAMBDA_INLINE {
            __builtin_memcpy(to + (6 * r + c) * step, &u, sizeof(V));
          });
        }
      }
    });
  });
}

/// weight (3, 3, cin, cout) -> y, both as the filters and the grid say.
template <class T>
void winograd_map(const WinogradGrid& grid, Index cin, Index cout, const T* image, const T* weight, const T* bias,
                  T* result) {
  const WinogradFilters filters{cin, cout, micro<T, PanelOrder::rows>().nr};
  Scratch<T> transformed(filters.size());
  winograd_transform_filters(filters, weight, transformed.data());
  const WinogradProblem<T> problem{grid, filters, image, transformed.data(), bias, result};
  const Index tiles = grid.tiles(), depths = (cin + winograd_depth - 1) / winograd_depth;
  parallel_for((tiles + winograd_block - 1) / winograd_block, 1, [&](Index block, Index) {
    Scratch<T> v(depths * winograd_points * winograd_block * winograd_depth);
    Scratch<T> m(winograd_points * winograd_block * cout), zeros(cin);
    std::fill_n(zeros.data(), cin, T(0));
    const Index first = block * winograd_block, count = std::min(winograd_block, tiles - first);
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      winograd_forward_block<T, Width>(problem, first, count, zeros.data(), v.data(), m.data());
    });
  });
}

inline WinogradGrid winograd_grid(const ConvShape& s) { return {s.n, s.h, s.w, s.pad_top, s.pad_left, s.oh(), s.ow()}; }

template <class T>
void winograd_forward(const ConvShape& s, const T* x, const T* weight, const T* bias, T* y) {
  winograd_map(winograd_grid(s), s.cin, s.cout, x, weight, bias, y);
}

template <class T>
void winograd_backward_data(const ConvShape& s, const T* dy, const T* weight, T* dx) {
  const Index size = s.cin * s.cout;
  Scratch<T> turned(9 * size);  // (8 − tap, cout, cin)
  for (Index tap = 0; tap < 9; ++tap) {
    transpose_block(turned.data() + (8 - tap) * size, s.cin, weight + tap * size, s.cout, s.cin, s.cout);
  }
  const WinogradGrid grid{s.n, s.oh(), s.ow(), 2 - s.pad_top, 2 - s.pad_left, s.h, s.w};
  winograd_map(grid, s.cout, s.cin, dy, turned.data(), static_cast<const T*>(nullptr), dx);
}

/// sums (36, cin, cout) += transformed inputs times transformed gradients of one block of tiles.
template <class T, int Width>
INKLING_INLINE void winograd_add_gradients(const WinogradGrid& g, Index cin, Index cout, const T* x, const T* dy,
                                           Index first, Index count, const T* zeros, T* v, T* d, T* sums) {
  using V = typename Simd<T, Width>::type;
  constexpr int lanes = Simd<T, Width>::lanes, nr = 2 * lanes, rows = Width == 64 ? 8 : 4;
  constexpr Index stride = winograd_gradient_block * winograd_depth;
  for (Index t = 0; t < count; ++t) {
    winograd_transform_input<T, Width>(g, x, cin, first + t, zeros, v + t * winograd_depth, stride);
    const auto place = g.place(first + t);
    const Index height = g.out_h - place.i, width = g.out_w - place.j;
    const T* from = dy + ((place.image * g.out_h + place.i) * g.out_w + place.j) * cout;
    for (Index o = 0; o < cout; o += lanes) {
      winograd_square<4, 6, V>([&](V& y, int r, int c) INKLING_LAMBDA_INLINE {
        __builtin_memcpy(&y, r < height && c < width ? from + (r * g.out_w + c) * cout + o : zeros, sizeof(V));
      }, [](const V(&y)[4], V(&m)[6]) INKLING_LAMBDA_INLINE {
        winograd_output_adjoint(y, m);
      }, [&](int r, int c, const V& m) INKLING_LAMBDA_INLINE {
        __builtin_memcpy(d + ((6 * r + c) * winograd_gradient_block + t) * cout + o, &m, sizeof(V));
      });
    }
  }
  for (Index point = 0; point < winograd_points; ++point) {
    for (Index k = 0; k < cin; k += winograd_depth) {
      const T* a = v + (k / winograd_depth * winograd_points + point) * stride;
      for (Index o = 0; o < cout; o += nr) {
        winograd_product<T, Width, rows, 1, winograd_depth>(std::min(winograd_depth, cin - k), count, a,
                                                            d + point * winograd_gradient_block * cout + o, cout,
                                                            cout - o, sums + (point * cin + k) * cout + o, cout, true);
      }
    }
  }
}

template <class T>
void winograd_backward_weight(const ConvShape& s, const T* x, const T* dy, T* dweight) {
  const WinogradGrid grid = winograd_grid(s);
  const Index tiles = grid.tiles(), size = winograd_points * s.cin * s.cout;
  const Index blocks = (tiles + winograd_gradient_block - 1) / winograd_gradient_block;
  const Index most = winograd_gradient_bytes / (size * static_cast<Index>(sizeof(T)));
  const Index groups = std::clamp<Index>(std::min(blocks / 2, most), 1, 8), share = (blocks + groups - 1) / groups;
  const Index depths = (s.cin + winograd_depth - 1) / winograd_depth;
  Scratch<T> sums(groups * size);
  parallel_for(groups, 1, [&](Index group, Index) {
    Scratch<T> v(depths * winograd_points * winograd_gradient_block * winograd_depth);
    Scratch<T> d(winograd_points * winograd_gradient_block * s.cout), zeros(std::max(s.cin, s.cout));
    T* total = sums.data() + group * size;
    std::fill_n(total, size, T(0));
    std::fill_n(zeros.data(), std::max(s.cin, s.cout), T(0));
    for (Index block = group * share; block < std::min(blocks, (group + 1) * share); ++block) {
      const Index first = block * winograd_gradient_block, count = std::min(winograd_gradient_block, tiles - first);
      dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
        winograd_add_gradients<T, Width>(grid, s.cin, s.cout, x, dy, first, count, zeros.data(), v.data(), d.data(),
                                         total);
      });
    }
  });
  parallel_for(s.cin, 8, [&](Index begin, Index end) {
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      using V = typename Simd<T, Width>::type;
      for (Index k = begin; k < end; ++k) {
        for (Index o = 0; o < s.cout; o += Simd<T, Width>::lanes) {
          winograd_square<6, 3, V>([&](V& u, int r, int c) INKLING_LAMBDA_INLINE {
            const T* from = sums.data() + ((6 * r + c) * s.cin + k) * s.cout + o;
            __builtin_memcpy(&u, from, sizeof(V));
            for (Index group = 1; group < groups; ++group) {
              V more;
              __builtin_memcpy(&more, from + group * size, sizeof(V));
              u += more;
            }
          }, [](const V(&u)[6], V(&g)[3]) INKLING_LAMBDA_INLINE {
            winograd_filter_adjoint<T>(u, g);
          }, [&](int r, int c, const V& g) INKLING_LAMBDA_INLINE {
            __builtin_memcpy(dweight + ((3 * r + c) * s.cin + k) * s.cout + o, &g, sizeof(V));
          });
        }
      }
    });
  });
}

}  // namespace ink::kernels::detail
