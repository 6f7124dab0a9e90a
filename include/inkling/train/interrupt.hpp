// Interrupt: lets a run end itself in good order when it is told to stop.
//
// While an Interrupt is alive, these signals only set a flag:
//
//   SIGINT, SIGTERM   Ctrl-C and `kill`. One more of the same kind, a quarter of a second later or after, does what it
//                     always did and ends the program, so that nobody has to wait. (Within that time it is the same
//                     request: `timeout` and others that start programs pass a signal on twice.)
//   SIGHUP            the terminal has gone. It comes from the system and from the shell and never ends the program.
//   SIGPIPE           who read the output has gone (`program | head -1`). Writing fails then, and the run ends.
//
// SIGXFSZ is ignored: a file that grows beyond its limit is a write that fails, as on a full disk. A signal that the
// program ignores stays ignored. The end of the scope brings the former handlers back. Guards may be nested and share
// the flag, which the outermost one clears.
//
// Example:
//     Interrupt interrupt;
//     for (int step = 0; step < 1000 && !interrupt.requested(); ++step) {
//     }
#pragma once

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>

#if defined(__unix__) || defined(__APPLE__)
#include <signal.h>
#include <time.h>
#define INKLING_SIGACTION 1
#else
#define INKLING_SIGACTION 0
#endif

namespace ink {
namespace detail {

inline std::atomic<bool> interrupt_requested{false};
inline std::atomic<int> interrupt_guards{0};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

#if INKLING_SIGACTION
inline constexpr std::array<int, 5> interrupt_signals{SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ};
#else
inline constexpr std::array<int, 2> interrupt_signals{SIGINT, SIGTERM};
#endif

#if INKLING_SIGACTION
/// When SIGINT and SIGTERM came for the first time, in milliseconds; 0: they have not.
inline std::array<std::atomic<std::uint32_t>, 2> interrupt_times{};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

inline void note_interrupt(int signal) {
  const int code = errno;
  interrupt_requested.store(true, std::memory_order_relaxed);
  if (signal == SIGINT || signal == SIGTERM) {
    constexpr std::uint32_t same_request = 250;
    struct ::timespec clock = {};
    ::clock_gettime(CLOCK_MONOTONIC, &clock);
    const auto now =
        static_cast<std::uint32_t>(clock.tv_sec) * 1000u + static_cast<std::uint32_t>(clock.tv_nsec / 1000000);
    auto& time = interrupt_times[signal == SIGTERM];
    const std::uint32_t first = time.load(std::memory_order_relaxed);
    if (first == 0) {
      time.store(now == 0 ? 1 : now, std::memory_order_relaxed);
    } else if (now - first >= same_request) {  // also where the count has begun anew
      std::signal(signal, SIG_DFL);
      std::raise(signal);  // when this handler is left
    }
  }
  errno = code;
}
#else
inline void note_interrupt(int signal) {
  interrupt_requested.store(true, std::memory_order_relaxed);
  std::signal(signal, SIG_DFL);
}
#endif

}  // namespace detail

class Interrupt {
 public:
  Interrupt() {
    if (detail::interrupt_guards.fetch_add(1) == 0) {
      detail::interrupt_requested = false;
#if INKLING_SIGACTION
      for (auto& time : detail::interrupt_times) time = 0;
#endif
    }
    for (std::size_t i = 0; i < former_.size(); ++i) {
      const int signal = detail::interrupt_signals[i];
#if INKLING_SIGACTION
      struct ::sigaction action = {};
      action.sa_handler = signal == SIGXFSZ ? SIG_IGN : detail::note_interrupt;
      action.sa_flags = SA_RESTART;  // what was being written
      ::sigemptyset(&action.sa_mask);
      ::sigaction(signal, nullptr, &former_[i]);
      if (!(former_[i].sa_handler == SIG_IGN)) ::sigaction(signal, &action, nullptr);
#else
      former_[i] = std::signal(signal, detail::note_interrupt);
      if (former_[i] == SIG_IGN) std::signal(signal, SIG_IGN);
#endif
    }
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt() {
    for (std::size_t i = 0; i < former_.size(); ++i) {
#if INKLING_SIGACTION
      ::sigaction(detail::interrupt_signals[i], &former_[i], nullptr);
#else
      if (former_[i] != SIG_ERR) std::signal(detail::interrupt_signals[i], former_[i]);
#endif
    }
    detail::interrupt_guards.fetch_sub(1);
  }

  /// Whether a signal has come.
  bool requested() const { return detail::interrupt_requested.load(std::memory_order_relaxed); }

 private:
#if INKLING_SIGACTION
  std::array<struct ::sigaction, detail::interrupt_signals.size()> former_{};
#else
  std::array<void (*)(int), detail::interrupt_signals.size()> former_{};
#endif
};

}  // namespace ink
