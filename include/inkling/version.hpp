// The version of the library. CMake reads these three lines: they are the only place where it is written.
// A change of the minor version may break source compatibility until 1.0.0; the patch version never does.
//
// Example:
//     static_assert(INKLING_VERSION_MAJOR == 0, "written for Inkling 0.x");
//     static_assert(version.minor >= 1);
#pragma once

#define INKLING_VERSION_MAJOR 0
#define INKLING_VERSION_MINOR 1
#define INKLING_VERSION_PATCH 0

namespace ink {

struct Version {
  int major, minor, patch;
};

inline constexpr Version version{INKLING_VERSION_MAJOR, INKLING_VERSION_MINOR, INKLING_VERSION_PATCH};

}  // namespace ink
