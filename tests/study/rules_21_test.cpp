// The rule of claim 21, and its two sentences, on numbers that are known.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "study/claims/rules.hpp"

namespace rules_21_test {

using study::Outcome;
using study::rule_21;
using study::spread;
using study::TargetPair;
using study::when_noise_wins;

/// The noise's distance is `factor` times the clean image's.
TargetPair pair(const std::string& name, double factor) {
  return {name, spread({10, 10.1, 10.2}), spread({10 * factor, 10.1 * factor, 10.2 * factor})};
}

std::vector<TargetPair> networks(double unet, double small, double large) {
  return {pair("UNet", unet), pair("patch 2", small), pair("patch 4", small), pair("patch 28", large)};
}

int sentences(const std::string& text) {
  int count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    count += text[i] == '.' && (i + 1 == text.size() || text[i + 1] == ' ');
  }
  return count;
}

TEST_CASE("claim 21 is supported if the noise collapses where many numbers are asked for, and only there") {
  const auto v = rule_21(networks(0.8, 1, 5), pair("D = 2", 1.2), pair("D = 512", 30));
  CHECK(v.outcome == Outcome::supported);
  CHECK(v.because.find("patch 28 (50.5 ") != std::string::npos);
}

TEST_CASE("claim 21 has a condition if only images or only points show it") {
  const auto images = rule_21(networks(0.8, 1, 5), pair("D = 2", 1), pair("D = 512", 1));
  CHECK(images.outcome == Outcome::conditional);
  CHECK(images.because.find("It was found with images") == 0);
  const auto points = rule_21(networks(0.8, 1, 1), pair("D = 2", 1), pair("D = 512", 9));
  CHECK(points.outcome == Outcome::conditional);
  CHECK(points.because.find("It was found with the spiral") == 0);
  CHECK(rule_21(networks(3, 1, 5), pair("D = 2", 1), pair("D = 512", 9)).outcome == Outcome::conditional);
}

TEST_CASE("claim 21 is not supported if the number of numbers makes no difference, and not measured without seeds") {
  CHECK(rule_21(networks(0.8, 0.8, 0.8), pair("D = 2", 1), pair("D = 512", 1)).outcome == Outcome::not_supported);
  CHECK(rule_21(networks(5, 5, 5), pair("D = 2", 5), pair("D = 512", 5)).outcome == Outcome::not_supported);
  const TargetPair one{"patch 28", spread({10}), spread({90})};
  CHECK(rule_21({pair("UNet", 1), pair("patch 4", 1), one}, pair("D = 2", 1), pair("D = 512", 9)).outcome ==
        Outcome::not_measured);
  CHECK(rule_21({}, pair("D = 2", 1), pair("D = 512", 9)).outcome == Outcome::not_measured);
}

TEST_CASE("two sentences say when the noise is the better thing to predict and when it is not") {
  const auto mixed = when_noise_wins(networks(0.5, 1, 5));
  CHECK(
      mixed ==
      "The noise is the better thing to predict, by FD-CNN against that of the clean image, with UNet (5.05 ± 0.0289 "
      "against 10.1 ± 0.0577). It is not, but worse, with patch 28 (50.5 ± 0.289 against 10.1 ± 0.0577), and there is "
      "no clear difference with patch 2 (10.1 ± 0.0577 against 10.1 ± 0.0577) and patch 4 (10.1 ± 0.0577 against 10.1 "
      "± 0.0577).");
  CHECK(when_noise_wins(networks(2, 2, 2)).find("With no network here") == 0);
  CHECK(when_noise_wins(networks(0.5, 0.5, 0.5)).find("no network here with which it is not") != std::string::npos);
  CHECK(when_noise_wins(networks(0.5, 1, 1)).find("It is not clearly better with patch 2") != std::string::npos);
  CHECK(sentences(when_noise_wins({})) == 2);
  for (const double a : {0.5, 1.0, 2.0}) {
    for (const double b : {0.5, 1.0, 2.0}) {
      for (const double c : {0.5, 1.0, 2.0}) CHECK(sentences(when_noise_wins(networks(a, b, c))) == 2);
    }
  }
}

}  // namespace rules_21_test
