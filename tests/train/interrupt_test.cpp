#include "inkling/train/interrupt.hpp"

#include <csignal>

#include <doctest/doctest.h>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace interrupt_test {

using ink::Interrupt;

namespace {

volatile std::sig_atomic_t heard = 0;
void hear(int) { heard = heard + 1; }

}  // namespace

TEST_CASE("interrupt: notes a signal and brings the former handler back") {
  std::signal(SIGINT, hear);
  {
    Interrupt interrupt;
    CHECK(!interrupt.requested());
    std::raise(SIGINT);
    CHECK(interrupt.requested());
    CHECK(heard == 0);
  }
  std::raise(SIGINT);
  CHECK(heard == 1);
  {
    Interrupt fresh;
    CHECK(!fresh.requested());
    std::raise(SIGTERM);
    CHECK(fresh.requested());
  }
  std::signal(SIGINT, SIG_DFL);
}

TEST_CASE("interrupt: nested guards share the request") {
  Interrupt outer;
  {
    Interrupt inner;
    std::raise(SIGINT);
    CHECK(inner.requested());
  }
  CHECK(outer.requested());
  Interrupt next;
  CHECK(next.requested());
}

TEST_CASE("interrupt: an ignored signal stays ignored") {
  std::signal(SIGINT, SIG_IGN);
  {
    Interrupt interrupt;
    std::raise(SIGINT);
    CHECK(!interrupt.requested());
  }
  const bool ignored = std::signal(SIGINT, SIG_DFL) == SIG_IGN;
  CHECK(ignored);
}

#if defined(__unix__) || defined(__APPLE__)
namespace {

/// Raises the signal in a child while it is guarded, so many times and so far apart; returns how the child ended.
int end_of_child(int signal, int times, useconds_t apart) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(signal, SIG_DFL);
    {
      Interrupt interrupt;
      for (int i = 0; i < times; ++i) {
        std::raise(signal);
        if (!interrupt.requested()) ::_exit(1);
        ::usleep(apart);
      }
    }
    ::_exit(2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("interrupt: a second signal ends the program, unless it is the same one passed on twice") {
  for (const int signal : {SIGINT, SIGTERM}) {
    CHECK(WEXITSTATUS(end_of_child(signal, 3, 0)) == 2);
    const int status = end_of_child(signal, 2, 300000);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal);
  }
}

TEST_CASE("interrupt: a terminal or a pipe that is gone is gone, however often that is said") {
  for (const int signal : {SIGHUP, SIGPIPE}) CHECK(WEXITSTATUS(end_of_child(signal, 2, 300000)) == 2);
}

TEST_CASE("interrupt: all handlers come back") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ}) {
    std::signal(signal, hear);
    {
      Interrupt interrupt;
    }
    const bool back = std::signal(signal, SIG_DFL) == hear;
    CHECK(back);
  }
}
#endif

}  // namespace interrupt_test
