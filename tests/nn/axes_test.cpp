#include "inkling/nn/axes.hpp"

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "inkling/nn/attention.hpp"
#include "inkling/nn/causal_conv.hpp"
#include "inkling/nn/conv.hpp"
#include "inkling/nn/module.hpp"

namespace axes_test {

using namespace ink;

namespace {

/// A user's module: a layer of another behind a `visit` that hands on, and several weights in a vector.
struct Wrapper {
  Linear<float> inner{{.in = 2, .out = 2}, Key{1}};
  std::vector<Parameter<float, 2>> matrices{2, Parameter<float, 2>(Tensor<float, 2>(Shape{2, 2}))};
  Parameter<float, 2> untold{Tensor<float, 2>(Shape{2, 2})};

  static void visit(auto& self, auto&& f) {
    decltype(self.inner)::visit(self.inner, f);
    f("matrices", self.matrices, Axes::in_out);
    f("untold", self.untold);
  }
};

template <class M>
std::map<std::string, int> orders(const M& module) {
  std::map<std::string, int> out;
  for_each_parameter(module, [&](const std::string& name, const auto&, const Axes& axes) { out[name] = axes.order; });
  return out;
}

}  // namespace

TEST_CASE("axes: said where visit names a parameter, they reach a walk that asks for them, and no other") {
  CHECK(orders(Wrapper{}) == std::map<std::string, int>{{"weight", Axes::in_out},
                                                        {"bias", Axes::plain},
                                                        {"matrices.0", Axes::in_out},
                                                        {"matrices.1", Axes::in_out},
                                                        {"untold", Axes::plain}});
  CHECK(orders(SelfAttention<float>({.width = 4, .heads = 2}, Key{1})) ==
        std::map<std::string, int>{{"qkv.weight", Axes::in_out},
                                   {"qkv.bias", Axes::plain},
                                   {"out.weight", Axes::in_out},
                                   {"out.bias", Axes::plain}});
  CHECK(orders(Conv2d<float>({.in = 4, .out = 2, .bias = false}, Key{1})) ==
        std::map<std::string, int>{{"weight", Axes::window_in_out}});
  int count = 0;
  const Wrapper wrapper;
  for_each_parameter(wrapper, [&](const auto&, const auto&) { ++count; });
  CHECK(count == 5);
}

TEST_CASE("axes: a causal window says how many of its places are seen") {
  const auto seen = [](const auto& layer) {
    Index places = -1;
    for_each_parameter(layer, [&](const std::string& name, const auto&, const Axes& axes) {
      if (name == "weight") places = axes.seen;
    });
    return places;
  };
  CHECK(seen(CausalConv2d<float>({.in = 1, .out = 1, .kernel = 5, .mask = Mask::a}, Key{1})) == 12);
  CHECK(seen(CausalConv2d<float>({.in = 1, .out = 1, .kernel = 5}, Key{1})) == 13);
  CHECK(seen(VerticalConv2d<float>({.in = 1, .out = 1, .kernel = 5, .mask = Mask::a}, Key{1})) == 10);
  CHECK(seen(HorizontalConv<float>({.in = 1, .out = 1, .kernel = 5, .mask = Mask::a}, Key{1})) == 2);
  CHECK(seen(Conv2d<float>({.in = 1, .out = 1, .kernel = 5}, Key{1})) == 0);
}

}  // namespace axes_test
