// Settings as text, which is what a file of weights keeps, and back.
#pragma once

#include <charconv>
#include <string>

#include "inkling/io/model_file.hpp"

namespace systems {

inline const std::string& setting(const ink::Settings& settings, const std::string& name) {
  for (const auto& [key, value] : settings) {
    if (key == name) return value;
  }
  throw ink::ValueError("settings: there is no '" + name + "'; these weights are of another program");
}

inline ink::Index whole_setting(const ink::Settings& settings, const std::string& name) {
  const std::string& value = setting(settings, name);
  ink::Index number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) {
    throw ink::ValueError("settings: " + name + " is '" + value + "'; it must be a whole number");
  }
  return number;
}

inline bool yes_setting(const ink::Settings& settings, const std::string& name) {
  return whole_setting(settings, name) != 0;
}

inline void check_kind(const ink::Settings& settings, const char* wanted) {
  if (const std::string& kind = setting(settings, "kind"); kind != wanted) {
    throw ink::ValueError("settings: these weights are of a " + kind + ", not of a " + wanted);
  }
}

/// How a file names the parameters. An example program keeps those of its own network, which is of one type; here they
/// are within an AnyNetwork or a CausalNetwork.
inline ink::LoadModelOptions own_names(const ink::Settings& settings) {
  ink::LoadModelOptions options;
  for (const auto& [key, value] : settings) {
    if (key != "program") continue;
    options.name = [](const std::string& ours) {
      const std::string within = "network.";
      return ink::io::Source(ours.rfind(within, 0) == 0 ? ours.substr(within.size()) : ours);
    };
  }
  return options;
}

}  // namespace systems
