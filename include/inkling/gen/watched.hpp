// Watched: a sampler that shows what it does after every step, and may be told to stop.
//
//   callback(StepView{index, t, s, x_t, clean})      returns nothing, or false to stop
//
// The view is read-only: the number of the step, from t to s, the state that it began with, and the last clean image
// that it expected (a method of several evaluations expects several). Of a model that expects no clean image, one of
// tokens or of patches, `clean` is the state that the step arrived at. After a stop the state stays as it is: the model
// is asked no more.
//
// No sampler knows of this: the model that it asks is an adapter that keeps the expected clean image. sample(…,
// callback) of gen/sample.hpp is a shorter way to write it.
//
// Example (declarations):
//     struct Halve {                                            // a sampler that shrinks x four times
//       std::vector<double> times(const auto&, const auto&) const { return {4, 3, 2, 1, 0}; }
//       int begin(const auto&, const auto&, const auto&) const { return 0; }
//       auto step(const auto&, const auto& x, double, double, int&, const auto&, const auto&) const { return 0.5f * x;
//       }
//     };
// Example:
//     Watched first_two{Halve{}, [](const auto& step) { return step.index < 1; }};
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "inkling/gen/adapter.hpp"

namespace ink {

template <class X>
struct StepView {
  Index index;
  double t, s;
  const X& x_t;
  const X& clean;
};

namespace detail {

/// Writes down every expected clean image.
template <class Model, class X>
class CleanRecorder : public ModelAdapter<const Model&> {
 public:
  CleanRecorder(const Model& model, X& last) : ModelAdapter<const Model&>(model), last_(last) {}

  template <class C>
  auto posterior(const X& x, double t, const C& condition) const {
    auto posterior = this->model.posterior(x, t, condition);
    last_ = posterior.mean();
    return posterior;
  }

 private:
  X& last_;
};

}  // namespace detail

template <class S, class Callback>
class Watched {
 public:
  Watched(S sampler, Callback callback) : sampler_(std::move(sampler)), callback_(std::move(callback)) {}

  template <class Inner, class X>
  struct Memory {
    Inner inner;
    X clean;  ///< the last expected clean image: a step may use that of the one before
    Index index = 0;
    bool stopped = false;
  };

  auto times(const auto& model, const auto& x) const { return sampler_.times(model, x); }

  template <class M, class X, class C>
  auto begin(const M& model, const X& x, const C& condition) const {
    using Inner = decltype(sampler_.begin(model, x, condition));
    return Memory<Inner, X>{sampler_.begin(model, x, condition), X{}};
  }

  template <class M, class X, class Memory, RandomKey K, class C>
  X step(const M& model, X x, double t, double s, Memory& memory, const K& key, const C& condition) const {
    if (memory.stopped) return x;
    X next;
    if constexpr (requires {
                    { model.posterior(x, t, condition).mean() } -> std::convertible_to<const X&>;
                  }) {
      const detail::CleanRecorder<M, X> recorded(model, memory.clean);
      next = sampler_.step(recorded, x, t, s, memory.inner, key, condition);
    } else {
      next = memory.clean = sampler_.step(model, x, t, s, memory.inner, key, condition);
    }
    memory.stopped = !goes_on(StepView<X>{memory.index++, t, s, x, memory.clean});
    return next;
  }

 private:
  template <class View>
  bool goes_on(const View& view) const {
    if constexpr (std::is_void_v<decltype(callback_(view))>) {
      callback_(view);
      return true;
    } else {
      return callback_(view);
    }
  }

  S sampler_;
  Callback callback_;
};

}  // namespace ink
