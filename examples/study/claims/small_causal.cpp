#include "study/claims/small_causal.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "inkling/autograd/tape.hpp"
#include "inkling/gen/autoregressive.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/gen/token_sampler.hpp"
#include "inkling/models/gpt.hpp"
#include "inkling/models/pixelcnn.hpp"
#include "inkling/train/clock.hpp"

namespace study {
namespace {

using namespace ink;
using PixelCnn = models::PixelCnn<float>;
using Gpt = models::Gpt<float>;

std::variant<PixelCnn, Gpt> make(const SmallCausalSpec& s, Key key) {
  if (s.network == "gpt") {
    return Gpt(
        {.levels = 2, .width = s.width, .layers = s.layers, .heads = s.heads, .height = s.side, .columns = s.side},
        key);
  }
  if (s.network != "one stack" && s.network != "two stacks") {
    throw ValueError("small causal network: it is '" + s.network + "'; it must be one stack, two stacks or gpt");
  }
  return PixelCnn({.levels = 2,
                   .width = s.width,
                   .layers = s.layers,
                   .head = s.width,
                   .two_stacks = s.network == "two stacks",
                   .height = s.side,
                   .columns = s.side},
                  key);
}

/// Adds to row i of `most` the absolute gradient of the logits of pixel i of an image, where it is larger.
void add_gradients(const PixelCnn& network, const Tensor<float, 4>& image, Key key, Tensor<double, 2>& most) {
  const Index pixels = image.size();
  const auto mixture = normal<float>(Shape{pixels, Index{2}}, key);
  for (Index i = 0; i < pixels; ++i) {
    Tape tape;
    const auto x = tape.variable(image);
    const auto logits = reshape(network.logits_of(x), Shape<2>{pixels, 2});
    const auto gradient = tape.backward(sum(slice(logits, 0, i, i + 1) * slice(mixture, 0, i, i + 1)))[x];
    for (Index j = 0; j < pixels; ++j) {
      most(i, j) = std::max(most(i, j), std::abs(static_cast<double>(gradient.data()[j])));
    }
  }
}

/// The same by changing the colour of one token after the other.
void add_changes(const Gpt& network, const Tensor<std::int32_t, 3>& image, Tensor<double, 2>& most) {
  const Index pixels = image.size();
  const Tensor<float, 4> before = network(image, Unconditional{});
  for (Index j = 0; j < pixels; ++j) {
    auto changed = image;
    changed.mutable_data()[j] = 1 - changed.data()[j];
    const Tensor<float, 4> after = network(changed, Unconditional{});
    for (Index k = 0; k < before.size(); ++k) {
      const double change = std::abs(static_cast<double>(after.data()[k]) - static_cast<double>(before.data()[k]));
      most(k / 2, j) = std::max(most(k / 2, j), change);
    }
  }
}

}  // namespace

struct SmallCausal::Network {
  std::variant<PixelCnn, Gpt> network;
};

SmallCausal::SmallCausal(const SmallCausalSpec& spec, Key key)
    : spec_(spec), network_(std::make_shared<const Network>(Network{make(spec, key)})) {}

Tensor<double, 2> SmallCausal::influence(Index images, Key key) const {
  const Index pixels = spec_.side * spec_.side;
  Tensor<double, 2> most({pixels, pixels});
  for (Index n = 0; n < images; ++n) {
    const Key own = key.fold(static_cast<std::uint64_t>(n));
    if (const auto* cnn = std::get_if<PixelCnn>(&network_->network)) {
      add_gradients(*cnn, uniform<float>(Shape{Index{1}, spec_.side, spec_.side, Index{1}}, own.fold(0), -1, 1),
                    own.fold(1), most);
    } else {
      add_changes(std::get<Gpt>(network_->network), coin_flips(1, spec_.side, own), most);
    }
  }
  return most;
}

Tensor<double, 1> SmallCausal::nats_at_once(const Tokens& tokens) const {
  return std::visit([&](const auto& network) {
    const auto log_p = log_softmax(network(tokens, Unconditional{}));
    Tensor<double, 1> nats(Shape{tokens.extent(0)});
    const Index pixels = spec_.side * spec_.side;
    for (Index i = 0; i < tokens.size(); ++i) {
      nats(i / pixels) -= static_cast<double>(log_p.data()[2 * i + tokens.data()[i]]);
    }
    return nats;
  }, network_->network);
}

Tensor<double, 1> SmallCausal::nats_in_turn(const Tokens& tokens) const {
  return std::visit([&](const auto& network) {
    const Index count = tokens.extent(0), pixels = spec_.side * spec_.side;
    Tensor<double, 1> nats(Shape{count});
    auto cache = network.cache(count, Unconditional{});
    // What comes later is not there yet.
    Tokens known(tokens.shape());
    for (Index i = 0; i < pixels; ++i) {
      const auto log_p = log_softmax(network.logits_at(known, i, cache));
      for (Index n = 0; n < count; ++n) {
        const std::int32_t token = tokens.data()[n * pixels + i];
        nats(n) -= static_cast<double>(log_p(n, token));
        known.mutable_data()[n * pixels + i] = token;
      }
    }
    return nats;
  }, network_->network);
}

SmallDrawn SmallCausal::draw(Index count, bool cache, Key key) const {
  return std::visit([&](const auto& network) {
    const Autoregressive model(network, Quantizer{2});
    const double start = processor_seconds();
    const auto tokens = sample(Ancestral{.cache = cache}, model, model.prior({count, spec_.side, spec_.side, 1}, key),
                               key, Unconditional{});
    return SmallDrawn{tokens, processor_seconds() - start};
  }, network_->network);
}

// Of P pixels with the cache, width w, L layers, 2 logits:
//   two stacks   P · (24 w + L · (6 · 2w² + 2 · 2w² + 4w² + w²) + w² + 2w): in every layer the vertical convolution
//   sees
//                6 places, the horizontal 2, and both give 2w channels; the link maps 2w to 2w, the projection w to w;
//                the first layers see 21 + 3 places, the head has w hidden units
//   one stack    P · (24 w + L · (5 · 2w² + w²) + w² + 2w)
//   gpt          P · (L · 12 w² + 2w) + L · w · P · (P + 1): at token t every layer compares with, and adds up, t
//   tokens
double SmallCausal::multiplications() const {
  const auto w = static_cast<double>(spec_.width), layers = static_cast<double>(spec_.layers);
  const auto pixels = static_cast<double>(spec_.side * spec_.side);
  if (spec_.network == "gpt") return pixels * (layers * 12 * w * w + 2 * w) + layers * w * pixels * (pixels + 1);
  const double layer = spec_.network == "two stacks" ? 21 * w * w : 11 * w * w;
  return pixels * (24 * w + layers * layer + w * w + 2 * w);
}

Index SmallCausal::parameters() const {
  return std::visit([](const auto& network) { return parameter_count(network); }, network_->network);
}

Tokens coin_flips(Index count, Index side, Key key) {
  const auto u = uniform<float>(Shape{count, side, side}, key);
  Tokens tokens(u.shape());
  for (Index i = 0; i < u.size(); ++i) tokens.mutable_data()[i] = u.data()[i] < 0.5f;
  return tokens;
}

}  // namespace study
