// Judge: how good a set of drawn digits is, by the frozen classifier that ships with the examples and by pixels.
//
//   FD-CNN     Fréchet distance of the classifier's features from those of all training digits
//   FD-PCA64   the same of the first 64 principal components of the pixels, in [0, 1]
//   KID        kernel distance of the classifier's features, from as many training digits
//
// Figures of the same N compare; the floor of N is what real digits that were not trained on score.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inkling/data/dataset.hpp"
#include "inkling/metrics/frechet.hpp"
#include "inkling/metrics/principal_components.hpp"
#include "inkling/models/classifier.hpp"
#include "study/harness/record.hpp"

namespace study {

using Images = ink::Tensor<float, 4>;

struct Fidelity {
  double cnn = 0, pca = 0;
};

struct Quality {
  Fidelity fd;
  double kid = 0, kid_error = 0;
  double precision = 0, recall = 0, density = 0, coverage = 0;  ///< k = 5, of features
  double balance = 0;                                           ///< of the classes, 0 to 1
  double greyness = 0, ink_density = 0, gradient_energy = 0;
  double nearest = 0;  ///< RMS pixel difference, in [0, 1], to the nearest training digit, in the mean
};

class Judge {
 public:
  /// Reads the classifier's weights and looks at all training digits once.
  Judge(const ink::data::ImageDataset& train, const ink::data::ImageDataset& test, const std::string& weights);

  /// images (N, 28, 28, 1) in [−1, 1], N at least 2.
  Fidelity fidelity(const Images& images) const;
  Quality quality(const Images& images) const;
  /// What each image shows.
  ink::Tensor<std::int32_t, 1> names(const Images& images) const;
  /// The share of images that show what was asked for.
  double agreement(const Images& images, const ink::Tensor<std::int32_t, 1>& labels) const;
  /// What N test digits score, or all of them if N is more.
  Fidelity floor(ink::Index count) const;
  Quality floor_quality(ink::Index count) const;
  /// What another N training digits score: without the difference between the two sets.
  Fidelity training_floor(ink::Index count) const;

  const ink::models::Classifier<float>& classifier() const { return classifier_; }
  /// Of the classifier's features of all training digits.
  const ink::metrics::Moments& feature_moments() const { return features_; }

 private:
  ink::Tensor<double, 2> components(const Images& images) const;

  const ink::data::ImageDataset& train_;
  const ink::data::ImageDataset& test_;
  ink::models::Classifier<float> classifier_;
  ink::metrics::Moments features_, components_;
  ink::metrics::PrincipalComponents axes_;
};

/// The first `count` images of a data set, or all of them, in [−1, 1].
Images first_images(const ink::data::ImageDataset& digits, ink::Index count);
/// So many, evenly spread over the data set: the first half of MNIST's test digits is by other writers than the second.
Images evenly_spread(const ink::data::ImageDataset& digits, ink::Index count);
/// From each image to the nearest of the digits: RMS difference of pixels in [0, 1].
std::vector<double> nearest_distances(const Images& images, const ink::data::ImageDataset& digits);

/// fd_cnn and fd_pca, after a prefix as "heun18.".
void note(Record& record, const std::string& prefix, const Fidelity& f);
/// All figures by their names above.
void note(Record& record, const std::string& prefix, const Quality& q);

}  // namespace study
