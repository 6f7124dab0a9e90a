// Layer, RMS and group normalisation, forward and backward.
//
//   x̂ = (x − μ)·r,   r = 1/√(var + eps),   y = x̂·γ + β
//   dβ = Σ dy,   dγ = Σ dy·x̂,   q = dy·γ,   dx = r·(q − mean(q) − x̂·mean(q·x̂))
//
// Statistics: per row (layer norm); per image and group of channels (group norm); RMS norm has no mean, and its dx no
// mean(q). J. Ba, J. Kiros, G. Hinton 2016, arXiv:1607.06450; Y. Wu, K. He 2018, arXiv:1803.08494; B. Zhang,
// R. Sennrich 2019, arXiv:1910.07467.
//
// Shapes: layer and RMS norm x (rows, cols), γ, β (cols), mean, rstd (rows); group norm x (n, hw, c), γ, β (c), mean,
// rstd (n, groups). γ, β and every gradient may be null. Parameter gradients are summed over fixed chunks in order.
#pragma once

#include <algorithm>
#include <cmath>

#include "inkling/kernels/softmax.hpp"

// See lanes.hpp: these vectors never meet a calling convention.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

namespace ink::kernels {
namespace detail {

/// Mean and 1/√(variance + eps) of a row; without a mean if `centred` is false.
template <bool centred, class L, class T>
INKLING_INLINE void row_statistics(L lanes, const T* x, Index cols, T eps, T& mean, T& rstd) {
  mean = centred ? total(lanes, x, cols) / static_cast<T>(cols) : T{};
  const T m = mean;
  const T squares = L::sum(cols, [=]<class V>(Index i, V& s) INKLING_LAMBDA_INLINE {
    const V d = load<V>(x + i) - m;
    s += d * d;
  });
  rstd = T{1} / std::sqrt(squares / static_cast<T>(cols) + eps);
}

/// y = (x·scale + shift)·γ + β
template <class L, class T>
INKLING_INLINE void affine_row(L, Index cols, const T* x, T scale, T shift, const T* gamma, const T* beta, T* y) {
  L::each(cols, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
    V v = load<V>(x + i) * scale + shift;
    if (gamma) v = v * load<V>(gamma + i);
    if (beta) v = v + load<V>(beta + i);
    store(y + i, v);
  });
}

template <bool centred, class T>
void row_norm_forward(Index rows, Index cols, const T* x, const T* gamma, const T* beta, T eps, T* y, T* mean, T* rstd) {
  if (cols == 0) return;
  for_rows<T>(rows, cols, [=](auto lanes, Index r) INKLING_LAMBDA_INLINE {
    T m, s;
    row_statistics<centred>(lanes, x + r * cols, cols, eps, m, s);
    affine_row(lanes, cols, x + r * cols, s, -m * s, gamma, beta, y + r * cols);
    if (mean) mean[r] = m;
    if (rstd) rstd[r] = s;
  });
}

template <bool centred, class T>
void row_norm_backward(Index rows, Index cols, const T* x, const T* gamma, const T* mean, const T* rstd, const T* dy,
                       T* dx, T* dgamma, T* dbeta) {
  if (cols == 0) return;
  const Index chunk = std::max<Index>(16, 32768 / cols), chunks = (rows + chunk - 1) / chunk;
  Scratch<T> partial(std::max<Index>(1, chunks * 2 * cols));
  parallel_for(chunks, 1, [&](Index c, Index) {
    T *pg = partial.data() + c * 2 * cols, *pb = pg + cols;
    std::fill_n(pg, 2 * cols, T{});
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      using L = Lanes<T, Width>;
      for (Index r = c * chunk; r < std::min(rows, (c + 1) * chunk); ++r) {
        const T *xr = x + r * cols, *dr = dy + r * cols;
        const T s = rstd[r], shift = centred ? -mean[r] * s : T{};
        if (dgamma || dbeta) {
          L::each(cols, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
            const V d = load<V>(dr + i), h = load<V>(xr + i) * s + shift;
            const V g = load<V>(pg + i) + d * h, b = load<V>(pb + i) + d;
            store(pg + i, g);
            store(pb + i, b);
          });
        }
        if (!dx) continue;
        const auto q = [=]<class V>(Index i, V& v) INKLING_LAMBDA_INLINE {
          v = load<V>(dr + i);
          if (gamma) v = v * load<V>(gamma + i);
        };
        const T inverse = T{1} / static_cast<T>(cols);
        const T q_mean = centred ? inverse * L::sum(cols, [=]<class V>(Index i, V& t) INKLING_LAMBDA_INLINE {
          V v;
          q.template operator()<V>(i, v);
          t += v;
        }) : T{};
        const T qx_mean = inverse * L::sum(cols, [=]<class V>(Index i, V& t) INKLING_LAMBDA_INLINE {
          V v;
          q.template operator()<V>(i, v);
          t += v * (load<V>(xr + i) * s + shift);
        });
        T* out = dx + r * cols;
        L::each(cols, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
          V v;
          q.template operator()<V>(i, v);
          const V g = (v - q_mean - (load<V>(xr + i) * s + shift) * qx_mean) * s;
          store(out + i, g);
        });
      }
    });
  });
  const auto combine = [&](T* out, Index offset) {
    if (!out) return;
    std::fill_n(out, cols, T{});
    for (Index c = 0; c < chunks; ++c) {
      for (Index i = 0; i < cols; ++i) out[i] += partial[c * 2 * cols + offset + i];
    }
  };
  combine(dgamma, 0);
  combine(dbeta, cols);
}

}  // namespace detail

template <class T>
void layer_norm_forward(Index rows, Index cols, const T* x, const T* gamma, const T* beta, T eps, T* y, T* mean,
                        T* rstd) {
  detail::row_norm_forward<true>(rows, cols, x, gamma, beta, eps, y, mean, rstd);
}

template <class T>
void layer_norm_backward(Index rows, Index cols, const T* x, const T* gamma, const T* mean, const T* rstd, const T* dy,
                         T* dx, T* dgamma, T* dbeta) {
  detail::row_norm_backward<true>(rows, cols, x, gamma, mean, rstd, dy, dx, dgamma, dbeta);
}

template <class T>
void rms_norm_forward(Index rows, Index cols, const T* x, const T* gamma, T eps, T* y, T* rstd) {
  detail::row_norm_forward<false, T>(rows, cols, x, gamma, nullptr, eps, y, nullptr, rstd);
}

template <class T>
void rms_norm_backward(Index rows, Index cols, const T* x, const T* gamma, const T* rstd, const T* dy, T* dx,
                       T* dgamma) {
  detail::row_norm_backward<false, T>(rows, cols, x, gamma, nullptr, rstd, dy, dx, dgamma, nullptr);
}

/// An image's channels are summed over its pixels along the rows in memory; a group's sum follows from its channels'.
template <class T>
void group_norm_forward(Index n, Index hw, Index c, Index groups, const T* x, const T* gamma, const T* beta, T eps,
                        T* y, T* mean, T* rstd) {
  const Index size = c / std::max<Index>(1, groups);
  if (hw * c == 0) return;
  parallel_for(n, 1, [&](Index image, Index) {
    const T* in = x + image * hw * c;
    T *out = y + image * hw * c, *mu = mean + image * groups, *r = rstd + image * groups;
    Scratch<T> scratch(4 * c);
    T *sums = scratch.data(), *centre = sums + c, *scale = centre + c, *shift = scale + c;
    const T inverse = T{1} / static_cast<T>(hw * size);
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      using L = detail::Lanes<T, Width>;
      std::fill_n(sums, c, T{});
      for (Index p = 0; p < hw; ++p) {
        const T* row = in + p * c;
        L::each(c, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
          const V s = detail::load<V>(sums + i) + detail::load<V>(row + i);
          detail::store(sums + i, s);
        });
      }
      for (Index g = 0; g < groups; ++g) {
        T s{};
        for (Index i = g * size; i < (g + 1) * size; ++i) s += sums[i];
        mu[g] = s * inverse;
        std::fill_n(centre + g * size, size, mu[g]);
      }
      std::fill_n(sums, c, T{});
      for (Index p = 0; p < hw; ++p) {
        const T* row = in + p * c;
        L::each(c, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
          const V d = detail::load<V>(row + i) - detail::load<V>(centre + i);
          const V s = detail::load<V>(sums + i) + d * d;
          detail::store(sums + i, s);
        });
      }
      for (Index g = 0; g < groups; ++g) {
        T s{};
        for (Index i = g * size; i < (g + 1) * size; ++i) s += sums[i];
        r[g] = T{1} / std::sqrt(s * inverse + eps);
        for (Index i = g * size; i < (g + 1) * size; ++i) {
          scale[i] = r[g] * (gamma ? gamma[i] : T{1});
          shift[i] = (beta ? beta[i] : T{}) - mu[g] * scale[i];
        }
      }
      for (Index p = 0; p < hw; ++p) {
        const T* row = in + p * c;
        T* to = out + p * c;
        L::each(c, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
          const V v = detail::load<V>(row + i) * detail::load<V>(scale + i) + detail::load<V>(shift + i);
          detail::store(to + i, v);
        });
      }
    });
  });
}

template <class T>
void group_norm_backward(Index n, Index hw, Index c, Index groups, const T* x, const T* gamma, const T* mean,
                         const T* rstd, const T* dy, T* dx, T* dgamma, T* dbeta) {
  const Index size = c / std::max<Index>(1, groups);
  Scratch<T> partial(std::max<Index>(1, n * 2 * c));  // per image: Σ dy·x̂ and Σ dy of every channel
  parallel_for(n, 1, [&](Index image, Index) {
    const T *in = x + image * hw * c, *d = dy + image * hw * c;
    const T *mu = mean + image * groups, *r = rstd + image * groups;
    T *dot = partial.data() + image * 2 * c, *sum = dot + c;
    std::fill_n(dot, 2 * c, T{});
    if (hw * c == 0) return;
    Scratch<T> scratch(3 * c);
    T *a = scratch.data(), *b = a + c, *k = b + c;
    dispatch([&]<int Width>() INKLING_LAMBDA_INLINE {
      using L = detail::Lanes<T, Width>;
      for (Index p = 0; p < hw; ++p) {
        const T *row = in + p * c, *dr = d + p * c;
        L::each(c, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
          const V v = detail::load<V>(dr + i);
          const V s = detail::load<V>(dot + i) + v * detail::load<V>(row + i), t = detail::load<V>(sum + i) + v;
          detail::store(dot + i, s);
          detail::store(sum + i, t);
        });
      }
      for (Index i = 0; i < c; ++i) dot[i] = r[i / size] * (dot[i] - mu[i / size] * sum[i]);
      if (!dx) return;
      // dx = r·γ·dy − x̂·r·mean(q·x̂) − r·mean(q)  =  a·dy + b·x + k, with one set of numbers per channel
      for (Index g = 0; g < groups; ++g) {
        T q{}, qx{};
        for (Index i = g * size; i < (g + 1) * size; ++i) {
          const T w = gamma ? gamma[i] : T{1};
          q += w * sum[i];
          qx += w * dot[i];
        }
        const T inverse = T{1} / static_cast<T>(hw * size);
        for (Index i = g * size; i < (g + 1) * size; ++i) {
          a[i] = r[g] * (gamma ? gamma[i] : T{1});
          b[i] = -r[g] * r[g] * qx * inverse;
          k[i] = -r[g] * q * inverse - b[i] * mu[g];
        }
      }
      T* out = dx + image * hw * c;
      for (Index p = 0; p < hw; ++p) {
        const T *row = in + p * c, *dr = d + p * c;
        T* to = out + p * c;
        L::each(c, [=]<class V>(Index i) INKLING_LAMBDA_INLINE {
          const V v = detail::load<V>(a + i) * detail::load<V>(dr + i) + detail::load<V>(b + i) * detail::load<V>(row + i) +
                      detail::load<V>(k + i);
          detail::store(to + i, v);
        });
      }
    });
  });
  for (T* out : {dgamma, dbeta}) {
    if (!out) continue;
    std::fill_n(out, c, T{});
    for (Index image = 0; image < n; ++image) {
      const T* from = partial.data() + image * 2 * c + (out == dgamma ? 0 : c);
      for (Index i = 0; i < c; ++i) out[i] += from[i];
    }
  }
}

}  // namespace ink::kernels

#pragma GCC diagnostic pop
