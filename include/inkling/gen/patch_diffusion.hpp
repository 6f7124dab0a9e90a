// PatchDiffusion: autoregression over patches, each drawn by a small diffusion model: tokens that are not discrete.
//
//   p(x) = Π_i p(x_i | z_i),   z_i = network(x_1, …, x_{i−1}),   −log p(x_i | z_i) replaced by ‖y − ŷ(x_{i,t}; t,
//   z_i)‖²
//
// A causal network says with one vector z_i what is to be expected of patch i; the denoiser, a Diffusion whose images
// are single patches and whose condition is that vector, learns the rest. Both are trained together in one evaluation
// of the network; times are drawn per patch. T. Li, Y. Tian, H. Li, M. Deng, K. He, "Autoregressive image generation
// without vector quantization", 2024, arXiv:2406.11838, in raster order.
//
// The network is any type with
//   patch()                              pixels along the side of a patch
//   (images, condition)                  (N, H, W, C) -> (N, patches, width), each from the patches before it
//   cache(batch, condition)              optional, with
//   vector_at(images, i, cache)          (N, width), the vector of patch i, asked for in order
// and the denoiser's network is called with patches (M, 1, 1, patch · patch · C), levels (M) and PatchVectors.
//
// PatchAncestral draws patch after patch, each with the given sampler of diffusion models.
//
// Shapes: images (N, H, W, C) in [−1, 1]; patch divides H and W.
//
// Example (declarations):
//     struct Nothing {                                          // a network that says 0 about every patch
//       using value_type = float;
//       Index patch() const { return 4; }
//       template <TensorLike X, class C>
//       auto operator()(const X& x, const C&) const { return 0.0f * patchify(x, 4); }
//       static void visit(auto&, auto&&) {}
//     };
//     struct Zero {                                             // a denoiser's network that always answers 0
//       using value_type = float;
//       template <TensorLike X, class C>
//       auto operator()(const X& x, const Tensor<float, 1>&, const C&) const { return 0.0f * x; }
//       static void visit(auto&, auto&&) {}
//     };
// Example:
//     PatchDiffusion model(Nothing{}, Diffusion(Zero{}, Cosine{}, VelocityTarget{}));
//     auto images = generate(PatchAncestral(Ddim{.steps = 5}), model, Shape{2, 8, 8, 1}, Key{1});
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "inkling/gen/diffusion.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/sampler.hpp"
#include "inkling/ops/image.hpp"
#include "inkling/ops/reshape.hpp"

namespace ink {

/// What is known about each of M patches: the condition of their denoiser.
template <TensorLikeOfRank<2> X>
struct PatchVectors {
  X vectors;  ///< (M, width)

  /// Zero where it is not told.
  PatchVectors withhold(std::span<const std::uint8_t> rows) const {
    PatchVectors told = *this;
    const Index width = vectors.extent(1);
    auto* row = told.vectors.mutable_data();
    for (std::size_t m = 0; m < rows.size(); ++m, row += width) {
      if (rows[m] != 0) std::fill_n(row, width, 0);
    }
    return told;
  }
  PatchVectors joined(const PatchVectors& more) const { return {concat(0, vectors, more.vectors)}; }
};
template <class X>
PatchVectors(X) -> PatchVectors<X>;

namespace detail {

/// (N, patches, numbers) as N · patches images of one pixel.
template <TensorLikeOfRank<3> X>
auto as_pixels(const X& patches) {
  const auto& shape = value(patches).shape();
  return reshape(patches, Shape<4>{shape[0] * shape[1], 1, 1, shape[2]});
}

}  // namespace detail

template <class Network, class PatchModel>
class PatchDiffusion {
 public:
  using value_type = typename Network::value_type;
  using T = value_type;
  using Images = Tensor<T, 4>;

  Network network;
  PatchModel denoiser;
  double drop_condition = 0.1;  ///< how often training withholds the condition

  PatchDiffusion(Network n, PatchModel d) : network(std::move(n)), denoiser(std::move(d)) {}

  static void visit(auto& self, auto&& f) {
    f("network", self.network);
    f("denoiser", self.denoiser);
  }

  /// The state is the clean image, which the network sees, and beside it the noisy one: 2 · C channels.
  Corruption<T, Images, Images> corrupt(const Images& images, Key key) const {
    const Index side = network.patch();
    const Tensor<T, 3> cut = patchify(images, side);
    const Images patches = detail::as_pixels(cut);  // each has a time of its own
    auto example = denoiser.corrupt(patches, key);
    const auto noisy = example.state.reshape(cut.shape());
    return {concat(3, images, unpatchify(noisy, side, images.extent(1), images.extent(2), images.extent(3))),
            std::move(example.level), std::move(example.target), std::move(example.weight)};
  }

  template <TensorLike X, class C>
  auto predict(const X& state, const Tensor<T, 1>& level, const C& condition) const {
    const Index channels = value(state).extent(3) / 2;
    const auto vectors = network(slice(state, 3, 0, channels), condition);
    const Shape<3> shape = value(vectors).shape();
    return denoiser.predict(detail::as_pixels(patchify(slice(state, 3, channels, 2 * channels), network.patch())),
                            level, PatchVectors{reshape(vectors, Shape<2>{shape[0] * shape[1], shape[2]})});
  }

  /// Steps of the sampler: the number of patches known.
  std::vector<double> positions(const Images& x) const {
    detail::check_patch("PatchDiffusion", network.patch(), x.shape());
    std::vector<double> known;
    const Index side = network.patch(), patches = x.extent(1) / side * (x.extent(2) / side);
    for (Index i = 0; i <= patches; ++i) known.push_back(static_cast<double>(i));
    return known;
  }

  /// An image of which no patch is known.
  template <RandomKey K>
  Images prior(const Shape<4>& shape, const K&) const {
    return Images(shape);
  }
  Images images(const Images& x) const { return denoiser.images(x); }
};

/// Draws patch after patch, each with a sampler of diffusion models.
template <class PatchSampler>
struct PatchAncestral {
  PatchSampler sampler;
  bool cache;  ///< the network's, if it offers one

  explicit PatchAncestral(PatchSampler s, bool c = true) : sampler(std::move(s)), cache(c) {}

  template <class M, class X>
  std::vector<double> times(const M& model, const X& x) const {
    return model.positions(x);
  }

  template <class M, class X, class C>
  auto begin(const M& model, const X& x, const C& condition) const {
    if constexpr (requires { model.network.cache(x.extent(0), condition); }) {
      using Cache = decltype(model.network.cache(x.extent(0), condition));
      return cache ? std::optional<Cache>(model.network.cache(x.extent(0), condition)) : std::optional<Cache>();
    } else {
      return NoMemory{};
    }
  }

  template <class M, class X, class Memory, RandomKey K, class C>
  X step(const M& model, X x, double known, double, Memory& memory, const K& key, const C& condition) const {
    return step_with(sampler, model, std::move(x), known, memory, key, condition);
  }

  /// The same with another sampler of the patch.
  template <class Drawing, class M, class X, class Memory, RandomKey K, class C>
  X step_with(const Drawing& drawing, const M& model, X x, double known, Memory& memory, const K& key,
              const C& condition) const {
    const auto i = static_cast<Index>(known);
    const PatchVectors told{vectors(model, x, i, memory, condition)};
    const auto patch = patch_at(model, x, i);
    const Shape<4> shape{x.extent(0), patch.side, patch.side, x.extent(3)};
    const X noise = model.denoiser.prior(Shape<4>{shape[0], 1, 1, shape[1] * shape[2] * shape[3]}, key.fold(0));
    const X drawn = model.denoiser.images(ink::sample(drawing, model.denoiser, noise, key.fold(1), told));
    copy(view(drawn.reshape(shape)),
         mutable_view(x).slice(1, patch.row, patch.row + patch.side).slice(2, patch.column, patch.column + patch.side));
    return x;
  }

  /// Patch i of images, or of a mask.
  template <class M, class X>
  static X patch_of(const M& model, const X& x, Index i) {
    const auto patch = patch_at(model, x, i);
    return dense(view(x).slice(1, patch.row, patch.row + patch.side).slice(2, patch.column, patch.column + patch.side));
  }

 private:
  struct Place {
    Index side, row, column;
  };
  static Place patch_at(const auto& model, const auto& x, Index i) {
    const Index side = model.network.patch(), across = x.extent(2) / side;
    return {side, i / across * side, i % across * side};
  }

  template <class M, class X, class Memory, class C>
  static auto vectors(const M& model, const X& x, Index i, Memory& memory, const C& condition) {
    using T = typename M::value_type;
    if constexpr (!std::is_same_v<Memory, NoMemory>) {
      if (memory) return Tensor<T, 2>(model.network.vector_at(x, i, *memory));
    }
    const Tensor<T, 3> all = model.network(x, condition);
    return slice(all, 1, i, i + 1).reshape(Shape<2>{x.extent(0), all.extent(2)});
  }
};

}  // namespace ink
