#include "inkling/gen/schedule.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "inkling/gen/schedule/cosine.hpp"
#include "inkling/gen/schedule/karras.hpp"
#include "inkling/gen/schedule/linear_beta.hpp"
#include "inkling/gen/target.hpp"

using namespace ink;

TEST_CASE("Linear betas end at the published signal") {
  const auto end = LinearBeta()(1.0);
  CHECK(end.alpha * end.alpha == doctest::Approx(4.04e-5).epsilon(0.002));
  CHECK(LinearBeta()(0.0).sigma == 0);
}

TEST_CASE("The cosine schedule ends where beta 0.999 puts it") {
  CHECK(Cosine{}(1.0).ratio() == doctest::Approx(20291).epsilon(0.001));
  CHECK(Cosine{}(0.0).alpha == 1);
}

TEST_CASE("Karras' noise levels are the published ones") {
  const auto sigmas = Karras{.sigma_min = 0.002, .sigma_max = 80}.times(18);
  REQUIRE(sigmas.size() == 19);
  CHECK(sigmas[0] == 80);
  CHECK(sigmas[17] == doctest::Approx(0.002));
  CHECK(sigmas[18] == 0);
  CHECK(Karras{}.time(0.5) == doctest::Approx(std::exp(-1.2)));
}

TEST_CASE("Every target gives the clean image back") {
  const auto check = [](const auto& target, Scales s) {
    const double clean = 0.7, noise = -1.3, x = s.alpha * clean + s.sigma * noise;
    const Mix mix = target(s);
    const CleanEstimate estimate = clean_estimate(target, s);
    CHECK(estimate.input * x + estimate.output * (mix.clean * clean + mix.noise * noise) ==
          doctest::Approx(clean).epsilon(1e-12));
  };
  for (double t : {0.1, 0.5, 0.9}) {
    check(NoiseTarget{}, Cosine{}(t));
    check(CleanTarget{}, Cosine{}(t));
    check(VelocityTarget{}, Cosine{}(t));
    check(KarrasTarget{}, Karras{}(t));
  }
  CHECK_THROWS_AS(clean_estimate(NoiseTarget{}, Scales{0, 1}), ValueError);
}
