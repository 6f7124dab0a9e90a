// What the models of whole-number pixels share: every image of a batch may lose any amount.
#include "inkling/gen/token/token_model.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "enumerable.hpp"
#include "inkling/gen/token/any_order.hpp"
#include "inkling/gen/token/masked_diffusion.hpp"
#include "inkling/gen/token/uniform_diffusion.hpp"
#include "statistics.hpp"

namespace token_model_test {

using namespace ink;

namespace {

constexpr std::uint64_t draws = 3000;

/// What every row of a batch of three images was told of its level, 0 to 1, over many keys.
template <class M>
std::vector<std::vector<double>> levels(const M& model) {
  const Tensor<double, 4> images(Shape{3, 2, 2, 1});
  std::vector<std::vector<double>> rows(3);
  for (std::uint64_t d = 0; d < draws; ++d) {
    const auto level = model.corrupt(images, Key{5}.fold(d)).level;
    for (Index i = 0; i < 3; ++i) rows[static_cast<std::size_t>(i)].push_back(level(i) / 1000);
  }
  return rows;
}

/// χ² of the numbers of missing pixels against what they should be.
double misfit(const std::vector<double>& missing, const std::vector<double>& expected) {
  std::vector<double> seen(expected.size());
  for (const double share : missing) ++seen.at(static_cast<std::size_t>(4 * share));
  double sum = 0;
  for (std::size_t k = 0; k < seen.size(); ++k) {
    if (expected[k] == 0) REQUIRE(seen[k] == 0);
    const double mean = draws * expected[k];
    if (mean > 0) sum += (seen[k] - mean) * (seen[k] - mean) / mean;
  }
  return sum;
}

}  // namespace

TEST_CASE("Every row of a batch loses any amount, as often as it should by itself") {
  const enumerable::Inconsistent network;
  // With u uniform: 1 to 4 missing pixels of AnyOrder, and with MaskedDiffusion 0 to 4, each number as often.
  for (const auto& row : levels(AnyOrder(network, Quantizer{2}))) {
    CHECK(misfit(row, {0, 0.25, 0.25, 0.25, 0.25}) < 16.3);  // 3 degrees of freedom: 0.001
  }
  for (const auto& row : levels(MaskedDiffusion(network, Quantizer{2}))) {
    CHECK(misfit(row, {0.2, 0.2, 0.2, 0.2, 0.2}) < 18.5);  // 4 degrees of freedom: 0.001
  }
  for (const auto& row : levels(UniformDiffusion(network, Quantizer{2}))) {
    CHECK(statistics::distance_from_uniform(row) < 1.95);
  }
}

}  // namespace token_model_test
