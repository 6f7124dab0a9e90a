// Together: digits of black and white pixels, drawn several pixels at once by one network that can draw any pixels
// from any others. What claims 8, 9 and 10 compare: which pixels are drawn together, and how many.
//
// Tasks together.<choice> draw and judge, with these names in their records, k pixels at once:
//   k49.fd_cnn, k49.fd_pca     of all digits that were drawn
//   k49.thirds                 FD-CNN of each third of them: three seeds of the sampling
//   k49.evaluations, k49.seconds   of the network for an image; processor seconds for an image
// Task together.floor has fd_cnn and fd_pca of as many test digits, as they are ("grey.") and black and white ("two.").
#pragma once

#include <string>
#include <vector>

#include "study/harness/task.hpp"
#include "systems/tokens.hpp"

namespace study {

class Judge;

/// Which pixels are drawn together, the most contiguous first: a name of systems::PixelDraw, and as one says it.
struct Choice {
  std::string name, says;
};
const std::vector<Choice>& choices();

/// Digits that are drawn for each choice and number of pixels.
ink::Index together_count(const Settings& settings);

/// How many pixels are drawn at once; no squares of some of these tile the image.
std::vector<ink::Index> together_amounts(const Settings& settings, const std::string& choice);

/// Network evaluations of an image then.
inline ink::Index evaluations_of(ink::Index pixels) { return (784 + pixels - 1) / pixels; }

/// The tasks, a name a choice, and the floor.
std::vector<Task> together_tasks(const Settings& settings);
std::vector<std::string> together_names();

inline std::string amount_name(ink::Index pixels) { return "k" + std::to_string(pixels) + "."; }

/// FD-CNN of a sampling's thirds.
Spread thirds(const Record& record, const std::string& prefix);
/// Notes the FDs of the images and, as <prefix>thirds, FD-CNN of each third.
void note_thirds(Record& record, const std::string& prefix, const Judge& judge, const ink::Tensor<float, 4>& images);

/// An animation of four digits for each choice, drawn so many pixels at a time, one row a choice.
void animate_choices(Bench& bench, const systems::PixelModel& model, const std::vector<std::string>& names,
                     ink::Index pixels, const std::string& path);

}  // namespace study
