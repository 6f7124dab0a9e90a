// Every sampler of diffusion models, by name, for tests that hold for all of them.
#pragma once

#include "inkling/gen/sampler/adaptive_ode.hpp"
#include "inkling/gen/sampler/ancestral_euler.hpp"
#include "inkling/gen/sampler/ddim.hpp"
#include "inkling/gen/sampler/ddpm.hpp"
#include "inkling/gen/sampler/deis.hpp"
#include "inkling/gen/sampler/dpm2.hpp"
#include "inkling/gen/sampler/dpm_plus_plus_2m.hpp"
#include "inkling/gen/sampler/dpm_plus_plus_2m_sde.hpp"
#include "inkling/gen/sampler/dpm_plus_plus_2s.hpp"
#include "inkling/gen/sampler/dpm_plus_plus_3m.hpp"
#include "inkling/gen/sampler/euler.hpp"
#include "inkling/gen/sampler/flow_euler.hpp"
#include "inkling/gen/sampler/flow_heun.hpp"
#include "inkling/gen/sampler/heun.hpp"
#include "inkling/gen/sampler/lms.hpp"
#include "inkling/gen/sampler/plms.hpp"
#include "inkling/gen/sampler/pndm.hpp"
#include "inkling/gen/sampler/predictor_corrector.hpp"
#include "inkling/gen/sampler/renoise.hpp"
#include "inkling/gen/sampler/uni_pc.hpp"

/// check(name, sampler) for every sampler and its variants, with that many steps. AdaptiveOde, whose rows of a batch
/// share their steps, comes last.
template <class F>
void for_every_sampler(int steps, const F& check) {
  using namespace ink;
  check("Ddim", Ddim{.steps = steps});
  check("Ddim, eta 1", Ddim{.steps = steps, .eta = 1});
  check("Ddpm", Ddpm{.steps = steps});
  check("Ddpm, large", Ddpm{.steps = steps, .variance = Ddpm::Variance::large});
  check("Renoise", Renoise{.steps = steps});
  check("Euler", Euler{.steps = steps});
  check("Heun", Heun{.steps = steps});
  check("Heun, churn", Heun{.steps = steps, .churn = 5});
  check("AncestralEuler", AncestralEuler{.steps = steps});
  check("AncestralEuler, eta 2", AncestralEuler{.steps = steps, .eta = 2});
  check("Dpm2", Dpm2{.steps = steps});
  check("DpmPlusPlus2S", DpmPlusPlus2S{.steps = steps});
  check("DpmPlusPlus2M", DpmPlusPlus2M{.steps = steps});
  check("DpmPlusPlus3M", DpmPlusPlus3M{.steps = steps});
  check("DpmPlusPlus2MSde", DpmPlusPlus2MSde{.steps = steps});
  check("DpmPlusPlus2MSde, heun", DpmPlusPlus2MSde{.steps = steps, .variant = DpmPlusPlus2MSde::Variant::heun});
  check("Lms", Lms{.steps = steps});
  check("Deis", Deis{.steps = steps});
  check("Plms", Plms{.steps = steps});
  check("Pndm", Pndm{.steps = steps});
  check("UniPc", UniPc{.steps = steps});
  check("FlowEuler", FlowEuler{.steps = steps});
  check("FlowEuler, stochastic", FlowEuler{.steps = steps, .stochastic = true});
  check("FlowHeun", FlowHeun{.steps = steps});
  check("PredictorCorrector", PredictorCorrector<Ddim>{.predictor = {.steps = steps, .eta = 1}});
  check("AdaptiveOde", AdaptiveOde{.steps = steps});
}
