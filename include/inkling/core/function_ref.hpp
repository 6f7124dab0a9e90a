// FunctionRef: a callable, seen through a pointer to it and a pointer to the code that calls it.
//
// A function that takes `FunctionRef<void(Index)>` instead of `class F` is compiled once, not once for every callable
// it is given; what it costs is a call through a pointer. It does not own: the callable must outlive it, as a lambda
// handed to a function does, and be an object: of a function, hand over a pointer. (C++26 has it as std::function_ref.)
//
// Example:
//     auto twice = [](FunctionRef<int(int)> f, int x) { return f(f(x)); };
//     int y = twice([](int v) { return v * v; }, 3);       // 81
#pragma once

#include <type_traits>
#include <utility>

namespace ink {

template <class Signature>
class FunctionRef;

template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  template <class F>
    requires(std::is_object_v<std::remove_reference_t<F>> && !std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
             std::is_invocable_r_v<Result, F&, Arguments...>)
  FunctionRef(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(&f))),
        call_([](void* object, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Arguments>(arguments)...);
        }) {}

  Result operator()(Arguments... arguments) const { return call_(object_, std::forward<Arguments>(arguments)...); }

 private:
  void* object_;
  Result (*call_)(void*, Arguments...);
};

}  // namespace ink
