// Memory: 64-byte aligned blocks from a pool, and the reference-counted storage of a tensor.
//
// A training step asks for the same block sizes again and again. The pool keeps what is freed, in size classes four to
// a power of two (at most a quarter is wasted), and hands it out again, so that the steady state makes no system
// allocation and touches no fresh page. Before it reports that memory is gone (std::bad_alloc) it gives back what it
// keeps and asks once more. A forked child may go on using it.
//
// Example:
//     Scratch<float> row(784);                      // uninitialised, returned to the pool at the end of the scope
//     memory_stats().in_use;                        // bytes handed out now
//     release_memory();                             // gives what is not in use back to the system
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "inkling/core/at_fork.hpp"
#include "inkling/core/shape.hpp"

namespace ink {

struct MemoryStats {
  std::size_t in_use = 0;                ///< bytes handed out
  std::size_t peak_in_use = 0;           ///< the largest `in_use` so far
  std::size_t held = 0;                  ///< bytes taken from the system: in use or kept for reuse
  std::uint64_t system_allocations = 0;  ///< how often the system was asked
};

namespace detail {

inline constexpr std::size_t memory_alignment = 64;

class MemoryPool {
 public:
  /// Never destroyed: tensors with static storage may be freed after every other static object.
  static MemoryPool& instance() {
    static MemoryPool& pool = *first();
    return pool;
  }

  void* allocate(std::size_t bytes) {
    if (bytes > largest()) throw std::bad_array_new_length();
    const std::size_t size_class = class_of(bytes), size = class_size(size_class);
    {
      std::lock_guard lock(mutex_);
      auto& free = free_[size_class];
      if (!free.empty()) {
        void* block = free.back();
        free.pop_back();
        hand_out(size);
        return block;
      }
    }
    void* block = from_system(size);
    std::lock_guard lock(mutex_);
    stats_.held += size;
    ++stats_.system_allocations;
    hand_out(size);
    return block;
  }

  void deallocate(void* block, std::size_t bytes) noexcept {
    const std::size_t size_class = class_of(bytes), size = class_size(size_class);
    std::lock_guard lock(mutex_);
    stats_.in_use -= size;
    try {
      free_[size_class].push_back(block);
    } catch (...) {
      stats_.held -= size;
      ::operator delete(block, std::align_val_t{memory_alignment});
    }
  }

  void release() {
    std::lock_guard lock(mutex_);
    for (std::size_t c = 0; c < free_.size(); ++c) {
      for (void* block : free_[c]) ::operator delete(block, std::align_val_t{memory_alignment});
      stats_.held -= class_size(c) * free_[c].size();
      free_[c].clear();
    }
  }

  MemoryStats stats() {
    std::lock_guard lock(mutex_);
    return stats_;
  }

  void reset_peak() {
    std::lock_guard lock(mutex_);
    stats_.peak_in_use = stats_.in_use;
  }

  // Classes 0, 1, 2, … hold 64 · {1, 1.25, 1.5, 1.75, 2, 2.5, …} bytes, rounded up to the alignment.
  static constexpr std::size_t class_size(std::size_t size_class) {
    const std::size_t base = memory_alignment << (size_class / 4);
    const std::size_t size = base + base / 4 * (size_class % 4);
    return (size + memory_alignment - 1) / memory_alignment * memory_alignment;
  }
  static constexpr std::size_t class_of(std::size_t bytes) {
    if (bytes <= memory_alignment) return 0;
    const auto octave = static_cast<std::size_t>(std::bit_width((bytes - 1) / memory_alignment)) - 1;
    std::size_t size_class = octave * 4;
    while (class_size(size_class) < bytes) ++size_class;
    return size_class;
  }

  static constexpr std::size_t class_count = 200;

  /// The most bytes that can be asked for.
  static constexpr std::size_t largest() { return class_size(class_count - 1); }

 private:
  static MemoryPool* first() {
    // A thread that is not in the child may hold the lock in the moment of the fork: the one that forks waits for it.
    at_fork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); }, [] { instance().mutex_.unlock(); });
    return new MemoryPool;
  }

  void hand_out(std::size_t size) {
    stats_.in_use += size;
    if (stats_.in_use > stats_.peak_in_use) stats_.peak_in_use = stats_.in_use;
  }

  void* from_system(std::size_t size) {
    try {
      return ::operator new(size, std::align_val_t{memory_alignment});
    } catch (const std::bad_alloc&) {
      release();
      return ::operator new(size, std::align_val_t{memory_alignment});
    }
  }

  std::mutex mutex_;
  std::array<std::vector<void*>, class_count> free_;
  MemoryStats stats_;
};

/// A reference-counted block of raw memory: what a tensor owns, and what a gradient slot holds.
class Storage {
 public:
  Storage() = default;

  explicit Storage(std::size_t bytes) {
    if (bytes == 0) return;
    if (bytes > MemoryPool::largest()) throw std::bad_array_new_length();  // nor may the sum overflow
    void* block = MemoryPool::instance().allocate(bytes + header_size);
    header_ = ::new (block) Header{};
    header_->bytes = bytes;
  }

  Storage(const Storage& other) noexcept : header_(other.header_) {
    if (header_) header_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Storage(Storage&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  Storage& operator=(Storage other) noexcept {
    std::swap(header_, other.header_);
    return *this;
  }
  ~Storage() { reset(); }

  void reset() noexcept {
    if (header_ && header_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      MemoryPool::instance().deallocate(header_, header_->bytes + header_size);
    }
    header_ = nullptr;
  }

  std::byte* data() const { return header_ ? reinterpret_cast<std::byte*>(header_) + header_size : nullptr; }
  std::size_t bytes() const { return header_ ? header_->bytes : 0; }
  bool unique() const { return !header_ || header_->owners.load(std::memory_order_acquire) == 1; }
  explicit operator bool() const { return header_ != nullptr; }

 private:
  struct Header {
    std::atomic<std::size_t> owners{1};
    std::size_t bytes = 0;
  };
  static constexpr std::size_t header_size = memory_alignment;
  static_assert(sizeof(Header) <= header_size);

  Header* header_ = nullptr;
};

/// For the small containers of a step, so that they too come from the pool.
template <class T>
struct PoolAllocator {
  using value_type = T;

  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) noexcept {}

  T* allocate(std::size_t n) { return static_cast<T*>(MemoryPool::instance().allocate(n * sizeof(T[1]))); }
  void deallocate(T* block, std::size_t n) noexcept {
    MemoryPool::instance().deallocate(static_cast<void*>(block), n * sizeof(T[1]));
  }

  template <class U>
  bool operator==(const PoolAllocator<U>&) const noexcept {
    return true;
  }
};

template <class T>
using PoolVector = std::vector<T, PoolAllocator<T>>;

}  // namespace detail

inline MemoryStats memory_stats() { return detail::MemoryPool::instance().stats(); }
inline void reset_peak_memory() { detail::MemoryPool::instance().reset_peak(); }
inline void release_memory() { detail::MemoryPool::instance().release(); }

/// Uninitialised working memory of n elements, from the pool, for one scope.
template <class T>
class Scratch {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Scratch(Index n) : size_(n), data_(static_cast<T*>(detail::MemoryPool::instance().allocate(bytes(n)))) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { detail::MemoryPool::instance().deallocate(data_, bytes(size_)); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  Index size() const { return size_; }
  T& operator[](Index i) { return data_[i]; }
  const T& operator[](Index i) const { return data_[i]; }
  std::span<T> span() { return {data_, static_cast<std::size_t>(size_)}; }

 private:
  static std::size_t bytes(Index n) {
    const auto count = static_cast<std::size_t>(n);  // of a negative number: too large as well
    if (count > detail::MemoryPool::largest() / sizeof(T)) throw std::bad_array_new_length();
    return sizeof(T) * count;
  }

  Index size_;
  T* data_;
};

}  // namespace ink
