// at_fork: what a process does around fork, so that a child never waits for a thread or a lock that it has not got.
//
// A forked child has one thread, the one that called fork, and a copy of every lock as it was in that moment. `before`
// runs in the calling thread before the fork, `in_parent` and `in_child` after it. Where there is no fork, nothing
// runs.
//
// Example:
//     detail::at_fork([] {}, [] {}, [] {});
#pragma once

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace ink::detail {

inline void at_fork([[maybe_unused]] void (*before)(), [[maybe_unused]] void (*in_parent)(),
                    [[maybe_unused]] void (*in_child)()) {
#if defined(__unix__) || defined(__APPLE__)
  // It fails only for want of memory, and then for programs that do not fork it does not matter.
  (void)::pthread_atfork(before, in_parent, in_child);
#endif
}

}  // namespace ink::detail
