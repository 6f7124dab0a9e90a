// PredictorCorrector: any sampler's step, then steps of Langevin dynamics at the same noise, which mend the
// distribution.
//
//   x ← x + e·g + √(2e)·z,   g = −ε̂/σ_s (the score),   e = 2·(r·‖z‖/‖g‖)²
//
// r is `snr`; the norms are each image's own, so that an image does not depend on the others of its batch. Nothing is
// corrected where there is no noise; with 0 corrections it is the predictor. Y. Song et al., "Score-based generative
// modeling through stochastic differential equations", 2021, arXiv:2011.13456, algorithms 4 and 5.
//
// Errors: ValueError for fewer than 0 corrections or an r that is not positive.
//
// Example:
//     PredictorCorrector<Ddim> mended{.predictor = {.steps = 100, .eta = 1}, .corrections = 1, .snr = 0.16};
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "inkling/dist/dirac.hpp"
#include "inkling/gen/sampler/ddim.hpp"

namespace ink {

template <class Predictor = Ddim>
struct PredictorCorrector {
  Predictor predictor{};
  int corrections = 1;
  double snr = 0.16;

  auto times(const auto& model, const auto& x) const {
    if (corrections < 0 || !(snr > 0)) {
      throw ValueError(text("PredictorCorrector: corrections is ", corrections, ", snr is ", snr,
                            "; they must not be negative, and snr not 0"));
    }
    return predictor.times(model, x);
  }

  auto begin(const auto& model, const auto& x, const auto& condition) const {
    return predictor.begin(model, x, condition);
  }

  template <class M, class X, class Memory, RandomKey K, class C>
    requires Denoiser<M, X, C>
  X step(const M& model, X x, double t, double s, Memory& memory, const K& key, const C& condition) const {
    x = predictor.step(model, std::move(x), t, s, memory, key, condition);
    const K own = key.fold(~std::uint64_t{0});  // not one that the predictor derives
    const Scales at = model.scales(s);
    for (int i = 0; i < corrections && at.sigma > 0; ++i) {
      const X noise = detail::mixed(x, detail::expected_clean(model, x, s, condition), at, detail::noise_mix);
      const X fresh = normal<scalar_t<X>>(x.shape(), own.fold(static_cast<std::uint64_t>(i)));
      const auto fresh_size = detail::row_totals(square(fresh)), noise_size = detail::row_totals(square(noise));
      Shape<X::rank> per_image;
      per_image.extents.fill(1);
      per_image[0] = x.extent(0);
      X drift(per_image), spread(per_image);  // e/σ and √(2e) of every image
      for (Index n = 0; n < x.extent(0); ++n) {
        const double ratio = static_cast<double>(fresh_size(n)) / std::max(1e-30, static_cast<double>(noise_size(n)));
        drift.mutable_data()[n] = static_cast<scalar_t<X>>(2 * snr * snr * at.sigma * ratio);
        spread.mutable_data()[n] = static_cast<scalar_t<X>>(2 * snr * at.sigma * std::sqrt(ratio));
      }
      x = map([](auto v, auto e, auto z, auto d, auto w) INKLING_LAMBDA_INLINE { return v - d * e + w * z; }, x, noise,
              fresh, drift, spread);
    }
    return x;
  }
};

}  // namespace ink
