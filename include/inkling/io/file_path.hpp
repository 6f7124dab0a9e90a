// Paths: what a path stands for before something is written to it.
//
// file_exists is the question "is there something to go on from?": no is answered only where the system says that there
// is no such entry. A path that can't be looked at, for want of permission, in a loop of links or below something that
// is no folder, is an IoError: who took it for "not there" would write over what is there.
//
// detail::file_target follows symbolic links, chained ones and those that name nothing yet, to the place that is to be
// written. detail::sibling_name makes the names of files that stand beside a target for a while: at most 140 bytes,
// also where the target's own name takes all of the 255 that a file system allows, and the same in every process.
//
// Errors: IoError with the path and the reason.
//
// Example:
//     bool there = io::file_exists("run.safetensors");
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "inkling/core/error.hpp"

namespace ink {
namespace io {

/// Whether there is a file, folder or device of that path; a symbolic link that names nothing is not one.
inline bool file_exists(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status)) return true;
  if (error && error != std::errc::no_such_file_or_directory) {
    throw IoError(path, text("cannot be looked at: ", error.message()));
  }
  return false;
}

}  // namespace io

namespace detail {

/// Where a write to `path` goes.
struct FileTarget {
  std::filesystem::path folder;
  std::string name;                     ///< within the folder
  std::filesystem::file_status status;  ///< of the file, if it is there

  bool exists() const { return std::filesystem::exists(status); }
  /// A device or a pipe: written directly, for there is nothing to replace.
  bool special() const { return exists() && !std::filesystem::is_regular_file(status); }
};

inline FileTarget file_target(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto refuse = [&](const std::string& reason) { throw IoError(path, "cannot be written: " + reason); };
  FileTarget target;
  target.status = fs::status(path, error);
  fs::path place = path;
  if (fs::is_directory(target.status)) refuse("is a folder; a file is needed");
  if (!target.exists()) {
    if (target.status.type() != fs::file_type::not_found) refuse(error.message());
    // Links may name each other in a chain; the system itself follows 40.
    for (int links = 0; fs::is_symlink(fs::symlink_status(place, error)); ++links) {
      const auto next = fs::read_symlink(place, error);
      if (error || links == 40) refuse(error ? error.message() : "too many symbolic links");
      place = place.parent_path() / next;  // an absolute one replaces the folder
    }
  } else if (!target.special() && fs::is_symlink(fs::symlink_status(path, error))) {
    place = fs::canonical(path, error);
    if (error) refuse(error.message());
  }
  target.folder = place.has_parent_path() ? place.parent_path() : fs::path(".");
  target.name = place.filename().string();
  if (target.name.empty() || target.name == "." || target.name == "..") refuse("the path names no file");
  return target;
}

inline std::string sibling_name(std::string name, std::string_view ending) {
  constexpr std::size_t longest = 100, kept = 80;
  if (name.size() > longest) {
    std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a tells names apart whose beginnings are alike
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    std::size_t cut = kept;
    while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0) == 0x80) --cut;  // not within a UTF-8 character
    name = name.substr(0, cut) + "~";
    for (int shift = 60; shift >= 0; shift -= 4) name += "0123456789abcdef"[hash >> shift & 15];
  }
  return name.append(ending);
}

}  // namespace detail
}  // namespace ink
