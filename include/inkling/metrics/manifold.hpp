// Precision, recall, density, coverage: how much of what is generated looks real, and how much of what is real occurs.
//
// Around every vector of a set lies a ball that reaches to its k-th nearest neighbour in the set.
//   precision   the share of generated vectors that lie in the ball of a real one
//   recall      the share of real vectors that lie in the ball of a generated one
//   density     in how many of k balls of real vectors a generated one lies, in the mean; may exceed 1
//   coverage    the share of real vectors whose ball holds a generated one
// T. Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models", 2019,
// arXiv:1904.06991; M. Naeem et al., "Reliable fidelity and diversity metrics for generative models", 2020,
// arXiv:2002.09797. They depend on N and k: compare figures of equal sets. The features of a classifier serve better
// than pixels.
//
// Shapes: real (N, D), generated (M, D).
//
// Errors: as of metrics/nearest.hpp; k must be below N and M.
//
// Example:
//     auto real = normal<float>(Shape{200, 4}, Key{1}), drawn = normal<float>(Shape{200, 4}, Key{2});
//     auto [precision, recall, density, coverage] = metrics::manifold_overlap(real, drawn, 5);
#pragma once

#include <cstdint>
#include <vector>

#include "inkling/metrics/nearest.hpp"

namespace ink::metrics {

struct ManifoldOverlap {
  double precision = 0, recall = 0, density = 0, coverage = 0;
};

template <class T>
ManifoldOverlap manifold_overlap(const Tensor<T, 2>& real, const Tensor<T, 2>& generated, Index k = 5) {
  if (real.extent(1) != generated.extent(1)) {
    throw ShapeError(text("manifold_overlap: real is ", real.shape(), ", generated is ", generated.shape(),
                          "; generated[1] must equal real[1]"));
  }
  const auto x = generated.template cast<double>(), y = real.template cast<double>();
  const auto of_real = nearest_others(y, k), of_generated = nearest_others(x, k);
  const auto radius = [k](const Nearest& n, Index i) { return n.distances(i, k - 1) * n.distances(i, k - 1); };
  const Index n = y.extent(0), m = x.extent(0);
  // What is counted of a generated vector is written by the thread that has it, and so of a real one.
  std::vector<Index> balls(static_cast<std::size_t>(m));
  std::vector<std::uint8_t> found(static_cast<std::size_t>(n)), covered(static_cast<std::size_t>(n));
  detail::for_each_distance(x, y, [&](Index i, Index j, double distance) {
    balls[static_cast<std::size_t>(i)] += distance <= radius(of_real, j);
  });
  detail::for_each_distance(y, x, [&](Index i, Index j, double distance) {
    if (distance <= radius(of_generated, j)) found[static_cast<std::size_t>(i)] = 1;
    if (distance <= radius(of_real, i)) covered[static_cast<std::size_t>(i)] = 1;
  });
  ManifoldOverlap overlap;
  for (const Index b : balls) {
    overlap.precision += b > 0;
    overlap.density += static_cast<double>(b);
  }
  for (const auto f : found) overlap.recall += f;
  for (const auto c : covered) overlap.coverage += c;
  overlap.precision /= static_cast<double>(m);
  overlap.density /= static_cast<double>(k * m);
  overlap.recall /= static_cast<double>(n);
  overlap.coverage /= static_cast<double>(n);
  return overlap;
}

}  // namespace ink::metrics
