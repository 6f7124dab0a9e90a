// What both families draw with the weights that ship with the examples: nothing has to be trained to see it.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/ops/image.hpp"
#include "systems/denoiser.hpp"
#include "systems/tokens.hpp"

/// Twenty digits of each family, two rows each: autoregression, then diffusion, every class in its column.
inline void draw_with_shipped_weights(const std::string& weights, const std::string& picture, ink::Key key) {
  const std::string pixelcnn = weights + "/pixelcnn.safetensors", diffusion = weights + "/diffusion.safetensors";
  if (!std::filesystem::exists(pixelcnn) || !std::filesystem::exists(diffusion)) {
    std::printf("There are no weights in %s; see examples/weights/README.md.\n", weights.c_str());
    return;
  }
  const auto tokens = systems::PixelModel::load(pixelcnn);
  const auto denoiser = systems::Denoiser::load(diffusion);
  const double start = ink::steady_seconds();
  const auto pixels = tokens.draw({}, systems::tell_nothing(20), key.fold(0));
  const double between = ink::steady_seconds();
  const auto denoised = denoiser.draw({.guidance = 1.5}, systems::tell_every_class(20), key.fold(1));
  const double end = ink::steady_seconds();
  ink::io::write_png(picture, image_grid(ink::upsample_nearest(ink::concat(0, pixels.images, denoised.images), 2), 10));
  std::printf(
      "%s: drawn with weights that were trained before, two rows of\n"
      "  autoregression: any digits, %lld network evaluations of a pixel each, %.2f s per image\n"
      "  diffusion: the digits 0 to 9, %lld network evaluations, %.2f s per image\n",
      picture.c_str(), static_cast<long long>(pixels.evaluations), (between - start) / 20,
      static_cast<long long>(denoised.evaluations), (end - between) / 20);
  std::fflush(stdout);
}
