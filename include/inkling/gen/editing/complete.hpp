// complete: images of which some pixels are known, finished by any sampler of tokens or of patches.
//
//   complete(sampler, model, images, known, key, condition)      known pixels stay as they are, the others are drawn
//
// Any set of pixels may be known, another one in every image. What the drawn ones are drawn given:
//
// AnyOrder, MaskedDiffusion   all that is known, from the start. One pixel a step (Reveal, EntropyBounded with bound 0)
//                             draws from the model's distribution given the known pixels, exactly; so do many steps of
//                             DiscreteAncestral, in the limit
// Autoregressive              what comes before them in the network's order, known or drawn. Exact where the known
//                             pixels come first; of those that come later, earlier ones know nothing
//                             (gen/token_sampler.hpp). With the network's cache or without, the same images
// UniformDiffusion            the known pixels as unsure as all others at the time (gen/token/uniform_diffusion.hpp);
//                             near the exact conditional with Repeated(DiscreteAncestral{…}, {.jump = 1, .passes = 10})
// PatchDiffusion              the patches before theirs, and within a patch what Inpaint makes of its known pixels
//
// Diffusion of images has Inpaint (gen/editing/inpaint.hpp). If nothing is known, this is `generate`, bit for bit; if
// everything is, nothing is drawn.
//
// Shapes: images (N, H, W, C) in [−1, 1] and known (N, H, W, C), or tokens (N, H, W) and known (N, H, W), not 0 where a
// pixel is known; any extent of known may be 1. What stands where nothing is known is not read. The result is like what
// was given: images, with the known values themselves though the model sees the nearest level, or tokens.
//
// Errors: ShapeError if they do not fit; ValueError for a known pixel outside of [−1, 1], or a known token outside of
// [0, levels), which says where it stands.
//
// Example:
//     models::Dit<float> net({.channels = 2, .outputs = 2, .height = 8, .columns = 8}, Key{1});
//     MaskedDiffusion model(net, Quantizer{2});
//     Tensor<float, 4> images(Shape{4, 8, 8, 1}, 1.0f);
//     Tensor<std::uint8_t, 4> known(Shape{1, 8, 8, 1});
//     known(0, 3, 3, 0) = 1;                                    // of every image
//     auto filled = complete(Reveal<>{}, model, images, known, Key{2});
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "inkling/core/view.hpp"
#include "inkling/gen/editing/inpaint.hpp"
#include "inkling/gen/patch_diffusion.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/token/masked_tokens.hpp"
#include "inkling/gen/token/token_model.hpp"

namespace ink {
namespace detail {

/// The mask with the extents of what it is a mask of.
template <int R>
Tensor<std::uint8_t, R> whole_mask(const Tensor<std::uint8_t, R>& known, const Shape<R>& shape, const char* what) {
  for (int axis = 0; axis < R; ++axis) {
    if (known.extent(axis) != 1 && known.extent(axis) != shape[axis]) {
      throw ShapeError(text("complete: known is ", known.shape(), ", ", what, " are ", shape, "; known[", axis,
                            "] must be 1 or equal to ", what, "[", axis, "]"));
    }
  }
  auto whole = Tensor<std::uint8_t, R>::uninitialized(shape);
  std::uint8_t* to = whole.mutable_data();
  const auto strides = known.shape().strides();
  for (Index i = 0; i < whole.size(); ++i) {
    const auto place = place_in(shape, i);
    Index from = 0;
    for (int axis = 0; axis < R; ++axis) {
      if (known.extent(axis) > 1) from += place[axis] * strides[static_cast<std::size_t>(axis)];
    }
    to[i] = known.data()[from] != 0;
  }
  return whole;
}

template <class T>
void check_known(const Tensor<T, 4>& images, const Tensor<std::uint8_t, 4>& known) {
  for (Index i = 0; i < images.size(); ++i) {
    const T v = images.data()[i];
    if (known.data()[i] != 0 && !(v >= -1 && v <= 1)) {
      throw ValueError(
          text("complete: known pixel ", place_in(images.shape(), i), " is ", v, "; it must be in [-1, 1]"));
    }
  }
}

}  // namespace detail

template <class S, class M, RandomKey K, class C = Unconditional>
  requires requires(const M& model) { model.quantizer.levels; }
Tokens complete(const S& sampler, const M& model, const Tokens& tokens, const Tensor<std::uint8_t, 3>& known,
                const K& key, const C& condition = {}) {
  const auto mask = detail::whole_mask(known, tokens.shape(), "tokens");
  Tokens told(tokens.shape(), missing_token);
  std::int32_t* to = told.mutable_data();
  for (Index i = 0; i < tokens.size(); ++i) {
    if (mask.data()[i] == 0) continue;
    if (!detail::is_known("complete", tokens, i, model.quantizer.levels)) {
      throw ValueError(
          text("complete: known token ", detail::place_in(tokens.shape(), i), " is missing_token; it must be a level"));
    }
    to[i] = tokens.data()[i];
  }
  if (!detail::any_missing(told)) return told;
  if constexpr (requires { model.with_known(told); }) {
    const Tokens start = model.prior(Shape<4>{told.extent(0), told.extent(1), told.extent(2), 1}, key.fold(0));
    return sample(sampler, model.with_known(told), start, key.fold(1), condition);
  } else {
    return sample(sampler, model, told, key.fold(1), condition);
  }
}

/// Of images: their known pixels are seen as tokens, and stay as they are in the result.
template <class S, class M, class T, class C = Unconditional>
  requires requires(const M& model) { model.quantizer.levels; }
Tensor<T, 4> complete(const S& sampler, const M& model, const Tensor<T, 4>& images,
                      const Tensor<std::uint8_t, 4>& known, Key key, const C& condition = {}) {
  const auto mask = detail::whole_mask(known, images.shape(), "images");
  detail::check_known(images, mask);
  const Tensor<T, 4> told = where(mask, images, Tensor<T, 4>(images.shape()));
  const Tokens tokens = model.quantizer.tokens(told, key.fold(2));
  const Tokens drawn = complete(sampler, model, tokens, mask.reshape(tokens.shape()), key, condition);
  return where(mask, images, model.images(drawn));
}

namespace detail {

/// PatchAncestral that keeps what is known of every patch.
template <class PatchSampler, class X>
class PatchesKept {
 public:
  PatchesKept(const PatchAncestral<PatchSampler>& inner, const X& image, const Tensor<std::uint8_t, 4>& known)
      : inner_(inner), image_(image), known_(known) {}

  auto times(const auto& model, const X& x) const { return inner_.times(model, x); }
  auto begin(const auto& model, const X& x, const auto& condition) const { return inner_.begin(model, x, condition); }

  template <class M, class Memory, RandomKey K, class C>
  X step(const M& model, X x, double i, double, Memory& memory, const K& key, const C& condition) const {
    const auto patch = [&](const auto& whole) {
      const auto cut = inner_.patch_of(model, whole, static_cast<Index>(i));
      return cut.reshape(Shape<4>{cut.extent(0), 1, 1, cut.size() / std::max<Index>(cut.extent(0), 1)});
    };
    const Inpaint fill(inner_.sampler, patch(image_), patch(known_));
    return inner_.step_with(fill, model, std::move(x), i, memory, key, condition);
  }

 private:
  const PatchAncestral<PatchSampler>& inner_;
  const X& image_;
  const Tensor<std::uint8_t, 4>& known_;
};

}  // namespace detail

template <class S, class Network, class PatchModel, class T, RandomKey K, class C = Unconditional>
Tensor<T, 4> complete(const PatchAncestral<S>& sampler, const PatchDiffusion<Network, PatchModel>& model,
                      const Tensor<T, 4>& images, const Tensor<std::uint8_t, 4>& known, const K& key,
                      const C& condition = {}) {
  const auto mask = detail::whole_mask(known, images.shape(), "images");
  detail::check_known(images, mask);
  if (std::all_of(mask.data(), mask.data() + mask.size(), [](std::uint8_t k) { return k != 0; })) return images;
  const Tensor<T, 4> told = where(mask, images, Tensor<T, 4>(images.shape()));
  const detail::PatchesKept kept(sampler, told, mask);
  return where(mask, images, generate(kept, model, images.shape(), key, condition));
}

}  // namespace ink
