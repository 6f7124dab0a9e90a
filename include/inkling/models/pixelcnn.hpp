// PixelCnn: an autoregressive network of causal convolutions. The logits of every pixel's token depend on the tokens
// before it in raster order, and on nothing else:
//
//   p(x) = Π_i p(x_i | x_0, …, x_{i−1}),     logits_i = head(features_i),     features by gated causal convolutions
//
// A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu, "Pixel recurrent neural networks", 2016, arXiv:1601.06759;
// A. van den Oord et al., "Conditional image generation with PixelCNN decoders", 2016, arXiv:1606.05328.
//
// With R = first_kernel/2 + Σ over the layers of dilation · (kernel/2), two_stacks = true is the network of the second
// paper: the logits see every earlier pixel up to R rows above, up to R columns to either side there, and R to the left
// in the current row. two_stacks = false is one stack of masked convolutions: less work, and a blind spot. Going right
// takes going up, so that of the pixels a rows above and b columns to the right only those with b <= first_kernel/2 +
// min(a − 1, layers) · (kernel/2) are seen. See nn/gated.hpp and nn/causal_conv.hpp.
//
// The head is ReLU, Linear, ReLU, Linear. Tokens in [0, levels) enter as 2 · token / (levels − 1) − 1: black is −1, so
// that the zeros around the image mark its border. Parameters are counted as stored: a masked kernel keeps its rows
// down to the current one. One stack of width 64, 6 layers, 256 levels has 343,296.
//
// Sampling: `cache` and `logits_at`, called for position 0, 1, 2, …, compute one pixel of every layer instead of the
// whole network, and give the logits of `operator()` bit for bit. Tokens at `position` and later are not read; earlier
// ones must not change.
//
// Shapes: tokens (N, height, columns) int32 -> logits (N, height, columns, levels); logits_at -> (N, levels). With
// `outputs`, the parameters of another distribution: (N, height, columns, outputs).
// Condition: Unconditional; ClassLabels if `classes` > 0, Captions if `vocabulary` > 0, Sketch if `sketch`, or several
// of them as Conditions.
//
// Errors: ValueError for options out of range, tokens outside [0, levels), labels outside [0, classes) that are
// not null_label, being told what the options leave out, and positions out of order; ShapeError for tokens of other
// extents or labels for another batch.
//
// Example:
//     models::PixelCnn<float> net({.levels = 2, .width = 16, .layers = 3, .classes = 10}, Key{1});
//     Tensor<std::int32_t, 3> tokens(Shape{4, 28, 28});
//     ClassLabels digits{Tensor<std::int32_t, 1>(Shape{4}, {0, 1, 2, null_label})};
//     auto logits = net(tokens, digits);                                   // (4, 28, 28, 2)
//     auto cache = net.cache(4, digits);
//     auto first = net.logits_at(tokens, 0, cache);                        // (4, 2)
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include "inkling/models/pixelcnn_stacks.hpp"
#include "inkling/models/text_encoder.hpp"

namespace ink::models {

template <class T = float>
struct PixelCnn {
  using value_type = T;

  struct Options {
    Index levels = 256;  ///< of a token
    Index outputs = 0;   ///< numbers per pixel; 0: as many as levels
    Index width = 64;
    Index layers = 6;
    Index kernel = 3;
    Index first_kernel = 7;
    Index head = 64;
    Index classes = 0;
    Index vocabulary = 0;  ///< of captions; 0: none are told
    Index caption_length = 16, text_width = 64;
    bool sketch = false;     ///< is a sketch told?
    Index dilations = 1;     ///< layer l has dilation 2^(l mod dilations): a wider view for the same work
    bool positions = false;  ///< a learned vector for every pixel, so that the network knows where it is
    bool two_stacks = true;
    Index height = 28, columns = 28;
  };

  /// What sampling has computed so far.
  struct Cache {
    Index next = 0;      ///< the position that is due
    Tensor<T, 4> image;  ///< the scaled tokens before it
    detail::StackCache<T> stack;
  };

  Options options;
  std::optional<TextEncoder<T>> text_encoder;
  std::optional<detail::SketchFeatures<T>> sketch;
  std::optional<detail::SingleStack<T>> stack;
  std::optional<detail::DoubleStack<T>> stacks;
  Linear<T> hidden, output;

  PixelCnn(const Options& o, Key key)
      : options(checked(o)),
        hidden({.in = o.width, .out = o.head}, key.fold(1)),
        output({.in = o.head, .out = outputs(o)}, key.fold(2)) {
    const detail::StackOptions inner{o.width,     o.layers,
                                     o.kernel,    o.first_kernel,
                                     o.classes,   o.vocabulary > 0 ? o.text_width : 0,
                                     o.dilations, o.positions ? Shape<2>{o.height, o.columns} : Shape<2>{}};
    if (o.two_stacks) {
      stacks.emplace(inner, key.fold(0));
    } else {
      stack.emplace(inner, key.fold(0));
    }
    if (o.vocabulary > 0) {
      text_encoder.emplace(
          typename TextEncoder<T>::Options{
              .vocabulary = o.vocabulary, .length = o.caption_length, .width = o.text_width},
          key.fold(3));
    }
    if (o.sketch) sketch.emplace(o.width, key.fold(4));
  }

  static constexpr Shape<4> out_shape(const Options& o, const Shape<3>& tokens) {
    check_tokens(o, tokens);
    return {tokens[0], tokens[1], tokens[2], outputs(o)};
  }

  /// Logits of every token.
  template <TensorLikeOfRank<3> X, class C = Unconditional>
    requires std::is_same_v<scalar_t<X>, std::int32_t>
  auto operator()(const X& tokens, const C& condition = {}) const {
    return logits_of(constant_on(tokens, scaled(value(tokens))), condition);
  }

  /// The same of an image that is already scaled, (N, H, W, 1): what a gradient by the input needs.
  template <TensorLikeOfRank<4> X, class C = Unconditional>
  auto logits_of(const X& image, const C& condition = {}) const {
    const auto told = read(image, condition);
    return head(stacks ? (*stacks)(image, told) : (*stack)(image, told));
  }

  /// An empty cache for `batch` images.
  template <class C = Unconditional>
  Cache cache(Index batch, const C& condition = {}) const {
    const Tensor<T, 4> image({batch, options.height, options.columns, 1});
    const auto told = read(image, condition);
    return {0, image, stacks ? stacks->cache(image.shape(), told) : stack->cache(image.shape(), told)};
  }

  /// Logits of the token at `position`, counted in raster order, given those before.
  Tensor<T, 2> logits_at(const Tensor<std::int32_t, 3>& tokens, Index position, Cache& cache) const {
    check_tokens(options, tokens.shape());
    detail::require_extent("pixelcnn", tokens.shape(), 0, "batch of the cache", cache.image.extent(0), "tokens");
    const Index pixels = options.height * options.columns;
    if (position != cache.next || position >= pixels) {
      throw ValueError(text("pixelcnn: position is ", position, ", the cache has reached ", cache.next, " of ", pixels,
                            "; positions must follow one another"));
    }
    if (position > 0) enter(tokens, position - 1, cache.image);
    const Index row = position / options.columns, column = position % options.columns;
    auto logits = head(stacks ? stacks->at(cache.image, row, column, cache.stack)
                              : stack->at(cache.image, row, column, cache.stack));
    ++cache.next;
    return logits;
  }

  static void visit(auto& self, auto&& f) {
    f("text", self.text_encoder);
    f("sketch", self.sketch);
    f("stack", self.stack);
    f("stacks", self.stacks);
    f("hidden", self.hidden);
    f("output", self.output);
  }

 private:
  static constexpr Index outputs(const Options& o) { return o.outputs > 0 ? o.outputs : o.levels; }

  static const Options& checked(const Options& o) {
    if (o.levels < 2) throw ValueError(text("pixelcnn: levels are ", o.levels, "; they must be at least 2"));
    detail::require_positive("pixelcnn", "layers", o.layers);
    detail::require_positive("pixelcnn", "dilations", o.dilations);
    detail::require_positive("pixelcnn", "height", o.height);
    detail::require_positive("pixelcnn", "columns", o.columns);
    detail::require_not_negative("pixelcnn", "outputs", o.outputs);
    detail::require_not_negative("pixelcnn", "classes", o.classes);
    detail::require_not_negative("pixelcnn", "vocabulary", o.vocabulary);
    detail::checked_product("pixelcnn", "height x columns", o.height, o.columns);
    return o;
  }

  static constexpr void check_tokens(const Options& o, const Shape<3>& tokens) {
    detail::require_extent("pixelcnn", tokens, 1, "height", o.height, "tokens");
    detail::require_extent("pixelcnn", tokens, 2, "columns", o.columns, "tokens");
  }

  T scaled(const Tensor<std::int32_t, 3>& tokens, Index i) const {
    const std::int32_t token = tokens.data()[i];
    if (token < 0 || token >= options.levels) {
      throw ValueError(text("pixelcnn: ", detail::element_text("tokens", tokens.shape(), i), " is ", token,
                            ", levels are ", options.levels, "; it must be in [0, levels)"));
    }
    return T{2} * static_cast<T>(token) / static_cast<T>(options.levels - 1) - T{1};
  }

  Tensor<T, 4> scaled(const Tensor<std::int32_t, 3>& tokens) const {
    check_tokens(options, tokens.shape());
    auto image = Tensor<T, 4>::uninitialized({tokens.extent(0), options.height, options.columns, 1});
    T* out = image.mutable_data();
    for (Index i = 0; i < image.size(); ++i) out[i] = scaled(tokens, i);
    return image;
  }

  /// Puts the tokens of one position into the image; all are checked before the first is written.
  void enter(const Tensor<std::int32_t, 3>& tokens, Index position, Tensor<T, 4>& image) const {
    const Index pixels = options.height * options.columns, batch = image.extent(0);
    Scratch<T> values(batch);
    for (Index n = 0; n < batch; ++n) values[n] = scaled(tokens, n * pixels + position);
    T* out = image.mutable_data();
    for (Index n = 0; n < batch; ++n) out[n * pixels + position] = values[n];
  }

  /// What the stacks are told of a condition, beside an image.
  template <TensorLikeOfRank<4> X, class C>
  auto read(const X& image, const C& condition) const {
    check_told("pixelcnn", condition, Hears<ClassLabels>{"classes", options.classes > 0},
               Hears<Captions>{"vocabulary", text_encoder.has_value()}, Hears<Sketch>{"sketch", sketch.has_value()});
    auto caption = constant_on(image, Tensor<T, 2>());
    auto features = constant_on(image, Tensor<T, 4>());
    if (text_encoder) caption = (*text_encoder)(image, part_of<Captions>(condition)).mean;
    if (sketch) {
      features = (*sketch)(constant_on(image, detail::sketch_channel<T>("pixelcnn", value(image).shape(), condition)));
    }
    return detail::Told<C, decltype(caption), decltype(features)>{condition, std::move(caption), std::move(features)};
  }

  template <TensorLike X>
  auto head(const X& features) const {
    return output(relu(hidden(relu(features))));
  }
};

}  // namespace ink::models
