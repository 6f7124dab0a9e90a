#include "systems/flops.hpp"

#include <vector>

namespace systems {
namespace {

using namespace ink;

double product(double rows, double in, double out) { return 2 * rows * in * out; }

double conv(double places, double in, double out, double taps = 9) { return product(places, taps * in, out); }

/// Projections and attention among so many tokens.
double self_attention(double tokens, double width) {
  return product(tokens, width, 4 * width) + 2 * product(tokens, tokens, width);
}

double cross_attention(double tokens, double width, double words, double context) {
  return product(tokens, width, 2 * width) + product(words, context, 2 * width) + 2 * product(tokens, words, width);
}

double feed(double tokens, double width) { return product(tokens, width, 8 * width); }

double text_encoder(double length, double width) {
  constexpr double layers = 2;
  return layers * (self_attention(length + 1, width) + feed(length + 1, width));
}

/// A level of a UNet: the pixels of an image there, and whether they attend.
struct UNetBlocks {
  const models::UNet<float>::Options& o;

  double residual(double places, double in, double out) const {
    const double skip = in == out ? 0 : product(places, in, out);
    return conv(places, in, out) + conv(places, out, out) + product(1, 4.0 * static_cast<double>(o.width), out) + skip;
  }
  double attention(double places, double channels) const {
    const double words = static_cast<double>(o.caption_length) + 1, text = static_cast<double>(o.text_width);
    return self_attention(places, channels) + (o.vocabulary > 0 ? cross_attention(places, channels, words, text) : 0);
  }
};

}  // namespace

double flops(const models::UNet<float>::Options& o, Index height, Index columns) {
  const UNetBlocks blocks{o};
  const auto levels = static_cast<Index>(o.multipliers.size());
  const double width = static_cast<double>(o.width), inputs = static_cast<double>(o.channels + o.sketch);
  const auto places = [&](Index level) { return static_cast<double>((height >> level) * (columns >> level)); };
  const auto channels = [&](Index level) {
    return width * static_cast<double>(o.multipliers[static_cast<std::size_t>(level)]);
  };
  const auto block = [&](Index level, double in) {
    const double p = places(level), out = channels(level);
    return blocks.residual(p, in, out) + (level >= levels - o.attention_levels ? blocks.attention(p, out) : 0);
  };
  double sum = product(1, width, 4 * width) + product(1, 4 * width, 4 * width) + conv(places(0), inputs, width);
  if (o.vocabulary > 0) {
    const double text = static_cast<double>(o.text_width);
    sum += text_encoder(static_cast<double>(o.caption_length), text) + product(1, text, 4 * width);
  }
  std::vector<double> across{width};
  double now = width;
  for (Index l = 0; l < levels; ++l) {
    for (Index b = 0; b < o.blocks; ++b) {
      sum += block(l, now);
      across.push_back(now = channels(l));
    }
    if (l + 1 < levels) {
      sum += conv(places(l + 1), now, now);
      across.push_back(now);
    }
  }
  const double coarsest = places(levels - 1);
  sum += 2 * blocks.residual(coarsest, now, now) + blocks.attention(coarsest, now);
  for (Index l = levels; l-- > 0;) {
    for (Index b = 0; b <= o.blocks; ++b) {
      sum += block(l, now + across.back());
      across.pop_back();
      now = channels(l);
    }
    if (l > 0) sum += conv(places(l - 1), now, now);
  }
  return sum + conv(places(0), now, static_cast<double>(o.outputs > 0 ? o.outputs : o.channels));
}

double flops(const models::Dit<float>::Options& o) {
  const double tokens = static_cast<double>((o.height / o.patch) * (o.columns / o.patch));
  const double width = static_cast<double>(o.width), area = static_cast<double>(o.patch * o.patch);
  const double layer = self_attention(tokens, width) + feed(tokens, width) + product(1, width, 6 * width);
  const double ends = product(tokens, area * static_cast<double>(o.channels + o.sketch), width) +
                      product(tokens, width, area * static_cast<double>(o.outputs > 0 ? o.outputs : o.channels)) +
                      product(1, width, 2 * width);
  return 2 * product(1, width, width) + ends + static_cast<double>(o.layers) * layer;
}

double flops(const models::PixelCnn<float>::Options& o) {
  const double pixels = static_cast<double>(o.height * o.columns), width = static_cast<double>(o.width);
  const double layers = static_cast<double>(o.layers), head = static_cast<double>(o.head);
  const double outputs = static_cast<double>(o.outputs > 0 ? o.outputs : o.levels);
  const auto above = [](Index kernel) { return static_cast<double>(kernel * (kernel / 2)); };
  const auto left = [](Index kernel) { return static_cast<double>(kernel / 2); };
  double sum = 0;
  if (o.two_stacks) {
    const double rows = above(o.kernel) + static_cast<double>(o.kernel), row = left(o.kernel) + 1;
    sum += conv(pixels, 1, width, above(o.first_kernel)) + conv(pixels, 1, width, left(o.first_kernel));
    sum += layers * (conv(pixels, width, 2 * width, rows) + conv(pixels, width, 2 * width, row) +
                     product(pixels, 2 * width, 2 * width) + product(pixels, width, width));
  } else {
    const double seen = above(o.kernel) + left(o.kernel) + 1;
    sum += conv(pixels, 1, width, above(o.first_kernel) + left(o.first_kernel));
    sum += layers * (conv(pixels, width, 2 * width, seen) + product(pixels, width, width));
  }
  if (o.vocabulary > 0) {
    const double text = static_cast<double>(o.text_width);
    const double vector = o.two_stacks ? layers * product(1, text, 2 * width) : product(1, text, width);
    sum += text_encoder(static_cast<double>(o.caption_length), text) + vector;
  }
  if (o.sketch) sum += conv(pixels, 1, width, 49) + conv(pixels, width, width);
  return sum + product(pixels, width, head) + product(pixels, head, outputs);
}

double flops(const models::Gpt<float>::Options& o) {
  const double pixels = static_cast<double>(o.height * o.columns), group = static_cast<double>(o.group);
  const double tokens = pixels / group, width = static_cast<double>(o.width), text = static_cast<double>(o.text_width);
  const double seen = tokens * (tokens + 1) / 2;  // pairs of a token and one that it sees
  const double layer = product(tokens, width, 4 * width) + feed(tokens, width) + 2 * product(seen, width, 1);
  const double outputs = group * static_cast<double>(o.outputs > 0 ? o.outputs : o.levels);
  double sum = static_cast<double>(o.layers) * layer + product(tokens, width, outputs);
  if (o.group > 1) sum += product(tokens, group, width);
  if (o.vocabulary > 0) sum += text_encoder(static_cast<double>(o.caption_length), text) + product(1, text, width);
  return sum;
}

double flops(const DenoiserSpec& s) {
  const bool sketch = s.told == "sketch";
  if (s.network == "dit") {
    return flops(models::Dit<float>::Options{
        .width = s.width, .layers = s.layers, .heads = s.heads, .patch = s.patch, .sketch = sketch});
  }
  const Index words = s.told == "caption" ? data::CaptionTokenizer::vocabulary_size() : 0;
  return flops(models::UNet<float>::Options{.width = s.width,
                                            .blocks = s.blocks,
                                            .heads = s.heads,
                                            .vocabulary = words,
                                            .caption_length = data::CaptionTokenizer{}.length,
                                            .sketch = sketch});
}

double flops(const PixelSpec& s) {
  const Index words = s.told == "caption" ? data::CaptionTokenizer::vocabulary_size() : 0;
  if (s.network == "gpt") {
    return flops(models::Gpt<float>::Options{
        .levels = s.levels, .width = s.width, .layers = s.layers, .heads = s.heads, .vocabulary = words});
  }
  if (s.network == "pixelcnn") {
    return flops(models::PixelCnn<float>::Options{.levels = s.levels,
                                                  .width = s.width,
                                                  .layers = s.layers,
                                                  .head = s.head,
                                                  .vocabulary = words,
                                                  .sketch = s.told == "sketch"});
  }
  if (s.network == "dit") {
    return flops(models::Dit<float>::Options{
        .channels = 2, .outputs = s.levels, .width = s.width, .layers = s.layers, .heads = s.heads, .patch = s.patch});
  }
  return flops(models::UNet<float>::Options{.channels = 2, .outputs = s.levels, .width = s.width, .blocks = s.layers});
}

double drawing_flops(const DenoiserSpec& spec, Index evaluations) {
  return static_cast<double>(evaluations) * flops(spec);
}

double drawing_flops(const PixelSpec& spec, Index evaluations, bool cache) {
  const double one = flops(spec);
  return cache && spec.family == "autoregressive" ? one : static_cast<double>(evaluations) * one;
}

}  // namespace systems
