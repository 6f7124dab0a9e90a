#include "inkling/core/function_ref.hpp"

#include <string>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

namespace function_ref_test {

using ink::FunctionRef;

namespace {

int twice(FunctionRef<int(int)> f, int x) { return f(f(x)); }

int half(int x) { return x / 2; }

struct Counter {
  int calls = 0;
  void operator()() { ++calls; }
};

}  // namespace

TEST_CASE("function_ref: calls lambdas with captures, pointers to functions and objects") {
  int offset = 5;
  CHECK(twice([&](int v) { return v * v + offset; }, 3) == 201);
  CHECK(twice(&half, 40) == 10);
  Counter counter;
  const FunctionRef<void()> count(counter);
  count();
  count();
  CHECK(counter.calls == 2);
}

TEST_CASE("function_ref: a copy refers to the same callable") {
  Counter counter;
  const FunctionRef<void()> first(counter);
  const FunctionRef<void()> second(first);
  second();
  CHECK(counter.calls == 1);
}

TEST_CASE("function_ref: passes references and moved values through") {
  std::string text;
  const auto append = [&](std::string& to, std::string&& from) { to += std::move(from); };
  const FunctionRef<void(std::string&, std::string&&)> ref(append);
  ref(text, std::string("one"));
  CHECK(text == "one");
}

static_assert(std::is_convertible_v<int (*)(int), FunctionRef<int(int)>>);
static_assert(!std::is_convertible_v<int(int), FunctionRef<int(int)>>);
static_assert(!std::is_convertible_v<int (*)(std::string), FunctionRef<int(int)>>);

}  // namespace function_ref_test
