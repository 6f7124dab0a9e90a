#include "inkling/core/memory.hpp"

#include <atomic>
#include <cstdint>
#include <limits>
#include <new>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "../support/child.hpp"
#include "inkling/core/tensor.hpp"

#if INKLING_FORK_TESTS
#include <sys/resource.h>
#endif

namespace memory_test {

using namespace ink;
using Pool = detail::MemoryPool;

namespace {

/// Blocks as a training step asks for them.
void step() {
  std::vector<Tensor<float, 1>> tensors;
  for (Index n : {1, 17, 1000, 1000, 4097, 65536, 100001}) tensors.emplace_back(Shape{n});
  Scratch<double> scratch(12345);
  scratch[12344] = 1;
}

}  // namespace

TEST_CASE("memory: the second round asks the system for nothing") {
  step();
  const auto before = memory_stats();
  for (int i = 0; i < 10; ++i) step();
  const auto after = memory_stats();
  CHECK(after.system_allocations == before.system_allocations);
  CHECK(after.held == before.held);
  CHECK(after.in_use == before.in_use);
}

TEST_CASE("memory: what is in use, its peak, and giving back") {
  const auto before = memory_stats();
  reset_peak_memory();
  {
    const Tensor<float, 1> a(Shape{1 << 20});
    const auto b = a;  // shared
    const auto now = memory_stats();
    CHECK(now.in_use >= before.in_use + (4u << 20));
    CHECK(now.in_use <= before.in_use + (5u << 20) + 64);
  }
  CHECK(memory_stats().in_use == before.in_use);
  CHECK(memory_stats().peak_in_use >= before.in_use + (4u << 20));
  release_memory();
  CHECK(memory_stats().held == memory_stats().in_use);
}

TEST_CASE("memory: size classes fit tightly") {
  for (std::size_t bytes = 1; bytes < 1u << 20; bytes += 1 + bytes / 97) {
    const auto size_class = Pool::class_of(bytes);
    const auto size = Pool::class_size(size_class);
    CHECK(size >= bytes);
    CHECK(size <= bytes + bytes / 4 + 64);
    CHECK(size % 64 == 0);
    if (size_class > 0) CHECK(Pool::class_size(size_class - 1) <= size);
    CHECK(Pool::class_of(size) <= size_class);
  }
}

TEST_CASE("memory: Scratch is aligned, and absurd sizes throw") {
  Scratch<float> a(3), none(0);
  CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % 64 == 0);
  CHECK(a.span().size() == 3);
  CHECK(none.span().empty());
  CHECK_THROWS_AS(Scratch<double>{-1}, std::bad_alloc);
  for (const Index n : {Index{1} << 61, Index{1} << 62, std::numeric_limits<Index>::max()}) {
    CHECK_THROWS_AS(Scratch<double>{n}, std::bad_alloc);  // 8·2⁶¹ is 0 in 64 bits
  }
  const auto before = memory_stats();
#if !defined(INKLING_ADDRESS_SANITIZER) && !defined(INKLING_THREAD_SANITIZER)  // which end the program instead
  CHECK_THROWS_AS(Pool::instance().allocate(Pool::largest()), std::bad_alloc);
#endif
  CHECK_THROWS_AS(detail::Storage{std::numeric_limits<std::size_t>::max()}, std::bad_alloc);
  const auto after = memory_stats();
  CHECK(after.in_use == before.in_use);
  CHECK(after.peak_in_use == before.peak_in_use);
}

TEST_CASE("memory: a tensor may end on another thread") {
  const auto before = memory_stats().in_use;
  for (int i = 0; i < 50; ++i) {
    Tensor<float, 1> a(Shape{100}, 1.0f);
    std::thread other([b = a]() mutable { b(0) = 2; });
    const float first = a(0);
    CHECK(first == 1.0f);
    other.join();
  }
  CHECK(memory_stats().in_use == before);
}

#if INKLING_FORK_TESTS
#if !defined(INKLING_ADDRESS_SANITIZER)
TEST_CASE("memory: what the pool keeps is given back before memory is said to be gone") {
  CHECK(testing::in_child([] {
    constexpr Index megabyte = 1 << 20;
    release_memory();
    {
      Scratch<char> kept(256 * megabyte);
    }
    if (memory_stats().held < 256u << 20) return 1;
    // Room for the 256 MB that are held, and for 100 more.
    std::size_t pages = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    if (!file || std::fscanf(file, "%zu", &pages) != 1) return 42;  // not to be found out here
    const rlim_t limit = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + 100 * megabyte;
    const rlimit most{limit, limit};
    ::setrlimit(RLIMIT_AS, &most);
    {
      const Scratch<char> other(300 * megabyte);
    }
    try {
      const Scratch<char> too_much(1000 * megabyte);
      return 2;
    } catch (const std::bad_alloc&) {
    }
    return memory_stats().held < 400u << 20 ? 42 : 3;
  }) == 42);
}
#endif

TEST_CASE("memory: a child that is forked while another thread asks for memory goes on") {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) step();
  });
  int good = 0;
  for (int i = 0; i < 50; ++i) {
    good += testing::in_child([] {
      step();
      return 42;
    }) == 42;
  }
  stop = true;
  other.join();
  CHECK(good == 50);
}
#endif

}  // namespace memory_test
