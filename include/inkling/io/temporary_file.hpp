// TemporaryFile: what is written beside a target before it takes the target's place.
//
// A save that is killed leaves its temporary file, and nothing but the next save of the same target can clear it away;
// but that must never remove what a save of another thread, process or host is just writing. So the names are few and
// known, <target>.inkling-tmp-0 to -31, and whoever writes one holds a lock on it (see Folder) that ends with him. A
// save takes the first name that is free, or whose writer is dead, and removes the others whose writers are dead. Where
// the file system knows no locks, a temporary file counts as dead one day after it was last written to. When all names
// are taken, a name made of the clock is used, which nobody clears.
//
// Errors: IoError with the target's path and the reason.
//
// Example:
//     detail::TemporaryFile file("model.bin");
//     std::vector<std::uint8_t> bytes{1, 2, 3};
//     file.write(bytes);
//     file.replace_target();                               // without this, everything is as it was
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "inkling/io/file_path.hpp"
#include "inkling/io/folder.hpp"

namespace ink::detail {

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path) : TemporaryFile(path, file_target(path)) {}
  TemporaryFile(std::string path, FileTarget target)
      : path_(std::move(path)), target_(std::move(target)), folder_(path_, target_.folder) {
    int slot = 0;
    while (slot < slots && !take(slot)) ++slot;
    for (int other = slot + 1; other < slots; ++other) clear(slot_name(other));
    if (!file_.open()) {
      static std::atomic<std::uint32_t> counter{0};
      const auto time = std::chrono::system_clock::now().time_since_epoch().count();
      name_ = sibling_name(target_.name, text(ending, static_cast<std::uint64_t>(time), "-", counter.fetch_add(1)));
      file_ = folder_.create(name_);
      if (!file_.open()) fail(file_.code());
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!file_.open()) return;
#if !INKLING_POSIX_FILES
    file_.close();
#endif
    folder_.remove(name_);  // before the lock is lifted
  }

  void write(std::span<const std::uint8_t> bytes) {
    errno = 0;
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_.stream()) != bytes.size()) fail(errno);
  }

  /// Hands everything to the disk, where a full one may show only now, and gives the file the target's name.
  void replace_target() {
    errno = 0;
    if (std::fflush(file_.stream()) != 0) fail(errno);
#if INKLING_POSIX_FILES
    if (::fsync(::fileno(file_.stream())) != 0 && errno != EINVAL && errno != ENOTSUP) fail(errno);
#endif
    if (target_.exists()) folder_.set_permissions(file_, target_.status.permissions());
#if !INKLING_POSIX_FILES
    file_.close();
#endif
    const int code = folder_.rename(name_, target_.name);
    if (code != 0) fail(code);
    file_.close();
    folder_.sync();
  }

 private:
  static constexpr int slots = 32;
  static constexpr const char* ending = ".inkling-tmp-";
  static constexpr double dead_after = 86400;  // seconds

  std::string slot_name(int slot) const { return sibling_name(target_.name, text(ending, slot)); }

  /// Makes the file of that slot, unless a live one is there.
  bool take(int slot) {
    name_ = slot_name(slot);
    for (int attempt = 0; attempt < 10; ++attempt) {
      file_ = folder_.create(name_);
      if (file_.open()) {
        // Whoever took it for a dead one between its making and its lock has removed it.
        if (file_.lock(true) != Locked::yes || folder_.names(name_, file_)) return true;
        file_.close();
      } else if (file_.code() != EEXIST) {
        fail(file_.code());
      } else if (!clear(name_)) {
        return false;
      }
    }
    return false;
  }

  /// Removes the temporary file of a dead writer; whether the name is free now.
  bool clear(const std::string& name) const {
    const FolderFile file = folder_.open(name);
    if (!file.open()) return file.code() == ENOENT;
    const Locked locked = file.lock(false);
    if (locked == Locked::by_another || !folder_.names(name, file)) return false;
    if (locked == Locked::unknown && folder_.age(name) < dead_after) return false;
    folder_.remove(name);
    return true;
  }

  [[noreturn]] void fail(int code) const {
    throw IoError(path_, text("cannot be written: ", system_reason(code ? code : EIO)));
  }

  std::string path_;
  FileTarget target_;
  Folder folder_;
  std::string name_;
  FolderFile file_;
};

}  // namespace ink::detail
