// What guidance does: digits of every class drawn at several scales, with the same noise, and judged.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "common/data.hpp"
#include "inkling/io/grid.hpp"
#include "inkling/io/png.hpp"
#include "inkling/metrics/agreement.hpp"
#include "inkling/metrics/diversity.hpp"
#include "inkling/metrics/features.hpp"
#include "inkling/metrics/frechet.hpp"
#include "inkling/models/classifier.hpp"
#include "inkling/nn/condition.hpp"
#include "inkling/train/checkpoint.hpp"

/// The moments of the classifier's features of real digits.
inline ink::metrics::Moments moments_of_digits(const ink::models::Classifier<float>& classifier,
                                               const ink::data::ImageDataset& digits) {
  std::vector<ink::Tensor<float, 2>> parts;
  for_each_piece(digits, 1000, [&](const ink::Tensor<float, 4>& images, const auto&) {
    parts.push_back(ink::metrics::features(classifier, images));
  });
  return ink::metrics::moments(ink::concat(0, parts));
}

/// Prints a line for every scale, and writes a picture with a row for every scale and a column for every digit.
/// drawing(scale) gives what draw(condition, count, key) does at that scale; `asked` are classes in ascending order.
template <class Drawing>
void guidance_table(const Drawing& drawing, const std::vector<double>& scales, const ink::ClassLabels& asked,
                    const ProgramSettings& s, const std::string& picture) {
  using namespace ink;
  const Index count = asked.ids.size(), each = count / 10;
  models::Classifier<float> classifier({}, Key{0});
  load_model(s.classifier, classifier);
  const auto real = data::mnist(s.data, data::Split::train);
  const auto reference = moments_of_digits(classifier, real);
  auto some = permutation(real.size(), Key{s.seed}.fold(4));
  some.resize(static_cast<std::size_t>(std::min(count, real.size())));

  struct Line {
    double scale, right, distance, frechet;
  };
  std::vector<Line> lines;
  std::vector<Tensor<float, 4>> rows;
  for (const double scale : scales) {
    const auto images = drawing(scale)(asked, count, Key{s.seed}.fold(3));
    lines.push_back({scale, metrics::agreement(classifier, images, asked.ids),
                     metrics::mean_pairwise_distance(images, asked.ids),
                     metrics::frechet_distance(reference, metrics::moments(metrics::features(classifier, images)))});
    for (Index digit = 0; digit < 10; ++digit) {
      rows.push_back(dense(view(images).slice(0, digit * each, digit * each + 1)));
    }
    std::fprintf(stderr, "scale %g drawn\n", scale);
  }
  const auto best =
      std::min_element(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.frechet < b.frechet; });
  std::printf(
      "%lld images at every scale; distance: of two images of one class; FD: Frechet distance of the classifier's "
      "features from those of the training digits\n",
      static_cast<long long>(count));
  std::printf("  scale  digit right  distance      FD\n");
  for (const Line& line : lines) {
    std::printf("%7.2f  %9.1f %%  %8.3f  %6.2f%s\n", line.scale, 100 * line.right, line.distance, line.frechet,
                line.scale == best->scale ? "  least" : "");
  }
  const auto digits = real.take(some);
  const auto images = data::normalize<float>(digits.images);
  std::printf("   real  %9.1f %%  %8.3f  %6.2f  as many digits of the training set\n",
              100 * metrics::agreement(classifier, images, digits.labels),
              metrics::mean_pairwise_distance(images, digits.labels),
              metrics::frechet_distance(reference, metrics::moments(metrics::features(classifier, images))));
  io::write_png(picture, image_grid(concat(0, rows), 10), {.text = {{"seed", std::to_string(s.seed)}}});
  std::printf("A row for each scale, the same noise in every column: %s\n", picture.c_str());
}
