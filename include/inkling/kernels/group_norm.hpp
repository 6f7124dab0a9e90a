// Group norm, channels last: x (n, pixels, channels), the channels of an image in groups of neighbours.
//
//   xhat = (x - mean_g) * rstd_g, rstd_g = 1 / sqrt(var_g + eps);  z = gamma_c * xhat + beta_c, y = activation(z)
//   dz = dy * activation'(z), q = gamma_c * dz;  dx = rstd_g * (q - mean_g(q) - xhat * mean_g(q * xhat))
//   dgamma_c = sum dz * xhat, dbeta_c = sum dz over images and pixels
//
// Y. Wu and K. He, "Group normalization", 2018, arXiv:1803.08494.
//
// Loops run over blocks of neighbouring channels, never over one group at a stride: groups are formed from per-channel
// sums. The first pixel is subtracted before the mean is formed, and sums are kept long (block.hpp): the mean is right
// to its last digit and the variance to a few, whatever the size. Where squares overflow, both are formed again in a
// wider type. An image is read again for its variance and result while it is still in the cache; images run in parallel
// and their parameter gradients are added in order. gamma, beta, dx, dgamma, dbeta, mean and rstd of the forward pass
// may be null. y may be x, dx may be dy.
//
// The activation costs no pass over memory: z is never stored, but computed again for the gradient.
//
// In use:
//     kernels::group_norm_forward(batch, height * width, channels, 8, x, gamma, beta, 1e-5f, y, mean, rstd);
//     kernels::group_norm_forward<kernels::Silu>(batch, height * width, channels, 8, x, gamma, beta, 1e-5f, y, mean,
//                                                rstd);
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/kernels/block.hpp"
#include "inkling/kernels/math.hpp"
#include "inkling/kernels/reduce.hpp"

namespace ink::kernels {

struct NoActivation {
  template <class T>
  static INKLING_INLINE T value(T z) {
    return z;
  }
  template <class T>
  static INKLING_INLINE T slope(T) {
    return T(1);
  }
};

/// z * sigmoid(z)
struct Silu {
  template <class T>
  static INKLING_INLINE T value(T z) {
    return z * vsigmoid(z);
  }
  template <class T>
  static INKLING_INLINE T slope(T z) {
    return vsilu_slope(z);
  }
};

namespace detail {

/// The parameter of each lane of a strip, from one value a channel.
template <class T>
INKLING_INLINE void spread_channels(Block<T>& lanes, const T* per_channel, Index first, Index columns) {
  for (Index l = 0; l < block_size; ++l) {
    const Index c = first + l < columns ? first + l : columns <= block_size ? l % columns : first;
    lanes[l] = per_channel[c];
  }
}

/// out[c] = sum over the pixels of (x - center_c)^power, power 1 or 2.
template <int Power, class T>
INKLING_INLINE void channel_moment(Index pixels, Index channels, const T* x, const T* center, T* out) {
  for_each_strip(pixels, channels, [&](const Strip& strip) INKLING_LAMBDA_INLINE {
    LongSum<T> total;
    Block<T> middle, v;
    spread_channels(middle, center, strip.first, channels);
    strip.for_each_block([&](Index at, Index count) INKLING_LAMBDA_INLINE {
      load_block(v, x + at, count);
      for (Index l = 0; l < block_size; ++l) v[l] = v[l] - middle[l];
      if constexpr (Power == 2) {
        for (Index l = 0; l < block_size; ++l) v[l] = v[l] * v[l];
      }
      if (count < strip.lanes) {
        for (Index l = 0; l < block_size; ++l) v[l] = l < count ? v[l] : T(0);
      }
      for (Index l = 0; l < block_size; ++l) total.sum[l] += v[l];
    }, [&]() INKLING_LAMBDA_INLINE { total.spill(); });
    total.finish();
    strip.gather(total.sum, channels, out);
  });
}

/// y = activation((x - center_c) * scale_c + shift_c)
template <class Activation, class T>
INKLING_INLINE void scale_channels(Index pixels, Index channels, const T* x, const T* center, const T* scale,
                                   const T* shift, T* y) {
  for_each_strip(pixels, channels, [&](const Strip& strip) INKLING_LAMBDA_INLINE {
    Block<T> middle, a, b, v;
    spread_channels(middle, center, strip.first, channels);
    spread_channels(a, scale, strip.first, channels);
    spread_channels(b, shift, strip.first, channels);
    strip.for_each_block([&](Index at, Index count) INKLING_LAMBDA_INLINE {
      load_block(v, x + at, count);
      for (Index l = 0; l < block_size; ++l) v[l] = Activation::value((v[l] - middle[l]) * a[l] + b[l]);
      store_block(y + at, v, count);
    });
  });
}

/// Replaces every channel's sum by the average of its group: sums divided by `size`, and what was taken off before, if
/// anything, `shift` by channel.
template <class T>
void average_groups(Index channels, Index groups, Index size, T* v, const T* shift = nullptr) {
  const Index width = channels / groups;
  for (Index g = 0; g < groups; ++g) {
    double sum = 0, taken_off = 0;
    for (Index c = g * width; c < (g + 1) * width; ++c) {
      sum += static_cast<double>(v[c]);
      if (shift) taken_off += static_cast<double>(shift[c]);
    }
    const double average = sum / static_cast<double>(size) + taken_off / static_cast<double>(width);
    for (Index c = g * width; c < (g + 1) * width; ++c) v[c] = static_cast<T>(average);
  }
}

/// {mean, 1 / sqrt(var + eps)} of count·width numbers, `width` of them next to each other at every `step`, where
/// squares leave the range of T; the mean is taken to be 0 unless centered.
template <class T>
INKLING_NOINLINE std::array<T, 2> wide_moments(Index count, Index width, Index step, const T* x, bool centered, T eps) {
  using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;
  const auto n = static_cast<Wide>(count * width);
  Wide center = 0, square = 0;
  for (Index i = 0; centered && i < count * width; ++i)
    center += static_cast<Wide>(x[i / width * step + i % width]) / n;
  for (Index i = 0; i < count * width; ++i) {
    const Wide d = static_cast<Wide>(x[i / width * step + i % width]) - center;
    square += d / n * d;
  }
  return {static_cast<T>(center), static_cast<T>(1 / std::sqrt(square + static_cast<Wide>(eps)))};
}

/// dz = dy * activation'(xhat * gamma_c + beta_c), unless null; sum_dz[c] = sum of dz, sum_dzx[c] = sum of dz * xhat
/// over the pixels of one image.
template <class Activation, class T>
INKLING_INLINE void channel_gradients(Index pixels, Index channels, const T* x, const T* dy, const T* center,
                                      const T* rstd, const T* gamma, const T* beta, T* dz, T* sum_dz, T* sum_dzx) {
  for_each_strip(pixels, channels, [&](const Strip& strip) INKLING_LAMBDA_INLINE {
    LongSum<T> a, b;
    Block<T> middle, scale, gain, shift, v, d;
    spread_channels(middle, center, strip.first, channels);
    spread_channels(scale, rstd, strip.first, channels);
    spread_channels(gain, gamma, strip.first, channels);
    spread_channels(shift, beta, strip.first, channels);
    strip.for_each_block([&](Index at, Index count) INKLING_LAMBDA_INLINE {
      load_block(v, x + at, count);
      load_block(d, dy + at, count);
      for (Index l = 0; l < block_size; ++l) v[l] = (v[l] - middle[l]) * scale[l];
      if constexpr (!std::is_same_v<Activation, NoActivation>) {
        for (Index l = 0; l < block_size; ++l) d[l] *= Activation::slope(v[l] * gain[l] + shift[l]);
        if (dz) store_block(dz + at, d, count);
      }
      for (Index l = 0; l < block_size; ++l) a.sum[l] += d[l];
      for (Index l = 0; l < block_size; ++l) b.sum[l] += d[l] * v[l];
    }, [&]() INKLING_LAMBDA_INLINE { a.spill(), b.spill(); });
    a.finish(), b.finish();
    strip.gather(a.sum, channels, sum_dz);
    strip.gather(b.sum, channels, sum_dzx);
  });
}

/// dx = dy * a_c + b_c + xhat * k_c with xhat = (x - center_c) * rstd_c
template <class T>
INKLING_INLINE void group_norm_dx(Index pixels, Index channels, const T* x, const T* dy, const T* center, const T* a,
                                  const T* b, const T* k, T* dx) {
  for_each_strip(pixels, channels, [&](const Strip& strip) INKLING_LAMBDA_INLINE {
    Block<T> middle, ac, bc, kc, v, d;
    spread_channels(middle, center, strip.first, channels);
    spread_channels(ac, a, strip.first, channels);
    spread_channels(bc, b, strip.first, channels);
    spread_channels(kc, k, strip.first, channels);
    strip.for_each_block([&](Index at, Index count) INKLING_LAMBDA_INLINE {
      load_block(v, x + at, count);
      load_block(d, dy + at, count);
      for (Index l = 0; l < block_size; ++l) v[l] = d[l] * ac[l] + (v[l] - middle[l]) * kc[l] + bc[l];
      store_block(dx + at, v, count);
    });
  });
}

}  // namespace detail

/// mean, rstd: (n, groups)
template <class Activation = NoActivation, class T>
void group_norm_forward(Index n, Index pixels, Index channels, Index groups, const T* x, const T* gamma, const T* beta,
                        T eps, T* y, T* mean, T* rstd) {
  const Index width = channels / groups, image = pixels * channels, size = pixels * width;
  parallel_for(n, 1, [&](Index i, Index) {
    Scratch<T> scratch(3 * channels);
    T *center = scratch.data(), *scale = center + channels, *shift = scale + channels;
    std::copy_n(x + i * image, channels, shift);
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      detail::channel_moment<1>(pixels, channels, x + i * image, shift, center);
      detail::average_groups(channels, groups, size, center, shift);
      detail::channel_moment<2>(pixels, channels, x + i * image, center, scale);
      detail::average_groups(channels, groups, size, scale);
      for (Index g = 0; g < groups; ++g) {
        const Index first = g * width;
        T middle = center[first], r = T(1) / std::sqrt(scale[first] + eps);
        if (!(scale[first] <= std::numeric_limits<T>::max())) {
          const auto wide = detail::wide_moments(pixels, width, channels, x + i * image + first, true, eps);
          middle = wide[0], r = wide[1];
        }
        if (mean) mean[i * groups + g] = middle;
        if (rstd) rstd[i * groups + g] = r;
        for (Index c = first; c < first + width; ++c) {
          center[c] = middle;
          scale[c] = gamma ? r * gamma[c] : r;
          shift[c] = beta ? beta[c] : T(0);
        }
      }
      detail::scale_channels<Activation>(pixels, channels, x + i * image, center, scale, shift, y + i * image);
    });
  });
}

/// beta matters only to an activation.
template <class Activation = NoActivation, class T>
void group_norm_backward(Index n, Index pixels, Index channels, Index groups, const T* x, const T* gamma, const T* beta,
                         const T* mean, const T* rstd, const T* dy, T* dx, T* dgamma, T* dbeta) {
  constexpr bool active = !std::is_same_v<Activation, NoActivation>;
  const Index width = channels / groups, image = pixels * channels, size = pixels * width;
  Scratch<T> partial(2 * n * channels);  // of each image: sum dz, sum dz * xhat
  parallel_for(n, 1, [&](Index i, Index) {
    Scratch<T> scratch(7 * channels);
    T *center = scratch.data(), *r = center + channels, *a = r + channels, *b = a + channels, *k = b + channels;
    T *gain = k + channels, *shift = gain + channels;
    T *sum_dz = partial.data() + 2 * i * channels, *sum_dzx = sum_dz + channels;
    for (Index c = 0; c < channels; ++c) {
      center[c] = mean[i * groups + c / width];
      r[c] = rstd[i * groups + c / width];
      gain[c] = gamma ? gamma[c] : T(1);
      shift[c] = beta ? beta[c] : T(0);
    }
    dispatch([&]<int>() INKLING_LAMBDA_INLINE {
      detail::channel_gradients<Activation>(pixels, channels, x + i * image, dy + i * image, center, r, gain, shift,
                                            dx ? dx + i * image : nullptr, sum_dz, sum_dzx);
      if (!dx) return;
      const T* dz = active ? dx : dy;
      for (Index c = 0; c < channels; ++c) {
        a[c] = r[c] * gain[c];
        b[c] = gain[c] * sum_dz[c];
        k[c] = gain[c] * sum_dzx[c];
      }
      detail::average_groups(channels, groups, size, b);
      detail::average_groups(channels, groups, size, k);
      for (Index c = 0; c < channels; ++c) {
        b[c] = -r[c] * b[c];
        k[c] = -r[c] * k[c] * r[c];
      }
      detail::group_norm_dx(pixels, channels, x + i * image, dz + i * image, center, a, b, k, dx + i * image);
    });
  });
  const auto combine = [&](T* out, Index offset) {
    if (out) detail::add_partial_sums(n, channels, static_cast<const T*>(partial.data() + offset), 2 * channels, out);
  };
  combine(dbeta, 0);
  combine(dgamma, channels);
}

}  // namespace ink::kernels
