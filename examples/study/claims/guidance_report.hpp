// The section of claim 19: charts of what guidance does to every system, and the verdict.
#pragma once

#include <string>
#include <vector>

#include "study/harness/task.hpp"

namespace study {

/// A model of the map of targets, and what it is called here.
struct GuidedTarget {
  std::string name;   ///< of the target
  std::string model;  ///< the task whose weights they are
};

inline std::vector<GuidedTarget> guided_targets() {
  return {{"clean", "map.unet.clean.clean.1"},
          {"noise", "map.unet.noise.noise.1"},
          {"velocity", "map.unet.velocity.velocity.1"},
          {"flow", "map.unet.flow.velocity.1"},
          {"next", "map.unet.next.noise.1"}};
}

Section guidance_report(const Results& results);

}  // namespace study
