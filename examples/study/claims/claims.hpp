// The claims, in the order in which the argument is told. Each is a file of this folder.
#pragma once

#include <vector>

#include "study/claims/main_systems.hpp"
#include "study/harness/task.hpp"

namespace study {

Claim claim_01();
Claim claim_02();
Claim claim_03();
Claim claim_04();
Claim claim_05();
Claim claim_06();
Claim claim_07();
Claim claim_08();
Claim claim_09();
Claim claim_10();
Claim claim_11();
Claim claim_12();
Claim claim_13();
Claim claim_14();
Claim claim_15();
Claim claim_16();
Claim claim_17();
Claim claim_18();
Claim claim_19();
Claim claim_20();
Claim claim_21();
Claim claim_22();
Claim claim_25();
Claim claim_28();

/// Number 0 has the main systems' tasks and no section of its own. The parts of those without tasks are yet to come.
inline std::vector<Claim> all_claims() {
  return {
      {0, "", main_systems, {}},
      claim_01(),
      claim_02(),
      claim_03(),
      claim_04(),
      claim_05(),
      claim_06(),
      claim_07(),
      claim_08(),
      claim_09(),
      claim_10(),
      claim_11(),
      claim_12(),
      claim_13(),
      claim_14(),
      claim_15(),
      claim_16(),
      claim_17(),
      claim_18(),
      claim_19(),
      claim_20(),
      claim_21(),
      claim_22(),
      {23, "Autoregression needs one evaluation a pixel.", {}, {}},
      {24, "Diffusion needs tens of evaluations.", {}, {}},
      claim_25(),
      {26, "Guidance needs the model without its condition.", {}, {}},
      {27, "The families are two.", {}, {}},
      claim_28(),
  };
}

}  // namespace study
