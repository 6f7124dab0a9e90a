// Counts what a program asks operator new for. It replaces operator new, unless the address sanitizer has done so,
// which tells of every block: include it in one file of a program only.
//
//   AllocationCount count;
//   f();
//   count.peak()      the most bytes that were in use at once since `count` was made, above those in use then
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace ink::testing {

struct AllocationCounters {
  std::atomic<std::size_t> now{0}, most{0};
};
inline AllocationCounters allocation_counters;

class AllocationCount {
 public:
  AllocationCount() : before_(allocation_counters.now) { allocation_counters.most = before_; }
  std::size_t peak() const {
    const std::size_t most = allocation_counters.most;
    return most > before_ ? most - before_ : 0;
  }

 private:
  std::size_t before_;
};

inline void count_allocated(std::size_t bytes) {
  auto& [now, most] = allocation_counters;
  const std::size_t used = now += bytes;
  for (std::size_t old = most; old < used && !most.compare_exchange_weak(old, used);) {
  }
}

}  // namespace ink::testing

#if defined(__SANITIZE_ADDRESS__)
#define INKLING_TEST_HOOKED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INKLING_TEST_HOOKED
#endif
#endif

#if defined(INKLING_TEST_HOOKED)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                         void (*)(const volatile void*));
extern "C" std::size_t __sanitizer_get_allocated_size(const volatile void*);

namespace ink::testing {

inline const int allocations_are_hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t bytes) { count_allocated(bytes); },
    [](const volatile void* block) { allocation_counters.now -= __sanitizer_get_allocated_size(block); });

}  // namespace ink::testing

#else
namespace ink::testing {

/// The size stands before the block, which stays aligned.
inline void* allocate_counted(std::size_t bytes, std::size_t alignment) {
  const std::size_t before = std::max(alignment, alignof(std::max_align_t));
  const std::size_t whole = (bytes + before + before - 1) / before * before;
  auto* block = whole < bytes ? nullptr : static_cast<char*>(std::aligned_alloc(before, whole));
  if (!block) return nullptr;
  std::memcpy(block, &bytes, sizeof bytes);
  count_allocated(bytes);
  return block + before;
}

inline void free_counted(void* block, std::size_t alignment) {
  if (!block) return;
  char* begin = static_cast<char*>(block) - std::max(alignment, alignof(std::max_align_t));
  std::size_t bytes = 0;
  std::memcpy(&bytes, begin, sizeof bytes);
  allocation_counters.now -= bytes;
  std::free(begin);
}

inline void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  void* block = allocate_counted(bytes, alignment);
  if (!block) throw std::bad_alloc();
  return block;
}

}  // namespace ink::testing

// Not inlined: a compiler that sees free() under a delete of what operator new made would warn.
#define INKLING_TEST_REPLACED __attribute__((noinline))
INKLING_TEST_REPLACED void* operator new(std::size_t bytes) { return ink::testing::allocate_or_throw(bytes, 1); }
INKLING_TEST_REPLACED void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return ink::testing::allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
INKLING_TEST_REPLACED void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return ink::testing::allocate_counted(bytes, 1);
}
INKLING_TEST_REPLACED void operator delete(void* block) noexcept { ink::testing::free_counted(block, 1); }
INKLING_TEST_REPLACED void operator delete(void* block, std::size_t) noexcept { ink::testing::free_counted(block, 1); }
INKLING_TEST_REPLACED void operator delete(void* block, std::align_val_t alignment) noexcept {
  ink::testing::free_counted(block, static_cast<std::size_t>(alignment));
}
INKLING_TEST_REPLACED void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
  ink::testing::free_counted(block, static_cast<std::size_t>(alignment));
}
#undef INKLING_TEST_REPLACED
#endif
#undef INKLING_TEST_HOOKED
