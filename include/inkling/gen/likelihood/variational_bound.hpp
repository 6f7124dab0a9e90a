// variational_bound: the likelihood that a diffusion model is sure to reach, in the three terms of DDPM.
//
//   −ln p(x₀) ≤ L_T + Σ_{t>1} L_{t−1} + L_0
//
//   prior      L_T      KL of q(x_T | x₀) from the prior N(0, max(1, σ_T²)·I): ½Σ(ᾱ_T·x₀² + (1−ᾱ_T) − ln(1−ᾱ_T) − 1)
//                       if the variance is preserved
//   diffusion  L_{t−1}  KL of q(x_s | x_t, x₀) from the model's step: ½(SNR_s − SNR_t)·‖x₀ − x̂₀‖²/r plus
//                       ½D·(1/r − 1 + ln r), r the variance of the model's step in units of the posterior's: 1
//                       ("small"), σ_t²/σ_s² ("large"), or what its posterior says, if that has variance(β̃, β)
//   decoder    L_0      −ln P(x₀ | x_1), a discretised Gaussian around x̂₀ with the deviation σ_1/α_1, at most 1
//
// J. Ho, A. Jain, P. Abbeel 2020, arXiv:2006.11239; A. Nichol, P. Dhariwal 2021, arXiv:2102.09672. The noise is drawn
// once for every step; given `draws`, so are the steps of the sum: one in each of as many equal parts of ln SNR, and
// weighted so that the sum is right on average.
//
// Shapes: images (N, H, W, C) on `levels` even levels in [−1, 1]; every term is (N), in nats. Row n depends on row n
// and the key. They ask of a model what samplers do (gen/sampler.hpp).
//
// Errors: ValueError for fewer than one step, draws below 0, or fewer than 2 levels.
//
// Example:
//     auto bits = [](const auto& model, const Tensor<float, 4>& images) {
//       const auto nats = variational_bound(model, images, Unconditional{}, Key{1}, {.steps = 1000, .draws = 50});
//       return bits_per_dimension(nats, 784).total;
//     };
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "inkling/dist/discretized_gaussian.hpp"
#include "inkling/gen/corruption.hpp"
#include "inkling/gen/likelihood.hpp"
#include "inkling/gen/likelihood/noise_range.hpp"
#include "inkling/gen/noised.hpp"

namespace ink {

/// Of every image (N).
struct VariationalBound {
  Tensor<double, 1> prior, diffusion, decoder, total;
};

inline VariationalBound bits_per_dimension(const VariationalBound& nats, Index dimensions) {
  const double bits = bits_per_dimension(1.0, dimensions);
  return {nats.prior * bits, nats.diffusion * bits, nats.decoder * bits, nats.total * bits};
}

struct VariationalBoundOptions {
  int steps = 1000;
  int draws = 0;                ///< of the steps that are evaluated, but for the last; 0: all
  bool large_variance = false;  ///< of the model's steps, if it has not learned one
  int levels = 256;
};

namespace detail {

/// One evaluation of the model, with the noise of this time and this key: `weight` of ‖x₀ − x̂₀‖², if the model's step
/// is as wide as the posterior; `count` steps that are wider, in units of the posterior's variance: by `fixed`, or by
/// what the model has learned, between 1 and `large`.
struct BoundTerm {
  double time, weight;
  Key key;
  double count = 0, large = 1, fixed = 1;
};

template <class X>
Tensor<double, 1> squared_error(const X& images, const X& clean) {
  return -Dirac(clean).log_prob(images).template cast<double>();
}

/// The divergence of two normal distributions of which the second is `v` times as wide, for every image.
template <class X, class P>
Tensor<double, 1> step_nats(const X& images, const P& posterior, const BoundTerm& term) {
  if constexpr (requires { posterior.variance(1.0, 1.0); }) {
    using T = scalar_t<X>;
    if (term.count > 0) {
      const auto nats = [w = static_cast<T>(term.weight), c = static_cast<T>(0.5 * term.count)](auto x, auto m, auto v)
                            INKLING_LAMBDA_INLINE { return w * square(x - m) / v + c * (reciprocal(v) - 1 + log(v)); };
      return row_totals(map(nats, images, posterior.mean(), posterior.variance(1.0, term.large)))
          .template cast<double>();
    }
  }
  const double constant = 0.5 * image_size(images) * term.count * (1 / term.fixed - 1 + std::log(term.fixed));
  return squared_error(images, X(posterior.mean())) * (term.weight / term.fixed) + constant;
}

/// The three terms, for any bound whose second is a weighted sum of squared errors.
template <class M, class X, class C>
VariationalBound bound_of(const M& model, const X& images, double most, const std::vector<BoundTerm>& terms,
                          const BoundTerm& decode, int levels, const C& condition) {
  const auto posterior = [&](const BoundTerm& term) {
    return model.posterior(noised(images, model.scales(term.time), term.key), term.time, condition);
  };
  // The prior's is a step from all noise to none.
  const Scales end = model.scales(most);
  const double prior = prior_deviation(end), spread = std::pow(prior / end.sigma, 2);
  VariationalBound nats;
  nats.prior = step_nats(images, Dirac(X(images.shape())),
                         {most, 0.5 * std::pow(end.alpha / end.sigma, 2), Key{0}, 1, spread, spread});
  nats.diffusion = Tensor<double, 1>(Shape{images.extent(0)});
  for (const BoundTerm& term : terms) nats.diffusion = nats.diffusion + step_nats(images, posterior(term), term);
  const double deviation = std::min(1.0, model.scales(decode.time).ratio());
  const DiscretizedGaussian decoder(X(posterior(decode).mean()), deviation, levels);
  nats.decoder = -decoder.log_prob(images).template cast<double>();
  nats.total = nats.prior + nats.diffusion + nats.decoder;
  return nats;
}

}  // namespace detail

template <class M, class X, class C>
  requires Denoiser<M, X, C>
VariationalBound variational_bound(const M& model, const X& images, const C& condition, Key key,
                                   const VariationalBoundOptions& o = {}) {
  if (o.draws < 0) throw ValueError(text("variational_bound: draws is ", o.draws, "; it must not be negative"));
  const std::vector<double> times = model.times(o.steps);
  const auto steps = times.size() - 2;  // with a KL; one more decodes
  std::vector<detail::BoundTerm> terms;
  std::vector<double> lengths;  // of the steps in ln SNR: what they cost, nearly, and so how often they are drawn
  for (std::size_t i = 0; i < steps; ++i) {
    const Scales t = model.scales(times[i]), s = model.scales(times[i + 1]);
    const double snr_s = 1 / (s.ratio() * s.ratio()), snr_t = 1 / (t.ratio() * t.ratio());
    const double large = t.sigma * t.sigma / (s.sigma * s.sigma);
    terms.push_back({times[i], 0.5 * (snr_s - snr_t), key.fold(i), 1, large, o.large_variance ? large : 1});
    lengths.push_back(std::log((snr_s + 1e-8) / (snr_t + 1e-8)));
  }
  if (o.draws > 0 && steps > 0) {
    std::vector<detail::BoundTerm> drawn;
    std::size_t i = 0;
    double passed = lengths[0];
    const double total = std::accumulate(lengths.begin(), lengths.end(), 0.0);
    const auto places = detail::strata(o.draws, key.fold(steps + 1));  // in ascending order
    for (const double place : places.values()) {
      while (passed < place * total && i + 1 < steps) passed += lengths[++i];
      detail::BoundTerm& term = drawn.emplace_back(terms[i]);
      term.count = total / (lengths[i] * o.draws);
      term.weight *= term.count;
      term.key = key.fold(steps + 2).fold(drawn.size());
    }
    terms = drawn;
  }
  return detail::bound_of(model, images, times[0], terms, {times[steps], 0, key.fold(steps)}, o.levels, condition);
}

}  // namespace ink
