// 1. Tensors: dense arrays whose element type and rank are part of the type. Wrong ranks do not compile, wrong extents
// throw an error that says what was wrong.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "common/data.hpp"
#include "inkling/core/random.hpp"
#include "inkling/core/view.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/linalg.hpp"
#include "inkling/ops/reduce.hpp"

namespace {

using namespace ink;

void values_not_references() {
  Tensor<float, 2> a(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  auto b = a;    // shares the memory of a …
  b(0, 0) = 10;  // … until one of them is written
  std::printf("a(0, 0) is %g, its changed copy has %g\n", static_cast<double>(a(0, 0)), static_cast<double>(b(0, 0)));
}

void broadcasting_and_reductions() {
  const Tensor<float, 2> rows(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor<float, 1> shift(Shape{3}, {10, 20, 30});
  const auto shifted = rows + shift;  // (2, 3) + (3): the shift is added to every row
  const auto sums = sum<1>(shifted);  // over axis 1: (2)
  std::printf("row sums are %g and %g\n", static_cast<double>(sums(0)), static_cast<double>(sums(1)));
  const auto product = matmul(rows, Tensor<float, 2>(Shape{3, 2}, 1.0f));
  std::printf("a (2, 3) times a (3, 2) is a (%lld, %lld)\n", static_cast<long long>(product.extent(0)),
              static_cast<long long>(product.extent(1)));
}

void errors_name_both_sides() {
  try {
    matmul(Tensor<float, 2>(Shape{4, 5}), Tensor<float, 2>(Shape{64, 3}));
  } catch (const ShapeError& error) {
    std::printf("as it should, this fails: %s\n", error.what());
  }
}

/// The same key gives the same numbers on every machine, with any number of threads.
void keys_not_generators(std::uint64_t seed) {
  const Key key{seed};
  const auto z = normal<float>(Shape{10000}, key.fold(0));
  std::printf("10,000 normal numbers of seed %llu: mean %+.4f, mean square %.4f\n",
              static_cast<unsigned long long>(seed), static_cast<double>(mean(z).item()),
              static_cast<double>(mean(z * z).item()));
}

/// Ten digits, and under each the average of all digits of its class.
void average_digits(const std::string& data, const std::string& picture, bool quick) {
  auto digits = data::mnist(data, data::Split::train);
  if (quick) digits = digits.take(std::vector<Index>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const auto images = data::normalize<float>(digits.images);
  const Index pixels = images.size() / images.extent(0);
  Tensor<float, 4> shown(Shape{20, images.extent(1), images.extent(2), 1}, -1.0f);
  for (Index label = 0; label < 10; ++label) {
    float* first = shown.mutable_data() + label * pixels;
    float* average = first + 10 * pixels;
    Index count = 0;
    for (Index i = 0; i < images.extent(0); ++i) {
      if (digits.labels(i) != label) continue;
      const float* image = images.data() + i * pixels;
      ++count;
      for (Index p = 0; p < pixels; ++p) {
        if (count == 1) first[p] = image[p];
        average[p] += (image[p] - average[p]) / static_cast<float>(count);
      }
    }
  }
  io::write_png(picture, image_grid(shown, 10));
  std::printf("a digit of every class and the average of its class: %s\n", picture.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::string data = "examples/data/mnist", out = "out";
  std::uint64_t seed = 42;
  bool quick = false;
  CLI::App app{"Tensors, random numbers and pictures."};
  app.add_option("--data", data, "folder of the MNIST files")->capture_default_str();
  app.add_option("--out", out, "folder for the picture")->capture_default_str();
  app.add_option("--seed", seed, "seed of everything random")->capture_default_str();
  app.add_flag("--quick", quick, "a few images only, to see that everything runs");
  CLI11_PARSE(app, argc, argv);
  try {
    values_not_references();
    broadcasting_and_reductions();
    errors_name_both_sides();
    keys_not_generators(seed);
    make_folder(out);
    average_digits(data, out + "/01_tensors.png", quick);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "01_tensors: %s\n", error.what());
    return 1;
  }
  return 0;
}
