// Interrupt: lets a run end itself in good order when it is told to stop.
//
// While an Interrupt is alive, the first Ctrl-C (SIGINT) or SIGTERM only sets a flag. A second one of the same kind
// does what it always did and ends the program, so that nobody has to wait. A signal that the program ignores stays
// ignored. The end of the scope brings the former handlers back. Guards may be nested and share the flag, which the
// outermost one clears.
//
// Example:
//     Interrupt interrupt;
//     for (int step = 0; step < 1000 && !interrupt.requested(); ++step) {
//     }
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

#if defined(__unix__) || defined(__APPLE__)
#include <signal.h>
#define INKLING_SIGACTION 1
#else
#define INKLING_SIGACTION 0
#endif

namespace ink {
namespace detail {

inline std::atomic<bool> interrupt_requested{false};
inline std::atomic<int> interrupt_guards{0};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

inline void note_interrupt([[maybe_unused]] int signal) {
  interrupt_requested.store(true, std::memory_order_relaxed);
#if !INKLING_SIGACTION
  std::signal(signal, SIG_DFL);
#endif
}

inline constexpr std::array<int, 2> interrupt_signals{SIGINT, SIGTERM};

}  // namespace detail

class Interrupt {
 public:
  Interrupt() {
    if (detail::interrupt_guards.fetch_add(1) == 0) detail::interrupt_requested = false;
    for (std::size_t i = 0; i < former_.size(); ++i) {
      const int signal = detail::interrupt_signals[i];
#if INKLING_SIGACTION
      struct ::sigaction action = {};
      action.sa_handler = detail::note_interrupt;
      // Restart what was being written; be the default again from the second signal on.
      action.sa_flags = static_cast<int>(SA_RESTART | static_cast<int>(SA_RESETHAND));
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
  std::array<struct ::sigaction, 2> former_{};
#else
  std::array<void (*)(int), 2> former_{};
#endif
};

}  // namespace ink
