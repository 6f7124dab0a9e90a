// inkling.hpp must bring every public header, except those that a program asks for by name.

#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "headers.hpp"

TEST_CASE("the umbrella reaches every public header") {
  std::map<std::string, structure::Header> headers;
  for (auto& header : structure::public_headers(INKLING_SOURCE_DIR)) headers["inkling/" + header.path] = header;
  REQUIRE(headers.count("inkling/inkling.hpp") == 1);

  std::set<std::string> reached;
  std::vector<std::string> open = {"inkling/inkling.hpp"};
  while (!open.empty()) {
    const std::string name = open.back();
    open.pop_back();
    if (headers.count(name) == 0 || !reached.insert(name).second) continue;
    for (const auto& include : headers[name].includes()) open.push_back(include.name);
  }

  const std::set<std::string> asked_for = {"inkling/autograd/gradcheck.hpp", "inkling/kernels/instances.hpp"};
  for (const auto& entry : headers) {
    const bool expected = asked_for.count(entry.first) == 0;
    CHECK_MESSAGE((reached.count(entry.first) == 1) == expected, entry.first);
  }
}
