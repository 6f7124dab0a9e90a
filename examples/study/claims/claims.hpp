// The claims, in the order in which the argument is told. Each is a file of this folder.
#pragma once

#include <vector>

#include "study/claims/main_systems.hpp"
#include "study/harness/task.hpp"

namespace study {

Claim claim_01();
Claim claim_20();
Claim claim_25();
Claim claim_28();

/// Number 0 has the main systems' tasks and no section of its own.
inline std::vector<Claim> all_claims() {
  return {
      {0, "", main_systems, {}}, claim_01(), claim_20(), claim_25(), claim_28(),
  };
}

}  // namespace study
