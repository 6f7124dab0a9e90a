// How good a generator is: the likelihood of held-out digits, and whether a classifier names the digit that was asked
// for.
#pragma once

#include <cmath>
#include <cstdio>

#include "common/data.hpp"
#include "inkling/gen/likelihood.hpp"
#include "inkling/gen/sample.hpp"
#include "inkling/models/classifier.hpp"
#include "inkling/train/checkpoint.hpp"

/// How often the classifier names the given labels.
inline double agreement(const ink::models::Classifier<float>& classifier, const ink::Tensor<float, 4>& images,
                        const ink::Tensor<std::int32_t, 1>& labels) {
  const auto named = ink::Categorical(classifier(images)).mode();
  ink::Index right = 0;
  for (ink::Index i = 0; i < named.size(); ++i) right += named(i) == labels(i);
  return static_cast<double>(right) / static_cast<double>(named.size());
}

/// Mean and standard error of the nats of held-out images; binarised images are drawn once, with a fixed seed.
template <class Network, class Head>
void report_likelihood(const ink::Autoregressive<Network, Head>& model, const ProgramSettings& s) {
  using namespace ink;
  double sum = 0, squares = 0, count = 0;
  Index pixels = 0;
  const auto test = held_out(s);
  for_each_piece(test, 100, [&](const Tensor<float, 4>& images, const auto&) {
    const Key draw = Key{1234}.fold(static_cast<std::uint64_t>(count));
    const auto nats = negative_log_likelihood(model, images, Unconditional{}, draw);
    pixels = images.size() / images.extent(0);
    for (float v : nats.values()) {
      sum += v;
      squares += static_cast<double>(v) * v;
      ++count;
    }
  });
  const double mean = sum / count, error = std::sqrt(std::max(0.0, squares / count - mean * mean) / count);
  std::printf("Test likelihood, %d levels%s: %.2f ± %.2f nats per image, %.4f bits/dim (%.0f held-out digits)\n",
              model.quantizer.levels, model.quantizer.levels == 2 ? ", dynamic binarisation" : "", mean, error,
              bits_per_dimension(mean, pixels), count);
  if (model.quantizer.levels == 2) {
    std::puts(
        "  nats of simpler models: per-pixel Bernoulli 205.8, table of 4 earlier neighbours 117.6, and with the "
        "position 105.9");
  } else if (model.quantizer.levels == 256) {
    std::puts(
        "  bits/dim of simpler models: uniform 8, histogram 1.967, per-pixel histogram 1.689, table of 4 earlier "
        "neighbours 1.172");
  }
}

/// Models that are not autoregressive have no exact likelihood here.
template <class Model>
void report_likelihood(const Model&, const ProgramSettings&) {}

/// Judges the images of the picture, or draws as many as asked for.
template <class Sampler, class Model>
void report_agreement(const Sampler& sampler, const Model& model, const ink::Tensor<float, 4>& images,
                      const ink::ClassLabels& labels, const ProgramSettings& s) {
  using namespace ink;
  models::Classifier<float> classifier({}, Key{0});
  load_model(s.classifier, classifier);
  double right = agreement(classifier, images, labels.ids) * static_cast<double>(images.extent(0));
  double count = static_cast<double>(images.extent(0));
  for (std::uint64_t piece = 0; count < static_cast<double>(s.judge); ++piece) {
    const auto more = generate(sampler, model, images.shape(), Key{s.seed}.fold(3).fold(piece), labels);
    right += agreement(classifier, more, labels.ids) * static_cast<double>(more.extent(0));
    count += static_cast<double>(more.extent(0));
  }
  std::printf("The classifier names the digit that was asked for in %.1f %% of %.0f images.\n", 100 * right / count,
              count);
}
