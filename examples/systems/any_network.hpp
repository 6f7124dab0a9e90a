// AnyNetwork: a network of images that a specification names: a UNet or a transformer of patches.
#pragma once

#include <variant>

#include "inkling/models/dit.hpp"
#include "inkling/models/unet.hpp"
#include "systems/told.hpp"

namespace systems {

struct AnyNetwork {
  using value_type = float;
  using UNet = ink::models::UNet<float>;
  using Dit = ink::models::Dit<float>;

  std::variant<UNet, Dit> network;
  bool blind = false;  ///< not told the level

  template <ink::TensorLikeOfRank<4> X>
  X operator()(const X& x, const ink::Tensor<float, 1>& level, const Told& told) const {
    const ink::Tensor<float, 1> heard = blind ? ink::Tensor<float, 1>(level.shape()) : level;
    if (const auto* unet = std::get_if<UNet>(&network)) return (*unet)(x, heard, told);
    const auto& [labels, captions, sketches] = told.parts;
    return std::get<Dit>(network)(x, heard, ink::Conditions(labels, sketches));
  }

  static void visit(auto& self, auto&& f) {
    std::visit([&](auto& n) { f("network", n); }, self.network);
  }
};

}  // namespace systems
