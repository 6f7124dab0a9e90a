#include "inkling/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../support/child.hpp"

namespace parallel_test {

using namespace ink;

namespace {

struct Threads {
  int before = thread_count();
  explicit Threads(int n) { set_thread_count(n); }
  ~Threads() { set_thread_count(before); }
};

std::vector<std::pair<Index, Index>> chunks(Index count, Index grain) {
  std::mutex mutex;
  std::vector<std::pair<Index, Index>> seen;
  parallel_for(count, grain, [&](Index begin, Index end) {
    std::lock_guard lock(mutex);
    seen.emplace_back(begin, end);
  });
  std::sort(seen.begin(), seen.end());
  return seen;
}

}  // namespace

TEST_CASE("parallel_for: fixed chunks that cover the range once, at any number of threads") {
  const std::vector<std::pair<Index, Index>> expected{{0, 4}, {4, 8}, {8, 10}};
  for (int n : {1, 2, 3, 7}) {
    const Threads threads(n);
    CHECK(thread_count() == n);
    CHECK(chunks(10, 4) == expected);
    CHECK(chunks(3, 100) == std::vector<std::pair<Index, Index>>{{0, 3}});
    CHECK(chunks(0, 4).empty());
    CHECK(chunks(-5, 4).empty());
    constexpr Index most = std::numeric_limits<Index>::max();
    CHECK(chunks(5, most) == std::vector<std::pair<Index, Index>>{{0, 5}});
    CHECK(chunks(most, most - 1) == std::vector<std::pair<Index, Index>>{{0, most - 1}, {most - 1, most}});
  }
}

TEST_CASE("parallel_for: many small jobs in a row") {
  const Threads threads(3);
  std::vector<int> hits(1000, 0);
  for (int job = 0; job < 2000; ++job) {
    parallel_for(1000, 100, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) ++hits[static_cast<std::size_t>(i)];
    });
  }
  CHECK(std::all_of(hits.begin(), hits.end(), [](int h) { return h == 2000; }));
}

TEST_CASE("parallel_for: exceptions reach the caller, and the pool goes on") {
  for (int n : {1, 3}) {
    const Threads threads(n);
    for (int round = 0; round < 20; ++round) {
      CHECK_THROWS_WITH_AS(parallel_for(100, 1,
                                        [](Index begin, Index) {
        if (begin % 10 == 7) throw std::runtime_error("chunk");
      }),
                           "chunk", std::runtime_error);
      std::atomic<Index> sum{0};
      parallel_for(100, 1, [&](Index begin, Index) { sum += begin; });
      CHECK(sum == 4950);
    }
  }
}

TEST_CASE("parallel_for: nested calls run on the calling thread") {
  const Threads threads(3);
  std::atomic<int> wrong{0}, inner{0};
  parallel_for(8, 1, [&](Index, Index) {
    const auto self = std::this_thread::get_id();
    parallel_for(10, 2, [&](Index begin, Index end) {
      if (std::this_thread::get_id() != self) ++wrong;
      inner += static_cast<int>(end - begin);
    });
  });
  CHECK(wrong == 0);
  CHECK(inner == 80);
  CHECK_THROWS_AS(parallel_for(4, 1, [](Index, Index) { parallel_for(2, 1, [](Index, Index) { throw 1; }); }), int);
}

TEST_CASE("parallel_for: from several threads of the program at once") {
  const Threads threads(2);
  std::atomic<Index> sum{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int job = 0; job < 200; ++job) parallel_for(64, 8, [&](Index begin, Index end) { sum += end - begin; });
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(sum == 4 * 200 * 64);
}

TEST_CASE("parallel_for: errors") {
  CHECK_THROWS_WITH_AS(set_thread_count(0), "set_thread_count: threads is 0; it must be at least 1", ValueError);
  CHECK_THROWS_WITH_AS(parallel_for(4, 0, [](Index, Index) {}), "parallel_for: grain is 0; it must be at least 1",
                       ValueError);
  const Threads threads(2);
  CHECK_THROWS_WITH_AS(parallel_for(4, 1, [](Index, Index) { set_thread_count(1); }),
                       "set_thread_count: called inside of a parallel_for; it must be called outside", ValueError);
  CHECK(thread_count() == 2);
}

#if INKLING_FORK_TESTS
namespace {

Index sum_of(Index count) {
  std::atomic<Index> sum{0};
  parallel_for(count, 10, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) sum += i;
  });
  return sum;
}

/// Older than the pool: its destructor runs when the pool's threads have ended.
struct AtEnd {
  bool armed = false;
  ~AtEnd() {
    if (armed) ::_exit(sum_of(1000) == 499500 && thread_count() == 1 ? 42 : 1);
  }
};
AtEnd at_end;

}  // namespace

TEST_CASE("fork: a child computes, with threads of its own, and ends") {
  for (int n : {1, 3}) {
    const Threads threads(n);
    REQUIRE(sum_of(1000) == 499500);
    CHECK(testing::in_child([&] { return sum_of(1000) == 499500 && thread_count() == n ? 42 : 1; }) == 42);
    CHECK(testing::in_child([] {
      set_thread_count(2);
      return sum_of(1000) == 499500 && thread_count() == 2 ? 42 : 1;
    }) == 42);
    CHECK(testing::in_child([]() -> int { std::exit(42); }) == 42);
    CHECK(testing::in_child([] {  // a child of the child
      return sum_of(1000) == 499500 && testing::in_child([] { return sum_of(1000) == 499500 ? 42 : 1; }) == 42 ? 42 : 1;
    }) == 42);
    CHECK(sum_of(1000) == 499500);
  }
}

TEST_CASE("fork: while another thread of the program computes, and from within a chunk") {
  const Threads threads(2);
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) sum_of(5000);
  });
  int good = 0;
  for (int i = 0; i < 20; ++i) good += testing::in_child([] { return sum_of(1000) == 499500 ? 42 : 1; }) == 42;
  stop = true;
  other.join();
  CHECK(good == 20);

  std::atomic<int> codes{0};
  parallel_for(4, 1, [&](Index, Index) { codes += testing::in_child([] { return sum_of(1000) == 499500 ? 42 : 1; }); });
  CHECK(codes == 4 * 42);
}

TEST_CASE("the end of the program: the work of an older static object is done on its thread") {
  const Threads threads(3);
  CHECK(testing::in_child([]() -> int {
    sum_of(1000);
    at_end.armed = true;
    std::exit(1);
  }) == 42);
}

TEST_CASE("the end of the program: from within a chunk, and while another thread computes") {
  for (Index chunk = 0; chunk < 4; ++chunk) {
    CHECK(testing::in_child([&]() -> int {
      set_thread_count(2);
      parallel_for(4, 1, [&](Index begin, Index) {
        if (begin == chunk) std::exit(42);
      });
      return 1;
    }) == 42);
  }
  CHECK(testing::in_child([]() -> int {
    set_thread_count(2);
    std::thread([] {
      for (;;) sum_of(5000);
    }).detach();
    while (sum_of(1000) != 499500) {
    }
    std::exit(42);
  }) == 42);
}
#endif

}  // namespace parallel_test
