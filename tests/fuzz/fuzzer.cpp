// Gives the target that INKLING_FUZZ_TARGET names to libFuzzer; see `./dev fuzz`. Without that name it lists all.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "targets.hpp"

namespace {

const ink::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  using ink::fuzz::targets;
  const char* name = std::getenv("INKLING_FUZZ_TARGET");
  const auto at = std::find_if(targets.begin(), targets.end(), [&](const auto& t) { return name && t.name == name; });
  if (at == targets.end()) {
    for (const auto& target : targets) std::printf("%s\n", target.name.data());
    std::exit(name != nullptr);
  }
  chosen = at;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    ink::fuzz::run(*chosen, {data, size});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", chosen->name.data(), error.what());
    std::abort();
  }
  return 0;
}
