// The parts of a diffusion model by name, for a program whose command line chooses them.
//
// The library has no strings and no switches: every part is a type. A program that wants to choose at run time says
// which types it offers, as a std::variant; AnySchedule and AnyTarget are then a schedule and a target like any other,
// so that the network is compiled once. Samplers are visited: each is compiled for one small model, AnyDenoiser.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "inkling/dist/dirac.hpp"
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
#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/exponential.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/gen/schedule/log_snr.hpp"
#include "inkling/gen/schedule/rectified_flow.hpp"
#include "inkling/gen/schedule/scaled_linear_beta.hpp"
#include "inkling/gen/schedule/sigmoid.hpp"
#include "inkling/gen/schedule/variance_exploding.hpp"
#include "inkling/gen/schedule/variance_preserving.hpp"
#include "inkling/gen/schedule/zero_terminal_snr.hpp"
#include "inkling/gen/target.hpp"
#include "inkling/gen/target/previous.hpp"
#include "inkling/ops/elementwise.hpp"

struct AnySchedule {
  std::variant<ink::LinearBeta, ink::ScaledLinearBeta, ink::Cosine, ink::Sigmoid, ink::VariancePreserving,
               ink::VarianceExploding, ink::Karras, ink::Exponential, ink::RectifiedFlow,
               ink::ZeroTerminalSnr<ink::LinearBeta>, ink::ZeroTerminalSnr<ink::Cosine>>
      schedule;

  ink::Scales operator()(double t) const {
    return std::visit([t](const auto& s) { return s(t); }, schedule);
  }
  double time(double u) const {
    return std::visit([u](const auto& s) -> double { return s.time(u); }, schedule);
  }
  std::vector<double> times(int steps) const {
    return std::visit([steps](const auto& s) { return s.times(steps); }, schedule);
  }
  double log_snr_slope(double t) const {
    return std::visit([t](const auto& s) { return ink::log_snr_slope(s, t); }, schedule);
  }
};

struct AnyTarget {
  std::variant<ink::NoiseTarget, ink::CleanTarget, ink::VelocityTarget, ink::FlowTarget, ink::ScoreTarget,
               ink::KarrasTarget, ink::PreviousTarget<AnySchedule>, ink::DrawnPreviousTarget<AnySchedule>>
      target;

  ink::Mix mix(double t, ink::Scales s) const {
    return std::visit([&](const auto& y) { return ink::target_mix(y, t, s); }, target);
  }
  double input_scale(ink::Scales s) const {
    return std::visit([&](const auto& y) { return ink::input_scale(y, s); }, target);
  }
  double level(double t, ink::Scales s) const {
    return std::visit([&](const auto& y) { return ink::network_level(y, t, s); }, target);
  }
  double deviation(double t, ink::Scales s) const {
    const auto of = [&](const auto& y) -> double {
      if constexpr (requires { y.deviation(t, s); }) {
        return y.deviation(t, s);
      } else {
        return 0;
      }
    };
    return std::visit(of, target);
  }
};

using AnySampler = std::variant<ink::Ddim, ink::Ddpm, ink::Renoise, ink::Euler, ink::Heun, ink::AncestralEuler,
                                ink::Dpm2, ink::DpmPlusPlus2S, ink::DpmPlusPlus2M, ink::DpmPlusPlus3M,
                                ink::DpmPlusPlus2MSde, ink::Lms, ink::Deis, ink::Plms, ink::Pndm, ink::UniPc,
                                ink::AdaptiveOde, ink::FlowEuler, ink::FlowHeun, ink::PredictorCorrector<ink::Ddim>>;

/// A trained model that has been told its condition: what the samplers need to know of it.
struct AnyDenoiser {
  using value_type = float;
  using Images = ink::Tensor<float, 4>;

  AnySchedule schedule;
  std::function<Images(const Images&, double)> expected;  ///< the clean image behind x_t

  ink::Scales scales(double t) const { return schedule(t); }
  std::vector<double> times(int steps) const { return schedule.times(steps); }

  template <class C>
  auto posterior(const Images& x, double t, const C&) const {
    return ink::Dirac(expected(x, t));
  }

  Images prior(const ink::Shape<4>& shape, ink::Key key) const {
    return ink::normal<float>(shape, key) * schedule(schedule.times(1).front()).sigma;
  }
  Images images(const Images& x) const { return ink::clamp(x, -1, 1); }
};

/// What the command line may say, and what it means.
template <class T>
using Choices = std::map<std::string, T>;

inline Choices<AnySchedule> schedules() {
  using namespace ink;
  return {{"linear", {LinearBeta{}}},
          {"scaled-linear", {ScaledLinearBeta{}}},
          {"cosine", {Cosine{}}},
          {"sigmoid", {Sigmoid{}}},
          {"variance-preserving", {VariancePreserving{}}},
          {"variance-exploding", {VarianceExploding{}}},
          // Which digit it becomes is decided at σ of 0.5 to 5: train there more than on photographs.
          {"karras", {Karras{.log_mean = -0.4, .log_deviation = 1.3}}},
          {"exponential", {Exponential{}}},
          {"flow", {RectifiedFlow{}}},
          {"linear-zero-snr", {ZeroTerminalSnr(LinearBeta{})}},
          {"cosine-zero-snr", {ZeroTerminalSnr(Cosine{})}}};
}

inline Choices<AnyTarget> targets(const AnySchedule& schedule) {
  using namespace ink;
  return {{"noise", {NoiseTarget{}}},
          {"clean", {CleanTarget{}}},
          {"velocity", {VelocityTarget{}}},
          {"flow", {FlowTarget{}}},
          {"score", {ScoreTarget{}}},
          {"karras", {KarrasTarget{}}},
          {"previous", {PreviousTarget(schedule)}},
          {"drawn-previous", {DrawnPreviousTarget(schedule)}}};
}

/// With a number of steps; 0: the sampler's own.
inline Choices<AnySampler> samplers(int steps) {
  using namespace ink;
  Choices<AnySampler> all{{"ddim", Ddim{}},
                          {"ddpm", Ddpm{}},
                          {"ddpm-large", Ddpm{.variance = Ddpm::Variance::large}},
                          {"renoise", Renoise{}},
                          {"euler", Euler{}},
                          {"heun", Heun{}},
                          {"heun-churn", Heun{.steps = 50, .churn = 40}},
                          {"ancestral-euler", AncestralEuler{}},
                          {"dpm2", Dpm2{}},
                          {"dpm++2s", DpmPlusPlus2S{}},
                          {"dpm++2m", DpmPlusPlus2M{}},
                          {"dpm++3m", DpmPlusPlus3M{}},
                          {"dpm++2m-sde", DpmPlusPlus2MSde{}},
                          {"lms", Lms{}},
                          {"deis", Deis{}},
                          {"plms", Plms{}},
                          {"pndm", Pndm{}},
                          {"unipc", UniPc{}},
                          {"adaptive", AdaptiveOde{}},
                          {"flow-euler", FlowEuler{}},
                          {"flow-euler-stochastic", FlowEuler{.stochastic = true}},
                          {"flow-heun", FlowHeun{}},
                          {"predictor-corrector", PredictorCorrector<Ddim>{}}};
  if (steps > 0) {
    for (auto& choice : all) {
      std::visit([steps](auto& s) {
        if constexpr (requires { s.predictor; }) {
          s.predictor.steps = steps;
        } else {
          s.steps = steps;
        }
      }, choice.second);
    }
  }
  return all;
}

template <class T>
std::vector<std::string> names(const Choices<T>& choices) {
  std::vector<std::string> all;
  for (const auto& choice : choices) all.push_back(choice.first);
  return all;
}
