// The question of the map without images: a spiral in the plane, laid into a space of D dimensions by random
// directions at right angles to each other, so that the data stay two-dimensional while the noise fills the space. A
// network of one narrow width is asked for the clean point, the noise or the velocity.
// T. Li, K. He 2025, arXiv:2511.13720.
//
// Tasks spiral.<D>.<target>.<seed>, of equal seconds. Measured by
//   plane     energy distance of drawn points, seen in the spiral's plane, from points of the spiral:
//             2 E|x − y| − E|x − x'| − E|y − y'|
//   outside   root mean square of the distance of drawn points from the plane
#pragma once

#include <string>
#include <vector>

#include "study/harness/task.hpp"

namespace study {

inline const std::vector<int>& spiral_dimensions() {
  static const std::vector<int> all{2, 8, 32, 128, 512};
  return all;
}
inline const std::vector<std::string>& spiral_targets() {
  static const std::vector<std::string> all{"clean", "noise", "velocity"};
  return all;
}

/// "spiral.512.noise"
std::string spiral_name(int dimensions, const std::string& target);
/// The trainings, and spiral.picture of what their first seeds drew.
std::vector<Task> spiral_tasks(const Settings& settings);
Spread spiral_distance(const Results& results, int dimensions, const std::string& target);
/// A chart of the distance against D, a table of what is outside the plane, a picture of the points.
std::vector<Block> spiral_blocks(const Results& results);

}  // namespace study
