// Files of weights by path or by name: those of a folder, and what each of them says that it is.
#pragma once

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "inkling/io/model_file.hpp"

/// The names of the .safetensors files in a folder, without the ending.
inline std::vector<std::string> weights_in(const std::string& folder) {
  std::vector<std::string> all;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".safetensors") all.push_back(entry.path().stem().string());
  }
  std::sort(all.begin(), all.end());
  return all;
}

inline std::string weights_path(const std::string& folder, const std::string& name) {
  return folder + "/" + name + ".safetensors";
}

/// A file of that path, or one of the folder of that name. ValueError with those that there are.
inline std::string find_weights(const std::string& folder, const std::string& name) {
  if (std::filesystem::is_regular_file(name)) return name;
  const std::string shipped = weights_path(folder, name);
  if (std::filesystem::is_regular_file(shipped)) return shipped;
  std::string all;
  for (const std::string& other : weights_in(folder)) all += " " + other;
  throw ink::ValueError("there are no weights '" + name + "': no such file, and in " + folder + " there are" +
                        (all.empty() ? " none" : all));
}

/// What a file was saved with under this name; empty if nothing.
inline std::string setting_or_nothing(const ink::Settings& settings, const std::string& name) {
  for (const auto& [key, value] : settings) {
    if (key == name) return value;
  }
  return {};
}

/// A line for every file of the folder.
inline void list_weights(const std::string& folder) {
  for (const std::string& name : weights_in(folder)) {
    const auto settings = ink::read_settings(weights_path(folder, name));
    const std::string kind = setting_or_nothing(settings, "kind");
    std::printf("%-24s %s\n", name.c_str(),
                kind.empty() ? "not of a generator"
                             : (kind + ", " + setting_or_nothing(settings, "network") + ", told " +
                                setting_or_nothing(settings, "told"))
                                   .c_str());
  }
}
