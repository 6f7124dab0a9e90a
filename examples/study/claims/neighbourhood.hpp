// Neighbourhood: a convolutional network that sees 21 by 21 pixels and nothing of the rest: no attention, no pooling,
// and no norms, whose means are taken over the whole image.
#pragma once

#include <cstdint>
#include <vector>

#include "inkling/nn/conv.hpp"
#include "inkling/nn/linear.hpp"
#include "inkling/nn/time_embedding.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/reshape.hpp"

namespace study {

struct Neighbourhood {
  using value_type = float;

  struct Block {
    ink::Conv2d<float> first, second;
    ink::Linear<float> time;

    static void visit(auto& self, auto&& f) {
      f("first", self.first);
      f("second", self.second);
      f("time", self.time);
    }
  };

  ink::TimeEmbedding<float> time;
  ink::Conv2d<float> input, output;
  std::vector<Block> blocks;

  explicit Neighbourhood(ink::Index width, ink::Key key)
      : time({.features = width, .width = 2 * width, .activated = true}, key.fold(0)),
        input({.in = 1, .out = width}, key.fold(1)),
        output({.in = width, .out = 1, .zero_init = true}, key.fold(2)) {
    for (std::uint64_t b = 0; b < 4; ++b) {
      const ink::Key own = key.fold(3).fold(b);
      blocks.push_back({ink::Conv2d<float>({.in = width, .out = width}, own.fold(0)),
                        ink::Conv2d<float>({.in = width, .out = width, .zero_init = true}, own.fold(1)),
                        ink::Linear<float>({.in = 2 * width, .out = width}, own.fold(2))});
    }
  }

  template <ink::TensorLikeOfRank<4> X, class C>
  X operator()(const X& x, const ink::Tensor<float, 1>& level, const C&) const {
    const auto e = time(ink::constant_on(x, level));
    X h = input(x);
    for (const Block& block : blocks) {
      const auto shift = block.time(e);
      const ink::Shape<2> s = ink::value(shift).shape();
      h = h + block.second(silu(block.first(silu(h)) + reshape(shift, ink::Shape<4>{s[0], 1, 1, s[1]})));
    }
    return output(silu(h));
  }

  static void visit(auto& self, auto&& f) {
    f("time", self.time);
    f("input", self.input);
    f("output", self.output);
    f("blocks", self.blocks);
  }
};

}  // namespace study
