// Likelihood of models that reveal pixels: AnyOrder, MaskedDiffusion (nats per image, or per pixel where it says so).
//
//   ordered_nll        −log p(x) of drawing the pixels in one order, one or several at a time: exact, one evaluation of
//                      the network a step:  Σ_steps Σ_{j revealed} −log p(x_j | known before the step)
//   all_orders_nll     its mean over all D! orders, one at a time: the bound of both models, exactly. The network is
//                      evaluated for each of the 2^D − 1 sets of known pixels: for D ≤ 16
//   nll_bound          an unbiased estimate of a model's bound, from `draws` evaluations. Per image, the draws are one
//                      in each part of the training's range; with AnyOrder and as many draws as pixels, each number of
//                      known pixels once
//   step_losses        L_t, t = 0 … D − 1: the nats of one missing pixel when t are known, mean over the batch and over
//                      random places, from D evaluations: what budgeted_plan wants
//
// With uniformly random orders, nll_bound, all_orders_nll and the mean of ordered_nll over orders have one value, of
// AnyOrder (both `asked`) and of MaskedDiffusion (every schedule). E. Hoogeboom et al. 2021, arXiv:2110.02037; J. Shi
// et al. 2024, arXiv:2406.04329.
//
// Shapes: tokens (N, H, W), as of model.quantizer.tokens(images, key); results (N), step_losses D numbers.
//
// Errors: ValueError for fewer than one draw, an image too large for all orders, or an order that is not a permutation.
//
// Example:
//     models::Dit<float> net({.channels = 2, .outputs = 2, .height = 8, .columns = 8}, Key{1});
//     AnyOrder model(net, Quantizer{2});
//     Tokens pixels({4, 8, 8});
//     auto nats = nll_bound(model, pixels, Unconditional{}, 10, Key{1});
//     auto chain = ordered_nll(model, pixels, Unconditional{}, orders::raster(8, 8));
//     auto plan = budgeted_plan(step_losses(model, pixels, Unconditional{}, Key{2}), 16);
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "inkling/gen/token/any_order.hpp"
#include "inkling/gen/token/step_plan.hpp"

namespace ink {
namespace detail {

/// What a pixel is in one question to the network.
enum class Role { known, asked, hidden };

/// Adds scale·(−log p) of the pixels that are asked for, given those that are known; role(n, place) says which.
template <class M, class C, class F>
void add_nll(const M& model, const Tokens& tokens, const C& condition, double scale, Tensor<double, 1>& nats, F role) {
  const Index places = tokens.extent(1) * tokens.extent(2);
  Tokens state = tokens, target = tokens;
  std::int32_t *left = state.mutable_data(), *wanted = target.mutable_data();
  for (Index i = 0; i < tokens.size(); ++i) {
    const Role here = role(i / places, i % places);
    if (here != Role::known) left[i] = missing_token;
    if (here != Role::asked) wanted[i] = missing_token;
  }
  const auto log_p = model.posterior(state, 0, condition).log_prob(target);
  for (Index n = 0; n < nats.size(); ++n) nats(n) -= scale * static_cast<double>(log_p(n));
}

}  // namespace detail

template <class M, class C, class Plan = EvenPlan>
Tensor<double, 1> ordered_nll(const M& model, const Tokens& tokens, const C& condition, const Order& order,
                              const Plan& plan = {}) {
  const Index places = tokens.extent(1) * tokens.extent(2);
  const Order rank = detail::ranks(order, places);
  const auto known = plan(places);
  Tensor<double, 1> nats(Shape{tokens.extent(0)});
  for (std::size_t step = 0; step + 1 < known.size(); ++step) {
    detail::add_nll(model, tokens, condition, 1, nats, [&](Index, Index place) {
      const Index r = rank[static_cast<std::size_t>(place)];
      return r < known[step] ? detail::Role::known : r < known[step + 1] ? detail::Role::asked : detail::Role::hidden;
    });
  }
  return nats;
}

template <class M, class C>
Tensor<double, 1> all_orders_nll(const M& model, const Tokens& tokens, const C& condition) {
  const Index places = tokens.extent(1) * tokens.extent(2);
  if (places > 16)
    throw ValueError(text("all_orders_nll: the images have ", places, " pixels; at most 16 are feasible"));
  Tensor<double, 1> nats(Shape{tokens.extent(0)});
  for (std::uint32_t known = 0; known + 1 < (1u << places); ++known) {
    // 1/(C(D, k)·(D − k)): every set of k pixels as often, and of the others every one as often the next.
    Index k = 0;
    double weight = 1;
    for (Index i = 0; i < places; ++i) {
      if (!(known >> i & 1)) continue;
      weight *= static_cast<double>(k + 1) / static_cast<double>(places - k);
      ++k;
    }
    detail::add_nll(model, tokens, condition, weight / static_cast<double>(places - k), nats,
                    [&](Index, Index place) { return known >> place & 1 ? detail::Role::known : detail::Role::asked; });
  }
  return nats;
}

template <class M, class C>
Tensor<double, 1> nll_bound(const M& model, const Tokens& tokens, const C& condition, int draws, Key key) {
  if (draws < 1) throw ValueError(text("nll_bound: draws is ", draws, "; it must be at least 1"));
  const Shape<1> rows{tokens.extent(0)};
  Tensor<double, 1> nats(rows);
  for (int i = 0; i < draws; ++i) {
    const Key draw = key.fold(static_cast<std::uint64_t>(i));
    Tensor<double, 1> u = uniform<double>(rows, draw.fold(0));
    for (double& v : u.mutable_values()) v = (i + std::max(v, 0x1p-54)) / draws;
    const auto example = model.corrupt_tokens(tokens, u, draw.fold(1));
    const auto log_p = model.predict(example.state, example.level, condition).log_prob(example.target);
    for (Index n = 0; n < rows[0]; ++n)
      nats(n) -= static_cast<double>(log_p(n)) * static_cast<double>(example.weight(n)) / draws;
  }
  return nats;
}

template <class M, class C>
std::vector<double> step_losses(const M& model, const Tokens& tokens, const C& condition, Key key) {
  const Index rows = tokens.extent(0), places = tokens.extent(1) * tokens.extent(2);
  std::vector<double> losses;
  for (Index t = 0; t < places; ++t) {
    std::vector<std::uint8_t> known(static_cast<std::size_t>(rows * places));
    for (Index n = 0; n < rows; ++n) {
      const auto order =
          permutation(places, key.fold(static_cast<std::uint64_t>(t)).fold(static_cast<std::uint64_t>(n)));
      for (Index i = 0; i < t; ++i)
        known[static_cast<std::size_t>(n * places + order[static_cast<std::size_t>(i)])] = 1;
    }
    Tensor<double, 1> nats(Shape{rows});
    detail::add_nll(model, tokens, condition, 1 / static_cast<double>((places - t) * rows), nats,
                    [&](Index n, Index place) {
      return known[static_cast<std::size_t>(n * places + place)] ? detail::Role::known : detail::Role::asked;
    });
    double sum = 0;
    for (const double v : nats.values()) sum += v;
    losses.push_back(sum);
  }
  return losses;
}

}  // namespace ink
