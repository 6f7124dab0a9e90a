// The main systems: one of each family, trained for equal seconds on the same digits, whose weights many claims share.
//
// A task that needs one names it in `needs` and reads bench.weights(<its name>):
//   main.pixelcnn      autoregression of black and white pixels by causal convolutions
//   main.pixelcnn256   the same of 256 grey levels
//   main.anyorder      black and white pixels in any order: autoregression and masked diffusion at once
//   main.diffusion     diffusion, told the class nine times in ten
#pragma once

#include <vector>

#include "study/harness/task.hpp"
#include "systems/denoiser.hpp"
#include "systems/tokens.hpp"

namespace study {

/// Parts of the training time. What is compared has equal parts.
inline double main_weight(const Settings& s) { return s.full ? 16 : 6; }  ///< of a main system
inline double told_weight(const Settings& s) { return s.full ? 6 : 4; }   ///< of a model that is told text or a sketch
constexpr double pair_weight = 3;                                         ///< of claim 6's pair
constexpr double curve_weight = 0.5;                                      ///< of a run of claim 25
constexpr double cell_weight = 0.2;  ///< of a cell of the map of targets, and claim 22

systems::DenoiserSpec main_diffusion();
systems::PixelSpec main_pixelcnn();
systems::PixelSpec main_pixelcnn256();
systems::PixelSpec main_anyorder();

std::vector<Task> main_systems(const Settings& settings);

}  // namespace study
