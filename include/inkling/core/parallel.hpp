// parallel_for: one pool of threads, work in fixed chunks.
//
// The chunks depend on the count and the grain, never on how many threads there are. Code that writes each chunk's
// result to its own place is therefore bit-identical at any thread count. A nested call runs inline on the calling
// thread. An exception of a chunk is thrown to the caller once no chunk runs any more. Chunks round and flush as the
// calling thread does (core/flush_denormals.hpp).
//
// Every thread starts with its own share of consecutive chunks, the same share in every call: what a thread wrote in
// one operation is then in its own cache for the next, and taking a chunk touches no memory of another thread. Who has
// finished his share takes chunks from the others.
//
// Threads: `set_thread_count(n)`, else the environment's INKLING_NUM_THREADS, else the machine's; fewer if the system
// grants no more. They are started by the first call that has work for them.
//
// A forked child gets threads of its own when it needs them, as many as its parent asked for. At the end of the program
// the threads are ended before the static objects that are older than the pool are destroyed: what these compute runs
// on the thread that destroys them. Ending the program from within a chunk, or while another thread computes, is
// allowed.
//
// Errors: ValueError for a thread count or a grain below 1, and for setting the thread count inside of a parallel_for.
//
// Example:
//     std::vector<float> y(1000);
//     parallel_for(1000, 256, [&](Index begin, Index end) {
//       for (Index i = begin; i < end; ++i) y[static_cast<std::size_t>(i)] = 2.0f * static_cast<float>(i);
//     });
#pragma once

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "inkling/core/at_fork.hpp"
#include "inkling/core/flush_denormals.hpp"
#include "inkling/core/function_ref.hpp"
#include "inkling/core/shape.hpp"

namespace ink {
namespace detail {

class ThreadPool {
 public:
  static ThreadPool& instance() { return *current().load(std::memory_order_acquire); }

  int threads() {
    if (!started_.load(std::memory_order_acquire) && !inside()) {
      std::lock_guard job(job_mutex_);
      start();
    }
    return threads_;
  }

  void resize(int threads) {
    if (threads < 1) throw ValueError(text("set_thread_count: threads is ", threads, "; it must be at least 1"));
    if (inside()) throw ValueError("set_thread_count: called inside of a parallel_for; it must be called outside");
    std::lock_guard job(job_mutex_);
    if (closed_) return;
    stop();
    wanted_ = threads;
    start();
  }

  static bool& inside() {
    thread_local bool value = false;
    return value;
  }

  /// Calls function(chunk) for chunk in [0, chunks), on all threads, and returns when all are done.
  void run(Index chunks, FunctionRef<void(Index)> function) {
    std::unique_lock job(job_mutex_, std::try_to_lock);
    if (job.owns_lock()) start();
    if (!job.owns_lock() || threads_ == 1) {  // another thread of the host program is using the pool
      const InsideGuard guard;
      for (Index c = 0; c < chunks; ++c) function(c);
      return;
    }
    function_ = &function;
    mode_ = float_mode();
    error_ = nullptr;
    for (int t = 0; t < threads_; ++t) {
      Share& share = shares_[static_cast<std::size_t>(t)];
      share.next.store(chunks * t / threads_, std::memory_order_relaxed);
      share.end = chunks * (t + 1) / threads_;
    }
    pending_.store(threads_ - 1, std::memory_order_relaxed);
    {
      std::lock_guard lock(wake_mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    work(0);
    for (int spin = 0; pending_.load(std::memory_order_acquire) != 0; ++spin) {
      spin > spin_limit ? std::this_thread::yield() : relax();
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  static constexpr int spin_limit = 20000;  // about half a millisecond: waking a thread that sleeps costs a tenth of it

  /// Chunks [next, end) of one thread, on a line of memory of its own.
  struct alignas(64) Share {
    std::atomic<Index> next{0};
    Index end = 0;
  };

  /// Marks this thread as inside a parallel region, so that nested calls run inline.
  struct InsideGuard {
    bool before = std::exchange(inside(), true);
    ~InsideGuard() { inside() = before; }
  };

  explicit ThreadPool(int wanted) : wanted_(wanted) {}

  /// The pool of this process. It is never destroyed: whoever outlives it, a static object or a thread, still finds it.
  static std::atomic<ThreadPool*>& current() {
    static std::atomic<ThreadPool*> pool{first()};
    static const Closer closer;
    return pool;
  }

  static ThreadPool* first() {
    auto* pool = new ThreadPool(default_threads());
    at_fork([] {}, [] {}, [] {
      // The parent's threads are not in the child, and its locks are as they happened to be: leave them alone.
      auto& here = current();
      here.store(new ThreadPool(here.load()->wanted_), std::memory_order_release);
    });
    return pool;
  }

  struct Closer {
    ~Closer() { instance().close(); }
  };

  /// Ends the threads, or leaves them to the end of the process if they are at work.
  void close() {
    std::unique_lock job(job_mutex_, std::defer_lock);
    if (!inside() && job.try_lock()) {
      stop();
      threads_ = 1;
      started_ = closed_ = true;
    } else {
      for (auto& worker : workers_) worker.detach();
    }
  }

  static int default_threads() {
    if (const char* value = std::getenv("INKLING_NUM_THREADS")) {
      int threads = 0;
      const char* end = value + std::strlen(value);
      const auto [rest, error] = std::from_chars(value, end, threads);
      if (error != std::errc{} || rest != end || threads < 1) {
        throw ValueError(text("INKLING_NUM_THREADS: value is \"", value, "\"; it must be a whole number from 1"));
      }
      return threads;
    }
    const unsigned hardware = std::thread::hardware_concurrency();
    return hardware ? static_cast<int>(hardware) : 1;
  }

  void start() {
    if (started_.load(std::memory_order_relaxed)) return;
    threads_ = 1;
    stopping_ = false;
    shares_ = std::vector<Share>(static_cast<std::size_t>(wanted_));
    const std::uint64_t seen = generation_.load();
    try {
      for (; threads_ < wanted_; ++threads_)
        workers_.emplace_back([this, seen, t = threads_.load()] { serve(t, seen); });
    } catch (const std::system_error&) {
      workers_.resize(static_cast<std::size_t>(threads_ - 1));  // fewer will do: results do not depend on their number
    }
    started_.store(true, std::memory_order_release);
  }

  void stop() {
    {
      std::lock_guard lock(wake_mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
    started_ = false;
  }

  void serve(int self, std::uint64_t seen) {
    for (;;) {
      // A step hands over work every few microseconds: look for it a while before going to sleep.
      for (int spin = 0; spin < spin_limit && generation_.load(std::memory_order_acquire) == seen; ++spin) relax();
      if (generation_.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(wake_mutex_);
        wake_.wait(lock, [&] { return stopping_ || generation_.load(std::memory_order_relaxed) != seen; });
        if (stopping_) return;
      }
      seen = generation_.load(std::memory_order_acquire);
      if (((float_mode() ^ mode_) & mode_bits) != 0) set_float_mode(mode_);
      work(self);
      pending_.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  void work(int self) {
    const InsideGuard guard;
    for (int t = self; t < self + threads_; ++t) {
      Share& share = shares_[static_cast<std::size_t>(t % threads_)];
      for (Index c; (c = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) {
        try {
          (*function_)(c);
        } catch (...) {
          std::lock_guard lock(error_mutex_);
          if (!error_) error_ = std::current_exception();
        }
      }
    }
  }

  static void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }

  std::atomic<int> wanted_, threads_{1};
  std::atomic<bool> started_{false};
  bool stopping_ = false, closed_ = false;
  std::vector<std::thread> workers_;
  std::mutex job_mutex_, wake_mutex_, error_mutex_;
  std::condition_variable wake_;
  std::exception_ptr error_;
  const FunctionRef<void(Index)>* function_ = nullptr;
  FloatMode mode_ = 0;  ///< of the thread that calls
  std::vector<Share> shares_;
  alignas(64) std::atomic<std::uint64_t> generation_{0};
  alignas(64) std::atomic<int> pending_{0};
};

}  // namespace detail

inline int thread_count() { return detail::ThreadPool::instance().threads(); }
inline void set_thread_count(int threads) { detail::ThreadPool::instance().resize(threads); }

/// Calls f(begin, end) for consecutive ranges of `grain` items (the last may be shorter) that cover [0, count).
inline void parallel_for(Index count, Index grain, FunctionRef<void(Index, Index)> f) {
  if (count <= 0) return;
  if (grain < 1) throw ValueError(text("parallel_for: grain is ", grain, "; it must be at least 1"));
  const Index chunks = (count - 1) / grain + 1;
  const auto chunk = [&](Index c) { f(c * grain, c + 1 < chunks ? (c + 1) * grain : count); };
  if (chunks == 1 || detail::ThreadPool::inside()) {
    for (Index c = 0; c < chunks; ++c) chunk(c);
    return;
  }
  detail::ThreadPool::instance().run(chunks, chunk);
}

}  // namespace ink
