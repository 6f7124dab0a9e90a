// A part of a test that runs in a forked child.
#pragma once

// The thread sanitizer ends a child that starts threads.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define INKLING_THREAD_SANITIZER 1
#endif
#if __has_feature(address_sanitizer)
#define INKLING_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define INKLING_THREAD_SANITIZER 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define INKLING_ADDRESS_SANITIZER 1
#endif
#if defined(__unix__) || defined(__APPLE__)
#if !defined(INKLING_THREAD_SANITIZER)
#define INKLING_FORK_TESTS 1  // tests whose children compute
#endif

#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

namespace ink::testing {

/// What f returns in a child, 255 if it throws, or 1000 + the signal that ended it: SIGALRM if it hangs.
template <class F>
int in_child(F f, unsigned seconds = 60) {
  std::fflush(nullptr);  // or the child would write it again
  const pid_t pid = ::fork();
  if (pid < 0) return -1;
  if (pid == 0) {
    ::alarm(seconds);
    try {
      ::_exit(f());
    } catch (...) {
      ::_exit(255);
    }
  }
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace ink::testing
#endif
