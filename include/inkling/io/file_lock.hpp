// FileLock: says that one run at a time writes to a path.
//
// While it lives, a file <path>.inkling-lock stands beside the path, locked, and a second FileLock of the same path, of
// another process or of another thread in this one, throws at once and names the first. The lock ends with its process
// however that dies, so it can't go stale: a lock file that a killed process has left is taken over, and removed at the
// end. Symbolic links to one file share its lock.
//
// What it can't do: on a file system without locks, or a system without flock, nothing is locked and nobody is refused.
// A process that was forked while the lock was held holds it as well. A lock file that another user has left, and that
// this one may not write to, must be removed by hand. Who does not ask for the lock is not kept out.
//
// Errors: IoError with the path if another holds it or the lock file can't be made.
//
// Example:
//     io::FileLock lock("run.safetensors");
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "inkling/io/file_path.hpp"
#include "inkling/io/folder.hpp"

namespace ink {
namespace io {

class FileLock {
 public:
  explicit FileLock(const std::string& path) {
#if INKLING_POSIX_FILES
    const auto target = detail::file_target(path);
    if (target.special()) return;
    folder_.emplace(path, target.folder);
    name_ = detail::sibling_name(target.name, ".inkling-lock");
    for (int attempt = 0; attempt < 100; ++attempt) {
      auto file = folder_->open_or_create(name_);
      if (!file.open()) throw IoError(path, "cannot be locked: " + name_ + ": " + detail::system_reason(file.code()));
      const auto locked = file.lock(false);
      if (locked == detail::Locked::by_another) throw IoError(path, "is in use by another run" + holder(file));
      if (locked == detail::Locked::unknown) {
        folder_->remove(name_);
        return;
      }
      if (!folder_->names(name_, file)) continue;  // its former holder has removed it meanwhile
      note_holder(file);
      file_ = std::move(file);
      return;
    }
    throw IoError(path, "cannot be locked: " + name_ + " is no ordinary file");
#else
    (void)detail::file_target(path);
#endif
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() {
    if (file_.open()) folder_->remove(name_);  // before the lock is lifted
  }

 private:
#if INKLING_POSIX_FILES
  static constexpr int longest_note = 320;

  static void note_holder(const detail::FolderFile& file) {
    char host[256] = "";
    if (::gethostname(host, sizeof host - 1) != 0) host[0] = 0;
    const std::string note = text("process ", static_cast<long long>(::getpid()), " on ", std::string_view(host), "\n");
    // Only for the message: that it can't be written, on a full disk, does not matter.
    if (::ftruncate(::fileno(file.stream()), 0) == 0) {
      (void)!::write(::fileno(file.stream()), note.data(), note.size());
    }
  }

  static std::string holder(const detail::FolderFile& file) {
    char note[longest_note];
    const auto size = ::read(::fileno(file.stream()), note, sizeof note);
    const std::string_view all(note, size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto end = all.find('\n');
    return end == all.npos ? "" : text(", ", all.substr(0, end));
  }
#endif

  std::optional<detail::Folder> folder_;
  std::string name_;
  detail::FolderFile file_;
};

}  // namespace io
}  // namespace ink
