// Reads the public headers and complains about whatever the layout forbids: an include that points up or sideways,
// a heavy standard header, a file that is too long or does not say what it is.

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "headers.hpp"

namespace {

using structure::Header;

// What each folder may include, besides itself and config, version and fwd.
const std::map<std::string, std::set<std::string>> below = [] {
  std::map<std::string, std::set<std::string>> m;
  m["core"] = {};
  m["kernels"] = {"core"};
  m["autograd"] = {"core", "kernels"};
  m["ops"] = {"core", "kernels", "autograd"};
  m["nn"] = {"core", "kernels", "autograd", "ops"};
  m["dist"] = m["nn"];
  m["gen"] = {"core", "kernels", "autograd", "ops", "nn", "dist"};
  m["models"] = m["gen"];
  m["optim"] = {"core", "kernels", "autograd", "ops", "nn"};
  m["io"] = {"core", "nn"};
  m["data"] = {"core", "io"};
  m["metrics"] = {"core", "kernels", "autograd", "ops", "nn", "dist", "gen", "models", "data", "io"};
  m["train"] = m["metrics"];
  m["train"].insert({"optim", "metrics"});
  return m;
}();

const std::set<std::string> heavy = {"iostream", "sstream", "random",    "functional", "regex",
                                     "ranges",   "iomanip", "execution", "map",        "format"};

// Files, threads, clocks and signals belong to a few places.
const std::set<std::string> outside_world = {"thread", "chrono",   "fstream",    "filesystem", "csignal",
                                             "cstdio", "future",   "stop_token", "semaphore",  "barrier",
                                             "latch",  "unistd.h", "sys/stat.h", "fcntl.h",    "signal.h"};

bool may_see_the_outside_world(const Header& header) {
  const std::string folder = header.folder();
  return header.path == "core/parallel.hpp" || folder == "io" || folder == "data" || folder == "train";
}

std::string folder_of_include(const std::string& name) {
  const std::string prefix = "inkling/";
  const auto slash = name.find('/', prefix.size());
  return slash == std::string::npos ? std::string() : name.substr(prefix.size(), slash - prefix.size());
}

void check_includes(const Header& header, std::vector<std::string>& complaints) {
  const std::string folder = header.folder();
  for (const auto& include : header.includes()) {
    const auto complain = [&](const std::string& rule) {
      complaints.push_back(header.path + ": includes " + include.name + "; " + rule);
    };
    if (include.system) {
      if (include.name.rfind("inkling/", 0) == 0) complain("write it in quotes");
      if (heavy.count(include.name) != 0) complain("it is too slow to compile for a header");
      if (outside_world.count(include.name) != 0 && !may_see_the_outside_world(header))
        complain("only core/parallel, io, data and train may");
      continue;
    }
    if (include.name.rfind("inkling/", 0) != 0) {
      complain("write it from the include folder: \"inkling/...\"");
      continue;
    }
    if (header.path == "inkling.hpp") continue;
    if (include.name == "inkling/inkling.hpp") complain("the umbrella is for users");
    const std::string target = folder_of_include(include.name);
    if (target.empty()) continue;
    if (folder.empty()) {
      complain("a header at the top stands below every folder");
    } else if (target != folder && below.at(folder).count(target) == 0) {
      complain(folder + " may not include " + target);
    }
  }
}

void check_text(const Header& header, std::vector<std::string>& complaints) {
  const auto lines = header.lines();
  if (lines.size() > 400)
    complaints.push_back(header.path + ": has " + std::to_string(lines.size()) + " lines; at most 400");
  if (lines.empty() || lines[0].rfind("//", 0) != 0)
    complaints.push_back(header.path + ": does not open with a comment that says what it is");
  if (std::find(lines.begin(), lines.end(), "#pragma once") == lines.end())
    complaints.push_back(header.path + ": lacks #pragma once");
  for (const auto& line : lines) {
    const std::string define = "#define ";
    if (line.rfind(define, 0) == 0 && line.compare(define.size(), 8, "INKLING_") != 0)
      complaints.push_back(header.path + ": defines a macro that is not INKLING_*: " + line);
  }
}

std::vector<std::string> complaints(const Header& header) {
  std::vector<std::string> result;
  const std::string folder = header.folder();
  if (!folder.empty() && below.count(folder) == 0) {
    result.push_back(header.path + ": its folder has no place in the layout");
    return result;
  }
  check_includes(header, result);
  check_text(header, result);
  return result;
}

// The complaints about a header of one include line, with everything else in order.
std::vector<std::string> about(const std::string& path, const std::string& include) {
  return complaints({path, "// What it is.\n#pragma once\n#include " + include + "\n"});
}

}  // namespace

TEST_CASE("every public header keeps to the layout") {
  const auto headers = structure::public_headers(INKLING_SOURCE_DIR);
  CHECK(headers.size() > 1);
  for (const auto& header : headers) {
    for (const auto& complaint : complaints(header)) FAIL_CHECK(complaint);
  }
}

TEST_CASE("every project include exists") {
  const auto headers = structure::public_headers(INKLING_SOURCE_DIR);
  std::set<std::string> names;
  for (const auto& header : headers) names.insert("inkling/" + header.path);
  for (const auto& header : headers) {
    for (const auto& include : header.includes()) {
      if (!include.system) CHECK_MESSAGE(names.count(include.name) == 1, header.path, " includes ", include.name);
    }
  }
}

TEST_CASE("the layout has no cycle") {
  // Each folder's allowed set must be closed: what a lower folder may see, the folder above it may see too.
  for (const auto& entry : below) {
    const auto& folder = entry.first;
    const auto& allowed = entry.second;
    CHECK(allowed.count(folder) == 0);
    for (const auto& lower : allowed) CHECK_MESSAGE(below.at(lower).count(folder) == 0, folder, " and ", lower);
  }
}

TEST_CASE("the checker accepts what is right") {
  CHECK(about("ops/linalg.hpp", "\"inkling/core/tensor.hpp\"").empty());
  CHECK(about("ops/linalg.hpp", "\"inkling/ops/reduce.hpp\"").empty());
  CHECK(about("autograd/tape.hpp", "\"inkling/kernels/elementwise.hpp\"").empty());
  CHECK(about("core/shape.hpp", "\"inkling/config.hpp\"").empty());
  CHECK(about("core/parallel.hpp", "<thread>").empty());
  CHECK(about("io/png.hpp", "<fstream>").empty());
  CHECK(about("inkling.hpp", "\"inkling/train/loop.hpp\"").empty());
}

TEST_CASE("the checker catches what is wrong") {
  const std::array<std::array<const char*, 2>, 17> wrong = {{{"core/tensor.hpp", "\"inkling/ops/linalg.hpp\""},
                                                             {"kernels/gemm.hpp", "\"inkling/autograd/tape.hpp\""},
                                                             {"autograd/var.hpp", "\"inkling/ops/reduce.hpp\""},
                                                             {"gen/sample.hpp", "\"inkling/models/unet.hpp\""},
                                                             {"nn/linear.hpp", "\"inkling/gen/schedule.hpp\""},
                                                             {"nn/linear.hpp", "\"inkling/dist/gaussian.hpp\""},
                                                             {"gen/loss.hpp", "\"inkling/train/loop.hpp\""},
                                                             {"config.hpp", "\"inkling/core/shape.hpp\""},
                                                             {"ops/conv.hpp", "\"inkling/inkling.hpp\""},
                                                             {"ops/conv.hpp", "\"reduce.hpp\""},
                                                             {"ops/conv.hpp", "<inkling/core/shape.hpp>"},
                                                             {"misc/x.hpp", "<vector>"},
                                                             {"core/random.hpp", "<random>"},
                                                             {"core/error.hpp", "<iostream>"},
                                                             {"nn/module.hpp", "<functional>"},
                                                             {"gen/sample.hpp", "<chrono>"},
                                                             {"core/memory.hpp", "<fstream>"}}};
  for (const auto& pair : wrong) {
    const char* const path = pair[0];
    const char* const include = pair[1];
    const auto found = about(path, include);
    CHECK_MESSAGE(found.size() == 1, path, " includes ", include);
  }
  CHECK(complaints({"core/a.hpp", "#pragma once\n"}).size() == 1);
  CHECK(complaints({"core/a.hpp", "// What it is.\n"}).size() == 1);
  CHECK(complaints({"core/a.hpp", "// What it is.\n#pragma once\n#define MAX 3\n"}).size() == 1);
  std::string long_text = "// What it is.\n#pragma once\n";
  for (int i = 0; i < 399; ++i) long_text += "\n";
  CHECK(complaints({"core/a.hpp", long_text}).size() == 1);
}
