// What the claims about conditions share: how many digits they draw, and with which sampler.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "study/claims/main_systems.hpp"
#include "study/harness/settings.hpp"
#include "study/harness/verdict.hpp"
#include "systems/denoiser.hpp"

namespace study {

/// The main diffusion model, told something else than the class.
inline systems::DenoiserSpec told_model(const std::string& told) {
  systems::DenoiserSpec spec = main_diffusion();
  spec.told = told;
  return spec;
}

/// Of the same quality as Heun's 35 evaluations in 18.
inline systems::DrawOptions told_sampler(const Settings& s, double guidance) {
  return {.sampler = "dpm++2m", .steps = s.steps > 0 ? 3 : 18, .guidance = guidance};
}

/// At which classes are followed, and the digits hardly less varied than real ones.
constexpr double class_guidance = 1.5;

/// Drawn digits that are compared with their captions or sketches.
inline ink::Index told_count(const Settings& s) {
  return s.steps > 0 ? 20 : std::min<ink::Index>(s.drawn(), s.full ? 1000 : s.minutes < 30 ? 60 : 500);
}

/// Of a row of a picture.
inline ink::Index told_columns(const Settings& s) { return s.steps > 0 ? 2 : s.minutes < 30 ? 4 : 8; }

/// The standard error of a share of n.
inline double share_error(double share, ink::Index n) {
  return std::sqrt(std::max(0.0, share * (1 - share)) / static_cast<double>(n));
}

}  // namespace study
