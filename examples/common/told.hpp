// What a generator can be told, for a program whose command line chooses it. Each of these says which network it needs,
// what it is trained with, what to draw in the picture, and how to judge what came out:
//
//   TellNothing, TellClass, TellCaption, TellSketch
//
// name                           of what is told, in a specification
// network(options)               the options of the UNet that is told this
// training(digits, batch)        what train() takes as its data
// rows(test, columns)            the condition of a picture of ten rows
// picture(images, rows)          what of it is shown, ten rows of one length
// judge(draw, test, settings)    prints the measures; draw(condition, count, key) gives images
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "common/condition_data.hpp"
#include "common/data.hpp"
#include "common/told_measures.hpp"
#include "inkling/data/edges.hpp"
#include "inkling/metrics/agreement.hpp"
#include "inkling/metrics/diversity.hpp"
#include "inkling/models/classifier.hpp"
#include "inkling/models/unet.hpp"
#include "inkling/train/checkpoint.hpp"

using UNetOptions = ink::models::UNet<float>::Options;

inline std::vector<ink::Index> first_rows(ink::Index count) {
  std::vector<ink::Index> rows;
  for (ink::Index i = 0; i < count; ++i) rows.push_back(i);
  return rows;
}

/// Prints how often the frozen classifier names the digit that was asked for.
inline void report_digits(const ink::Tensor<float, 4>& images, const ink::Tensor<std::int32_t, 1>& labels,
                          const ProgramSettings& s) {
  ink::models::Classifier<float> classifier({}, ink::Key{0});
  ink::load_model(s.classifier, classifier);
  std::printf("The classifier names the digit that was asked for in %.1f %% of %lld images.\n",
              100 * ink::metrics::agreement(classifier, images, labels), static_cast<long long>(images.extent(0)));
}

struct TellNothing {
  static constexpr const char* name = "nothing";

  static UNetOptions network(const UNetOptions& o) { return o; }

  static auto training(const ink::data::ImageDataset& digits, ink::Index batch) {
    return ConditionedDigits(digits, batch, [](const auto&, ink::Key) { return ink::Unconditional{}; });
  }
  ink::Unconditional rows(const ink::data::ImageDataset&, ink::Index) const { return {}; }
  static const ink::Tensor<float, 4>& picture(const ink::Tensor<float, 4>& images, const ink::Unconditional&) {
    return images;
  }

  template <class Draw>
  void judge(const Draw&, const ink::data::ImageDataset&, const ProgramSettings&) const {}
};

struct TellClass {
  static constexpr const char* name = "class";

  static UNetOptions network(UNetOptions o) {
    o.classes = 10;
    return o;
  }
  static const ink::data::ImageDataset& training(const ink::data::ImageDataset& digits, ink::Index) { return digits; }

  /// `each` of digit 0, then of 1, and so on.
  static ink::ClassLabels every_class(ink::Index each) {
    ink::Tensor<std::int32_t, 1> ids(ink::Shape{10 * each});
    for (ink::Index i = 0; i < ids.size(); ++i) ids(i) = static_cast<std::int32_t>(i / each);
    return {ids};
  }

  ink::ClassLabels rows(const ink::data::ImageDataset&, ink::Index columns) const { return every_class(columns); }
  static const ink::Tensor<float, 4>& picture(const ink::Tensor<float, 4>& images, const ink::ClassLabels&) {
    return images;
  }

  template <class Draw>
  void judge(const Draw& draw, const ink::data::ImageDataset&, const ProgramSettings& s) const {
    if (s.classifier.empty() || s.judge < 10) return;
    const auto asked = every_class(s.judge / 10);
    const auto images = draw(asked, asked.ids.size(), ink::Key{s.seed}.fold(3));
    report_digits(images, asked.ids, s);
    std::printf("Mean distance of two images of one class: %.3f (real digits: 0.612).\n",
                ink::metrics::mean_pairwise_distance(images, asked.ids));
  }
};

struct TellCaption {
  static constexpr const char* name = "caption";

  std::vector<std::string> captions = ten_captions();

  static UNetOptions network(UNetOptions o) {
    o.vocabulary = ink::data::CaptionTokenizer::vocabulary_size();
    o.caption_length = ink::data::CaptionTokenizer{}.length;
    return o;
  }
  static auto training(const ink::data::ImageDataset& digits, ink::Index batch) { return caption_data(digits, batch); }

  /// A row of every caption.
  ink::Captions rows(const ink::data::ImageDataset&, ink::Index columns) const {
    std::vector<std::string> all;
    for (ink::Index i = 0; i < 10 * columns; ++i) {
      all.push_back(captions[static_cast<std::size_t>(i / columns) % captions.size()]);
    }
    return {ink::data::CaptionTokenizer{}.encode(all)};
  }
  static const ink::Tensor<float, 4>& picture(const ink::Tensor<float, 4>& images, const ink::Captions&) {
    return images;
  }

  /// Captions of held-out digits, all of which say how thick and how slanted.
  template <class Draw>
  void judge(const Draw& draw, const ink::data::ImageDataset& test, const ProgramSettings& s) const {
    using namespace ink;
    if (s.classifier.empty() || s.judge < 10) return;
    const auto some = test.take(first_rows(std::min<Index>(s.judge, test.size())));
    const AskedCaptions asked = ask_captions(some);
    const auto images =
        draw(Captions{data::CaptionTokenizer{}.encode(asked.captions)}, some.size(), Key{s.seed}.fold(3));
    report_digits(images, some.labels, s);
    const WordsFollowed followed = words_followed(asked, bytes(images));
    std::printf(
        "Rank correlation of word and measure within classes: thickness %.3f, slant %.3f (real digits: 0.941, "
        "0.941).\n",
        followed.thickness, followed.slant);
  }
};

struct TellSketch {
  static constexpr const char* name = "sketch";

  static UNetOptions network(UNetOptions o) {
    o.sketch = true;
    return o;
  }
  static auto training(const ink::data::ImageDataset& digits, ink::Index batch) { return sketch_data(digits, batch); }

  /// A row of every one of the first ten held-out digits.
  ink::Sketch rows(const ink::data::ImageDataset& test, ink::Index columns) const {
    std::vector<ink::Index> rows;
    for (ink::Index i = 0; i < 10 * columns; ++i) rows.push_back(i / columns);
    return {ink::data::normalize<float>(ink::data::skeleton(test.take(rows).images))};
  }
  /// Before the digits of a row, their sketch.
  static ink::Tensor<float, 4> picture(const ink::Tensor<float, 4>& images, const ink::Sketch& sketches) {
    const ink::Index columns = images.extent(0) / 10;
    std::vector<ink::Tensor<float, 4>> shown;
    for (ink::Index begin = 0; begin < images.extent(0); begin += columns) {
      shown.push_back(ink::slice(sketches.image, 0, begin, begin + 1));
      shown.push_back(ink::slice(images, 0, begin, begin + columns));
    }
    return ink::concat(0, shown);
  }

  /// Two digits for every sketch: how well they follow it, and how far they are from each other.
  template <class Draw>
  void judge(const Draw& draw, const ink::data::ImageDataset& test, const ProgramSettings& s) const {
    using namespace ink;
    if (s.judge < 10) return;
    const AskedSketches asked = ask_sketches(test, s.judge);
    const auto images = draw(Sketch{data::normalize<float>(asked.sketches)}, asked.digits.size(), Key{s.seed}.fold(3));
    std::printf(
        "Overlap of the sketch and the drawing's own, within a pixel: %.3f (another digit of the class: 0.40).\n",
        mean_of(sketch_overlaps(asked.sketches, bytes(images))));
    std::printf("Mean distance of two drawings of one sketch: %.3f.\n",
                metrics::mean_pairwise_distance(images, asked.numbers));
    if (!s.classifier.empty()) report_digits(images, asked.digits.labels, s);
  }
};
