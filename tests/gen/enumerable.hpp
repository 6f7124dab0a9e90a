// Small binary images whose probabilities can be enumerated, as networks that are not causal.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "inkling/gen/autoregressive.hpp"

namespace enumerable {

using ink::Index;
using ink::Key;
using ink::Shape;
using ink::Tensor;
using ink::Tokens;

/// Image b has pixel i white where bit i of b is set. The network's answers are the exact conditionals.
struct Joint {
  using value_type = double;
  Index height, columns;
  std::vector<double> p;

  Index pixels() const { return height * columns; }

  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>& shown, const Tensor<double, 1>&, const C&) const {
    Tensor<double, 4> logits({shown.extent(0), height, columns, 2});
    double* out = logits.mutable_data();
    for (Index n = 0; n < shown.extent(0); ++n) {
      const double* x = shown.data() + n * pixels() * 2;
      std::size_t known = 0, white = 0;
      for (Index i = 0; i < pixels(); ++i) {
        known |= static_cast<std::size_t>(x[2 * i + 1]) << i;
        white |= static_cast<std::size_t>(x[2 * i] > 0) << i;
      }
      double* row = out + n * pixels() * 2;
      for (std::size_t b = 0; b < p.size(); ++b) {
        if ((b & known) != white) continue;
        for (Index i = 0; i < pixels(); ++i) row[2 * i + static_cast<Index>(b >> i & 1)] += p[b];
      }
    }
    for (Index i = 0; i < logits.size(); ++i) out[i] = std::log(out[i]);
    return logits;
  }
};

inline Joint random_joint(Index height, Index columns, Key key) {
  const auto z = ink::normal<double>(Shape{Index{1} << (height * columns)}, key);
  Joint joint{height, columns, {}};
  double total = 0;
  for (const double v : z.values()) total += joint.p.emplace_back(std::exp(v));
  for (double& v : joint.p) v /= total;
  return joint;
}

/// A line of pixels, each like the one before with probability `stay`.
inline Joint markov_line(Index columns, double stay) {
  Joint joint{1, columns, {}};
  for (std::size_t b = 0; b < std::size_t{1} << columns; ++b) {
    double p = 0.5;
    for (Index i = 1; i < columns; ++i) p *= (b >> i & 1) == (b >> (i - 1) & 1) ? stay : 1 - stay;
    joint.p.push_back(p);
  }
  return joint;
}

/// Neighbours, in both directions, are alike the more often the greater the coupling (an Ising model).
inline Joint lattice(Index height, Index columns, double coupling) {
  Joint joint{height, columns, {}};
  double total = 0;
  for (std::size_t b = 0; b < std::size_t{1} << (height * columns); ++b) {
    const auto spin = [&](Index row, Index column) { return b >> (row * columns + column) & 1 ? 1 : -1; };
    int alike = 0;
    for (Index r = 0; r < height; ++r) {
      for (Index c = 0; c < columns; ++c) {
        if (c > 0) alike += spin(r, c) * spin(r, c - 1);
        if (r > 0) alike += spin(r, c) * spin(r - 1, c);
      }
    }
    total += joint.p.emplace_back(std::exp(coupling * alike));
  }
  for (double& v : joint.p) v /= total;
  return joint;
}

/// Any answer to any question, so that no two orders agree: row Σ 3^i·(0 missing, 1 black, 2 white), pixel i.
struct Inconsistent {
  using value_type = double;
  Tensor<double, 3> answers = ink::normal<double>(Shape{81, 4, 2}, Key{21});

  template <class C>
  Tensor<double, 4> operator()(const Tensor<double, 4>& shown, const Tensor<double, 1>&, const C&) const {
    Tensor<double, 4> logits({shown.extent(0), 2, 2, 2});
    for (Index n = 0; n < shown.extent(0); ++n) {
      Index row = 0;
      for (Index i = 3; i >= 0; --i) {
        const double* x = shown.data() + (4 * n + i) * 2;
        row = 3 * row + (x[1] == 0 ? 0 : x[0] > 0 ? 2 : 1);
      }
      for (Index i = 0; i < 8; ++i) logits.mutable_data()[8 * n + i] = answers.data()[8 * row + i];
    }
    return logits;
  }
};

/// Every image once.
inline Tokens all_images(Index height, Index columns) {
  Tokens x({Index{1} << (height * columns), height, columns});
  for (Index i = 0; i < x.size(); ++i) {
    x.mutable_data()[i] = static_cast<std::int32_t>(i / (height * columns) >> i % (height * columns) & 1);
  }
  return x;
}

/// How often each image is in x.
inline std::vector<double> counts(const Tokens& x) {
  const Index pixels = x.extent(1) * x.extent(2);
  std::vector<double> seen(std::size_t{1} << pixels);
  for (Index n = 0; n < x.extent(0); ++n) {
    std::size_t b = 0;
    for (Index i = 0; i < pixels; ++i) b |= static_cast<std::size_t>(x.data()[n * pixels + i]) << i;
    ++seen.at(b);
  }
  return seen;
}

}  // namespace enumerable
