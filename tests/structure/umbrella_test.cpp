// inkling.hpp must bring every public header, except the one that only tests need.

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

  for (const auto& entry : headers) {
    if (entry.first == "inkling/autograd/gradcheck.hpp") continue;
    CHECK_MESSAGE(reached.count(entry.first) == 1, entry.first, " is not in inkling.hpp");
  }
  CHECK(reached.count("inkling/autograd/gradcheck.hpp") == 0);
}
