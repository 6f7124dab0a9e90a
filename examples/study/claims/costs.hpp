// Costs: what an image takes that a system draws: evaluations of the network, operations, processor seconds.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "inkling/core/view.hpp"
#include "inkling/train/clock.hpp"
#include "study/harness/bench.hpp"
#include "systems/flops.hpp"

namespace study {

/// What was drawn, and what one image took.
struct Drew {
  Images images;
  double evaluations = 0, flops = 0, seconds = 0;
};

template <class F>
Drew timed(Bench& bench, const F& draw) {
  const double start = ink::processor_seconds();
  auto drawn = bench.sampling(draw);
  const double seconds = (ink::processor_seconds() - start) / static_cast<double>(drawn.images.extent(0));
  return {std::move(drawn.images), static_cast<double>(drawn.evaluations), 0, seconds};
}

inline Drew diffuse(Bench& bench, const systems::Denoiser& model, const char* sampler, int steps,
                    const systems::Told& told, ink::Key key) {
  Drew drew = timed(bench, [&] { return model.draw({.sampler = sampler, .steps = steps}, told, key); });
  drew.flops = systems::drawing_flops(model.spec(), static_cast<ink::Index>(drew.evaluations));
  return drew;
}

inline Drew reveal(Bench& bench, const systems::PixelModel& model, const systems::PixelDraw& how, ink::Index count,
                   ink::Key key) {
  Drew drew = timed(bench, [&] { return model.draw(how, systems::tell_nothing(count), key); });
  drew.flops = systems::drawing_flops(model.spec(), static_cast<ink::Index>(drew.evaluations), how.cache);
  return drew;
}

inline void note_costs(Record& record, const Drew& drew) {
  record.set("evaluations", drew.evaluations);
  record.set("flops", drew.flops);
  record.set("seconds", drew.seconds);
  record.set("images", static_cast<double>(drew.images.extent(0)));
}

/// The points of a curve, as series of numbers.
inline Record curve(Bench& bench, const std::vector<Drew>& points) {
  Record record;
  std::vector<double> evaluations, flops, seconds, cnn, pca;
  for (const Drew& p : points) {
    const Fidelity fd = bench.judge().fidelity(p.images);
    evaluations.push_back(p.evaluations);
    flops.push_back(p.flops);
    seconds.push_back(p.seconds);
    cnn.push_back(fd.cnn);
    pca.push_back(fd.pca);
  }
  record.set("evaluations", evaluations);
  record.set("flops", flops);
  record.set("seconds", seconds);
  record.set("fd_cnn", cnn);
  record.set("fd_pca", pca);
  return record;
}

/// Figures of all images that were drawn, and "few." of the first of them.
inline Record judged(Bench& bench, const Drew& drew, ink::Index few, bool whole) {
  Record record;
  note_costs(record, drew);
  few = std::min(few, drew.images.extent(0));
  note(record, "few.", bench.judge().fidelity(ink::dense(ink::view(drew.images).slice(0, 0, few))));
  if (whole) {
    note(record, "", bench.judge().quality(drew.images));
  } else {
    note(record, "", bench.judge().fidelity(drew.images));
  }
  return record;
}

}  // namespace study
