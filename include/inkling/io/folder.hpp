// Folder: the entries of one folder, by their names in it.
//
// On POSIX systems the folder is held open and its entries are reached through it: names may then be longer than what
// the path to them would leave room for, and a folder that is renamed meanwhile stays the same folder. A file that is
// made here can be locked (flock). The system lifts the lock when the file is closed, also by kill -9, so that it can't
// go stale; it holds against other processes and against other openings in the same one, and where the file system
// says so (NFS), against other hosts. Elsewhere nothing can be locked, and `unknown` is the answer.
//
// Errors: IoError with the path that is being written.
//
// Example:
//     detail::Folder here("run.safetensors", ".");
//     detail::FolderFile file = here.create("run.safetensors.note");
//     bool mine = file.open() && file.lock(false) == detail::Locked::yes;
//     here.remove("run.safetensors.note");
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "inkling/core/error.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#define INKLING_POSIX_FILES 1
#else
#define INKLING_POSIX_FILES 0
#endif

namespace ink::detail {

inline std::string system_reason(int code) { return std::generic_category().message(code); }

enum class Locked { yes, by_another, unknown };

/// A file of a Folder, or why there is none.
class FolderFile {
 public:
  FolderFile() = default;
  FolderFile(std::FILE* file, int code) : file_(file), code_(code) {}
  FolderFile(FolderFile&& other) noexcept : file_(std::exchange(other.file_, nullptr)), code_(other.code_) {}
  FolderFile& operator=(FolderFile&& other) noexcept {
    std::swap(file_, other.file_);
    code_ = other.code_;
    return *this;
  }
  ~FolderFile() { close(); }

  bool open() const { return file_ != nullptr; }
  /// errno of what kept it from being opened.
  int code() const { return code_; }
  std::FILE* stream() const { return file_; }
  void close() {
    if (file_) std::fclose(std::exchange(file_, nullptr));
  }

  /// Locks the file for this opening of it, if need be after whoever holds it now.
  Locked lock([[maybe_unused]] bool wait) const {
#if INKLING_POSIX_FILES
    int code;
    do code = ::flock(::fileno(file_), wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    while (code != 0 && errno == EINTR);
    return code == 0 ? Locked::yes : errno == EWOULDBLOCK ? Locked::by_another : Locked::unknown;
#else
    return Locked::unknown;
#endif
  }

 private:
  std::FILE* file_ = nullptr;
  int code_ = 0;
};

class Folder {
 public:
  /// `path` is what errors name: the file that is to be written.
  Folder(const std::string& path, std::filesystem::path folder) : folder_(std::move(folder)) {
    const auto refuse = [&](int code) {
      const std::string name = folder_.string();
      throw IoError(path, "cannot be written: " + (code == ENOENT    ? "there is no folder " + name
                                                   : code == ENOTDIR ? name + " is not a folder"
                                                                     : name + ": " + system_reason(code)));
    };
#if INKLING_POSIX_FILES
    descriptor_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
#ifdef O_PATH
    // A folder that may be written to but not listed.
    if (descriptor_ < 0 && errno == EACCES) descriptor_ = ::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
#endif
    if (descriptor_ < 0) refuse(errno);
#else
    std::error_code error;
    if (!std::filesystem::is_directory(folder_, error)) refuse(ENOENT);
#endif
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

#if INKLING_POSIX_FILES
  ~Folder() { ::close(descriptor_); }

  /// A new file to be written; EEXIST if there is one of that name.
  FolderFile create(const std::string& name) const { return open(name, O_WRONLY | O_CREAT | O_EXCL, "wb"); }
  /// The file of that name to be read and written, not through a link.
  FolderFile open(const std::string& name) const { return open(name, O_RDWR | O_NONBLOCK, "r+b"); }
  /// The same, made if it is not there.
  FolderFile open_or_create(const std::string& name) const { return open(name, O_RDWR | O_NONBLOCK | O_CREAT, "r+b"); }

  void remove(const std::string& name) const { (void)::unlinkat(descriptor_, name.c_str(), 0); }

  /// 0, or errno.
  int rename(const std::string& from, const std::string& to) const {
    return ::renameat(descriptor_, from.c_str(), descriptor_, to.c_str()) == 0 ? 0 : errno;
  }

  /// Whether this name still stands for that file, an ordinary one.
  bool names(const std::string& name, const FolderFile& file) const {
    struct ::stat here, there;
    return ::fstat(::fileno(file.stream()), &here) == 0 && S_ISREG(here.st_mode) &&
           ::fstatat(descriptor_, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
  }

  /// When that name was last written to, in seconds before now.
  double age(const std::string& name) const {
    struct ::stat found;
    if (::fstatat(descriptor_, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count() - static_cast<double>(found.st_mtime);
  }

  void set_permissions(const FolderFile& file, std::filesystem::perms permissions) const {
    (void)::fchmod(::fileno(file.stream()), static_cast<mode_t>(permissions));
  }

  /// A renamed entry survives a power cut only when its folder is on the disk. Not every file system can do that, and
  /// what was written is consistent without, so failures do not count.
  void sync() const { (void)::fsync(descriptor_); }

 private:
  FolderFile open(const std::string& name, int flags, const char* mode) const {
    const int descriptor = ::openat(descriptor_, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor < 0) return {nullptr, errno};
    std::FILE* file = ::fdopen(descriptor, mode);
    const int code = errno;
    if (!file) ::close(descriptor);
    return {file, code};
  }

  int descriptor_ = -1;
#else
  FolderFile create(const std::string& name) const { return open(name, "wbx"); }
  FolderFile open(const std::string& name) const { return open(name, "r+b"); }

  void remove(const std::string& name) const { std::remove((folder_ / name).string().c_str()); }

  int rename(const std::string& from, const std::string& to) const {
    std::error_code error;
    std::filesystem::rename(folder_ / from, folder_ / to, error);
    return error ? error.value() : 0;
  }

  bool names(const std::string&, const FolderFile&) const { return true; }

  double age(const std::string& name) const {
    std::error_code error;
    const auto written = std::filesystem::last_write_time(folder_ / name, error);
    if (error) return 0;
    return std::chrono::duration<double>(std::filesystem::file_time_type::clock::now() - written).count();
  }

  void set_permissions(const FolderFile&, std::filesystem::perms) const {}
  void sync() const {}

 private:
  FolderFile open(const std::string& name, const char* mode) const {
    errno = 0;
    std::FILE* file = std::fopen((folder_ / name).string().c_str(), mode);
    return {file, file ? 0 : errno ? errno : EIO};
  }
#endif

  std::filesystem::path folder_;
};

}  // namespace ink::detail
