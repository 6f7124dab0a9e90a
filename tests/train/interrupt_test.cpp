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
TEST_CASE("interrupt: the second signal ends the program") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGINT, SIG_DFL);
    Interrupt interrupt;
    std::raise(SIGINT);
    if (!interrupt.requested()) ::_exit(1);
    std::raise(SIGINT);
    ::_exit(2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}
#endif

}  // namespace interrupt_test
