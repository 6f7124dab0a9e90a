#include "study/harness/judge.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "inkling/dist/categorical.hpp"
#include "inkling/io/model_file.hpp"
#include "inkling/metrics/agreement.hpp"
#include "inkling/metrics/class_balance.hpp"
#include "inkling/metrics/features.hpp"
#include "inkling/metrics/ink_statistics.hpp"
#include "inkling/metrics/kernel_distance.hpp"
#include "inkling/metrics/manifold.hpp"
#include "inkling/metrics/nearest.hpp"

namespace study {
namespace {

using namespace ink;

data::ImageDataset first_rows(const data::ImageDataset& digits, Index count) {
  std::vector<Index> rows(static_cast<std::size_t>(std::min(count, digits.size())));
  std::iota(rows.begin(), rows.end(), Index{0});
  return digits.take(rows);
}

/// Pixels in [0, 1], a row an image.
Tensor<float, 2> pixels(const Images& images) {
  Tensor<float, 2> rows({images.extent(0), images.size() / images.extent(0)});
  float* to = rows.mutable_data();
  for (const float v : images.values()) *to++ = (v + 1) / 2;
  return rows;
}

models::Classifier<float> read_classifier(const std::string& path) {
  models::Classifier<float> classifier({}, Key{0});
  load_model(path, classifier);
  return classifier;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

Images first_images(const data::ImageDataset& digits, Index count) {
  return data::normalize<float>(first_rows(digits, count).images);
}

Images evenly_spread(const data::ImageDataset& digits, Index count) {
  const Index all = digits.size(), some = std::min(count, all);
  std::vector<Index> rows;
  for (Index i = 0; i < some; ++i) rows.push_back(i * all / some);
  return data::normalize<float>(digits.take(rows).images);
}

Judge::Judge(const data::ImageDataset& train, const data::ImageDataset& test, const std::string& weights)
    : train_(train),
      test_(test),
      classifier_(read_classifier(weights)),
      features_(metrics::moments(metrics::features(classifier_, first_images(train, train.size())))),
      axes_(pixels(first_images(train, train.size())), 64) {
  components_ = metrics::moments(components(first_images(train, train.size())));
}

Tensor<double, 2> Judge::components(const Images& images) const { return axes_.project(pixels(images)); }

Fidelity Judge::fidelity(const Images& images) const {
  return {metrics::frechet_distance(features_, metrics::moments(metrics::features(classifier_, images))),
          metrics::frechet_distance(components_, metrics::moments(components(images)))};
}

Quality Judge::quality(const Images& images) const {
  const Index count = images.extent(0);
  const auto drawn = metrics::features(classifier_, images);
  const auto real = metrics::features(classifier_, first_images(train_, count));
  const Index k = std::min<Index>(5, std::min(drawn.extent(0), real.extent(0)) - 1);
  const auto overlap = metrics::manifold_overlap(real, drawn, k);
  const auto kernel = metrics::kernel_distance(drawn, real, std::min<Index>(1000, real.extent(0)));
  const auto ink = metrics::ink_statistics(images);
  return {.fd = fidelity(images),
          .kid = kernel.value,
          .kid_error = kernel.error,
          .precision = overlap.precision,
          .recall = overlap.recall,
          .density = overlap.density,
          .coverage = overlap.coverage,
          .balance = metrics::class_balance(names(images), 10),
          .greyness = ink.greyness,
          .ink_density = ink.ink_density,
          .gradient_energy = ink.gradient_energy,
          .nearest = mean(nearest_distances(images, train_))};
}

ink::Tensor<std::int32_t, 1> Judge::names(const Images& images) const {
  std::vector<Tensor<std::int32_t, 1>> parts;
  constexpr Index piece = 250;
  for (Index begin = 0; begin < images.extent(0); begin += piece) {
    const auto some = dense(view(images).slice(0, begin, std::min(begin + piece, images.extent(0))));
    parts.push_back(Categorical(classifier_(some)).mode());
  }
  return concat(0, parts);
}

double Judge::agreement(const Images& images, const Tensor<std::int32_t, 1>& labels) const {
  return metrics::agreement(classifier_, images, labels);
}

Fidelity Judge::floor(Index count) const { return fidelity(evenly_spread(test_, count)); }

Quality Judge::floor_quality(Index count) const { return quality(evenly_spread(test_, count)); }

Fidelity Judge::training_floor(Index count) const {
  std::vector<Index> rows(static_cast<std::size_t>(std::min(count, train_.size())));
  std::iota(rows.begin(), rows.end(), train_.size() - static_cast<Index>(rows.size()));
  return fidelity(data::normalize<float>(train_.take(rows).images));
}

std::vector<double> nearest_distances(const Images& images, const data::ImageDataset& digits) {
  const auto drawn = pixels(images);
  std::vector<double> best(static_cast<std::size_t>(images.extent(0)), std::numeric_limits<double>::infinity());
  constexpr Index piece = 5000;
  for (Index begin = 0; begin < digits.size(); begin += piece) {
    std::vector<Index> rows(static_cast<std::size_t>(std::min(piece, digits.size() - begin)));
    std::iota(rows.begin(), rows.end(), begin);
    const auto near = metrics::nearest(drawn, pixels(data::normalize<float>(digits.take(rows).images)), 1);
    for (std::size_t i = 0; i < best.size(); ++i) best[i] = std::min(best[i], near.distances.data()[i] / 28);
  }
  return best;
}

void note(Record& record, const std::string& prefix, const Fidelity& f) {
  record.set(prefix + "fd_cnn", f.cnn);
  record.set(prefix + "fd_pca", f.pca);
}

void note(Record& record, const std::string& prefix, const Quality& q) {
  note(record, prefix, q.fd);
  const std::pair<const char*, double> all[] = {{"kid", q.kid},
                                                {"kid_error", q.kid_error},
                                                {"precision", q.precision},
                                                {"recall", q.recall},
                                                {"density", q.density},
                                                {"coverage", q.coverage},
                                                {"balance", q.balance},
                                                {"greyness", q.greyness},
                                                {"ink_density", q.ink_density},
                                                {"gradient_energy", q.gradient_energy},
                                                {"nearest", q.nearest}};
  for (const auto& [name, value] : all) record.set(prefix + name, value);
}

}  // namespace study
