// Repeated: a sampler that takes every stretch of its steps several times, as RePaint does.
//
//   every `jump` steps, noise is added again as far back as `jump` steps ago, and they are taken anew, until each
//   stretch was taken `passes` times
//
// Where something is known of an image, a step that does not see it is mended by those that come after it at the same
// noise: A. Lugmayr et al. 2022, arXiv:2201.09865, there with jump 10 and 10 passes over 250 steps; with fewer steps,
// shorter jumps fit better. Inpaint goes along the same path (gen/editing/inpaint.hpp); this is for complete() with
// UniformDiffusion (gen/editing/complete.hpp). A sampler with a memory begins anew after every jump.
//
// They need of a model: scales(t), or noised(x, from, to, key), x as it is at a later time.
//
// Errors: ValueError for a jump or passes below 1, and for a sampler that runs from the image to the noise.
//
// Example:
//     Repeated thorough(DiscreteAncestral{.steps = 20}, {.jump = 1, .passes = 5});
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "inkling/core/random.hpp"
#include "inkling/gen/noised.hpp"

namespace ink {

struct InpaintOptions {
  int jump = 5;    ///< steps of a stretch that is taken again
  int passes = 1;  ///< how often it is taken
};

namespace detail {

inline void check_passes(const char* sampler, const InpaintOptions& options) {
  for (const auto& [name, number] : {std::pair("jump", options.jump), std::pair("passes", options.passes)}) {
    if (number < 1) throw ValueError(text(sampler, ": ", name, " is ", number, "; it must be at least 1"));
  }
}

/// The times of a sampler that takes every stretch of a grid again.
inline std::vector<double> repeated_path(const char* sampler, const std::vector<double>& grid,
                                         const InpaintOptions& options) {
  if (!(grid.front() > grid.back())) {
    throw ValueError(text(sampler, ": the sampler's times go from ", grid.front(), " to ", grid.back(),
                          "; they must end with less noise"));
  }
  const int steps = static_cast<int>(grid.size()) - 1;
  std::vector<int> again(grid.size(), 0);  // how often to jump back from there, by the number of steps left
  for (int left = 0; left < steps - options.jump; left += options.jump) {
    again[static_cast<std::size_t>(left)] = options.passes - 1;
  }
  std::vector<double> path{grid[0]};
  const auto go_to = [&](int left) { path.push_back(grid[static_cast<std::size_t>(steps - left)]); };
  for (int left = steps - 1; left >= 0; --left) {
    go_to(left);
    const auto back = static_cast<std::size_t>(steps - left - options.jump);
    if (again[static_cast<std::size_t>(left)]-- > 0 && grid[back] > path.back()) go_to(left += options.jump);
  }
  return path;
}

/// The memory of a sampler that begins anew after every jump: as after begin(), and of this stretch.
template <class Inner>
struct StretchMemory {
  Inner fresh, now;

  explicit StretchMemory(Inner begun) : fresh(std::move(begun)), now(fresh) {}
};

}  // namespace detail

template <class S>
class Repeated {
 public:
  explicit Repeated(S sampler, const InpaintOptions& options = {}) : sampler_(std::move(sampler)), options_(options) {
    detail::check_passes("Repeated", options);
  }

  std::vector<double> times(const auto& model, const auto& x) const {
    return detail::repeated_path("Repeated", sampler_.times(model, x), options_);
  }
  auto begin(const auto& model, const auto& x, const auto& condition) const {
    return detail::StretchMemory(sampler_.begin(model, x, condition));
  }

  template <class M, class X, class Memory, RandomKey K, class C>
  X step(const M& model, X x, double t, double s, Memory& memory, const K& key, const C& condition) const {
    if (s > t) {
      memory.now = memory.fresh;
      if constexpr (requires { model.noised(x, t, s, key); }) {
        return model.noised(x, t, s, key);
      } else {
        return noised(x, model.scales(t), model.scales(s), key);
      }
    }
    return sampler_.step(model, std::move(x), t, s, memory.now, key, condition);
  }

 private:
  S sampler_;
  InpaintOptions options_;
};

}  // namespace ink
