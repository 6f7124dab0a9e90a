// The specifications of models as the settings that a file of weights keeps. They are apart from the models, so that a
// program can say what its own model is without carrying all of those.
#include <string>

#include "systems/denoiser.hpp"
#include "systems/settings_text.hpp"
#include "systems/tokens.hpp"

namespace systems {

ink::Settings settings_of(const DenoiserSpec& s) {
  return {{"kind", "denoiser"},
          {"network", s.network},
          {"width", std::to_string(s.width)},
          {"blocks", std::to_string(s.blocks)},
          {"patch", std::to_string(s.patch)},
          {"layers", std::to_string(s.layers)},
          {"heads", std::to_string(s.heads)},
          {"told", s.told},
          {"schedule", s.schedule},
          {"target", s.target},
          {"loss", s.loss},
          {"blind", s.blind ? "1" : "0"}};
}

DenoiserSpec denoiser_spec(const ink::Settings& s) {
  check_kind(s, "denoiser");
  return {.network = setting(s, "network"),
          .width = whole_setting(s, "width"),
          .blocks = whole_setting(s, "blocks"),
          .patch = whole_setting(s, "patch"),
          .layers = whole_setting(s, "layers"),
          .heads = whole_setting(s, "heads"),
          .told = setting(s, "told"),
          .schedule = setting(s, "schedule"),
          .target = setting(s, "target"),
          .loss = setting(s, "loss"),
          .blind = yes_setting(s, "blind")};
}

ink::Settings settings_of(const PixelSpec& s) {
  return {{"kind", "pixel model"},
          {"network", s.network},
          {"family", s.family},
          {"levels", std::to_string(s.levels)},
          {"width", std::to_string(s.width)},
          {"layers", std::to_string(s.layers)},
          {"heads", std::to_string(s.heads)},
          {"dilations", std::to_string(s.dilations)},
          {"positions", s.positions ? "1" : "0"},
          {"head", std::to_string(s.head)},
          {"patch", std::to_string(s.patch)},
          {"told", s.told},
          {"blind", s.blind ? "1" : "0"},
          {"hidden", std::to_string(s.hidden)}};
}

PixelSpec pixel_spec(const ink::Settings& s) {
  check_kind(s, "pixel model");
  return {.network = setting(s, "network"),
          .family = setting(s, "family"),
          .levels = static_cast<int>(whole_setting(s, "levels")),
          .width = whole_setting(s, "width"),
          .layers = whole_setting(s, "layers"),
          .heads = whole_setting(s, "heads"),
          .dilations = whole_setting(s, "dilations"),
          .positions = yes_setting(s, "positions"),
          .head = whole_setting(s, "head"),
          .patch = whole_setting(s, "patch"),
          .told = setting(s, "told"),
          .blind = yes_setting(s, "blind"),
          .hidden = whole_setting(s, "hidden")};
}

}  // namespace systems
