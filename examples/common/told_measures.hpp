// How well drawings follow what their generator was told, as numbers: what is asked for held-out digits, and how much
// of it is found again in the drawings.
//
//   AskedCaptions asked = ask_captions(test.first(100));
//   auto images = …                                            drawn for asked.captions, one each
//   WordsFollowed followed = words_followed(asked, images);    rank correlations of words and measures
//
//   AskedSketches asked = ask_sketches(test, 100);             two drawings of each of 50 sketches
//   auto overlaps = sketch_overlaps(asked.sketches, images);
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "inkling/data/captions.hpp"
#include "inkling/data/dataset.hpp"
#include "inkling/data/skeleton.hpp"
#include "inkling/data/stroke_shape.hpp"
#include "inkling/metrics/rank_correlation.hpp"
#include "inkling/metrics/sketch_overlap.hpp"

/// Images in [−1, 1] as bytes.
inline ink::Tensor<std::uint8_t, 4> bytes(const ink::Tensor<float, 4>& images) {
  auto out = ink::Tensor<std::uint8_t, 4>::uninitialized(images.shape());
  std::uint8_t* to = out.mutable_data();
  for (const float v : images.values()) *to++ = static_cast<std::uint8_t>(std::lround((v + 1) / 2 * 255));
  return out;
}

/// A caption for every digit, and ten different looks.
inline std::vector<std::string> ten_captions() {
  return {
      "a thin zero leaning right", "bold 1",          "a wide two",  "thin 3 leaning left", "a bold four", "narrow 5",
      "a thin six leaning left",   "7 leaning right", "bold wide 8", "a thin narrow nine"};
}

struct AskedCaptions {
  std::vector<std::string> captions;
  ink::Tensor<std::int32_t, 1> labels;
  std::vector<double> thickness, slant;  ///< −1, 0 or 1, as the words say
};

/// The digits' captions, all of which say how thick and how slanted.
inline AskedCaptions ask_captions(const ink::data::ImageDataset& digits) {
  AskedCaptions asked;
  asked.labels = digits.labels;
  for (const ink::data::Description& d : ink::data::describe(digits)) {
    asked.captions.push_back(ink::data::caption(d, {.thickness = true, .slant = true}));
    asked.thickness.push_back(d.thickness);
    asked.slant.push_back(d.slant);
  }
  return asked;
}

/// Spearman's correlation within classes. Classes in which nothing varies are left out; NaN if none is left.
inline double correlation_within(const std::vector<double>& asked, const std::vector<double>& measured,
                                 const ink::Tensor<std::int32_t, 1>& labels) {
  std::map<std::int32_t, std::pair<std::set<double>, std::set<double>>> values;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto& [of_asked, of_measured] = values[labels.data()[i]];
    of_asked.insert(asked[i]);
    of_measured.insert(measured[i]);
  }
  std::vector<double> x, y;
  std::vector<std::int32_t> groups;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& of_class = values[labels.data()[i]];
    if (of_class.first.size() < 2 || of_class.second.size() < 2) continue;
    x.push_back(asked[i]);
    y.push_back(measured[i]);
    groups.push_back(labels.data()[i]);
  }
  return x.empty() ? std::numeric_limits<double>::quiet_NaN() : ink::metrics::spearman(x, y, groups);
}

struct WordsFollowed {
  double thickness = 0, slant = 0;  ///< rank correlation of word and measure within classes
};

inline WordsFollowed words_followed(const AskedCaptions& asked, const ink::Tensor<std::uint8_t, 4>& images) {
  std::vector<double> thickness, slant;
  for (const ink::data::StrokeShape& shape : ink::data::stroke_shapes(images)) {
    thickness.push_back(shape.thickness);
    slant.push_back(shape.slant);
  }
  return {correlation_within(asked.thickness, thickness, asked.labels),
          correlation_within(asked.slant, slant, asked.labels)};
}

struct AskedSketches {
  ink::data::ImageDataset digits;         ///< each twice, one after the other
  ink::Tensor<std::uint8_t, 4> sketches;  ///< theirs
  ink::Tensor<std::int32_t, 1> numbers;   ///< of the sketch, from 0
};

/// Sketches of the first digits, each twice, `count` in all.
inline AskedSketches ask_sketches(const ink::data::ImageDataset& digits, ink::Index count) {
  count = std::min<ink::Index>(count, 2 * digits.size());
  std::vector<ink::Index> twice;
  ink::Tensor<std::int32_t, 1> numbers(ink::Shape{count});
  for (ink::Index i = 0; i < count; ++i) {
    twice.push_back(i / 2);
    numbers(i) = static_cast<std::int32_t>(i / 2);
  }
  const auto some = digits.take(twice);
  return {some, ink::data::skeleton(some.images), numbers};
}

/// How much each sketch and the drawing's own skeleton have in common, within a pixel: 0 to 1.
inline std::vector<double> sketch_overlaps(const ink::Tensor<std::uint8_t, 4>& sketches,
                                           const ink::Tensor<std::uint8_t, 4>& images) {
  const auto overlap = ink::metrics::intersection_over_union(ink::data::skeleton(images), sketches, 1);
  return {overlap.data(), overlap.data() + overlap.size()};
}

/// The same of every digit's sketch and the next digit of its class: what is reached without following the sketch.
inline std::vector<double> overlaps_within_class(const ink::data::ImageDataset& digits) {
  std::map<std::int32_t, ink::Index> last;
  std::vector<ink::Index> first, second;
  for (ink::Index i = 0; i < digits.size(); ++i) {
    const auto before = last.find(digits.labels(i));
    if (before != last.end()) {
      first.push_back(before->second);
      second.push_back(i);
    }
    last[digits.labels(i)] = i;
  }
  if (first.empty()) return {};
  return sketch_overlaps(ink::data::skeleton(digits.take(first).images), digits.take(second).images);
}

inline double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}
