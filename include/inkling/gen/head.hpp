// Heads: which distribution of levels the parameters of a pixel stand for. A head is any type with
//   operator()(parameters, levels)     parameters (N, …, K), plain or recorded -> a distribution of tokens (N, …)
//   parameters(levels)                 K
//
// CategoricalHead        a logit per level
// BernoulliHead          one logit, for 2 levels
// LogisticMixtureHead    3·components numbers, for any number of levels: a weight, a place and a width of each
// component
//
// A distribution of tokens has mean(), mode(), sample(key), log_prob(tokens), parameters() and as_categorical().
//
// Errors: ValueError for levels that the head cannot serve; ShapeError if the last extent is not K, as far as it is
// fixed.
//
// Example:
//     LogisticMixtureHead mixture{.components = 5};
//     Index outputs = mixture.parameters(256);                              // 15
//     auto pixels = mixture(normal<float>(Shape{2, 28, 28, 15}, Key{1}), 256);
//     auto drawn = pixels.sample(Key{2});                                   // (2, 28, 28)
#pragma once

#include "inkling/dist/bernoulli.hpp"
#include "inkling/dist/categorical.hpp"
#include "inkling/dist/logistic_mixture.hpp"

namespace ink {

struct CategoricalHead {
  template <TensorLike X>
  Categorical<X> operator()(X parameters, int) const {
    return Categorical<X>(std::move(parameters));
  }
  Index parameters(int levels) const { return levels; }
};

struct BernoulliHead {
  template <TensorLike X>
  Bernoulli<X> operator()(X parameters, int levels) const {
    if (levels != 2) throw ValueError(text("BernoulliHead: levels is ", levels, "; it must be 2"));
    return Bernoulli<X>(std::move(parameters));
  }
  Index parameters(int) const { return 1; }
};

struct LogisticMixtureHead {
  int components = 5;

  template <TensorLike X>
  LogisticMixture<X> operator()(X parameters, int levels) const {
    if (value(parameters).extent(-1) != this->parameters(levels)) {
      throw ShapeError(text("LogisticMixtureHead: parameters are ", value(parameters).shape(), ", components are ",
                            components, "; the last extent must be 3 · components"));
    }
    return LogisticMixture<X>(std::move(parameters), levels);
  }
  Index parameters(int) const { return Index{3} * components; }
};

}  // namespace ink
