#include "study/claims/pair.hpp"

#include <cmath>
#include <vector>

#include "inkling/dist/missing_token.hpp"

namespace study {

using namespace ink;

Tensor<double, 2> nats_of_single_pixels(const systems::Tokens& tokens, const data::ImageDataset& training) {
  // One more of each colour than there are, so that no probability is 0.
  std::vector<double> white(784);
  const double digits = static_cast<double>(training.size());
  for (Index i = 0; i < training.images.size(); ++i) {
    white[static_cast<std::size_t>(i % 784)] += training.images.data()[i] / 255.0;
  }
  Tensor<double, 2> nats({tokens.extent(0), systems::PatchChain::patches});
  for (Index i = 0; i < tokens.size(); ++i) {
    const Index place = i % 784, patch = place / 28 / 4 * 7 + place % 28 / 4;
    const double p = (white[static_cast<std::size_t>(place)] + 1) / (digits + 2);
    nats(i / 784, patch) -= std::log(tokens.data()[i] == 1 ? p : 1 - p);
  }
  return nats;
}

systems::Images images_of(const systems::Tokens& tokens) {
  systems::Images images({tokens.extent(0), 28, 28, 1});
  float* pixel = images.mutable_data();
  for (Index i = 0; i < tokens.size(); ++i) {
    pixel[i] = tokens.data()[i] == missing_token ? 0.0f : 2 * static_cast<float>(tokens.data()[i]) - 1;
  }
  return images;
}

}  // namespace study
