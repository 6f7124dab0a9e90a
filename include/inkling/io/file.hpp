// Files: whole files as bytes, and saves that are never half done.
//
// write_file_atomic writes a temporary file beside the target, forces it to the disk and renames it over the target:
// whoever opens the path, also after a crash or a full disk, finds the complete old file or the complete new one. On an
// error the temporary file is removed and the old file stays. A symbolic link stays a link, the file that it names is
// replaced; a device or pipe is written directly.
//
// Errors: IoError with the path and the reason.
//
// Example:
//     io::Bytes bytes{1, 2, 3};
//     io::write_file_atomic("model.bin", bytes);
//     bytes = io::read_file("model.bin");
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "inkling/core/error.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace ink {
namespace io {

using Bytes = std::vector<std::uint8_t>;

/// What read_file refuses to exceed unless told otherwise: 16 GiB.
inline constexpr std::uint64_t default_read_limit = std::uint64_t{1} << 34;

}  // namespace io

namespace detail {

inline std::string system_reason(int code) { return std::generic_category().message(code); }

/// An open C stream that closes itself and reports every failure as IoError.
class FileStream {
 public:
  FileStream(std::string path, const char* mode) : path_(std::move(path)) {
    errno = 0;
    file_ = std::fopen(path_.c_str(), mode);
    if (!file_) code_ = errno ? errno : EIO;
  }
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;
  ~FileStream() {
    if (file_) std::fclose(file_);
  }

  bool open() const { return file_ != nullptr; }
  int code() const { return code_; }
  const std::string& path() const { return path_; }

  std::size_t read(std::span<std::uint8_t> into) {
    errno = 0;
    const std::size_t count = std::fread(into.data(), 1, into.size(), file_);
    if (count < into.size() && std::ferror(file_)) fail("cannot be read: ");
    return count;
  }

  void write(std::span<const std::uint8_t> bytes) {
    errno = 0;
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail(cannot_write);
  }

  /// Hands everything to the disk; a full disk may show only here.
  void sync() {
    errno = 0;
    if (std::fflush(file_) != 0) fail(cannot_write);
#if defined(__unix__) || defined(__APPLE__)
    // Pipes and devices have nothing to synchronise and say EINVAL.
    if (::fsync(::fileno(file_)) != 0 && errno != EINVAL && errno != ENOTSUP) fail(cannot_write);
#endif
  }

  void close() {
    errno = 0;
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail(cannot_write);
  }

  [[noreturn]] void fail(const char* what) const {
    throw IoError(path_, text(what, system_reason(errno ? errno : EIO)));
  }

  static constexpr const char* cannot_write = "cannot be written: ";

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
  int code_ = 0;
};

/// Removes a temporary file unless it has been renamed.
struct TemporaryFile {
  std::string path;
  bool kept = false;
  ~TemporaryFile() {
    if (!kept && !path.empty()) std::remove(path.c_str());
  }
};

/// A name that another process, host or an earlier, killed save is not using. The file is created exclusively, so that
/// two savers can never share one.
inline std::string temporary_name(const std::string& path) {
  static std::atomic<std::uint32_t> counter{0};
  const auto time = std::chrono::system_clock::now().time_since_epoch().count();
  return text(path, ".tmp-", static_cast<std::uint64_t>(time), "-", counter.fetch_add(1));
}

/// The renamed entry itself survives a power cut only when its folder is on the disk. Not every file system can do
/// that, and the save is already consistent, so failures do not count.
inline void sync_folder([[maybe_unused]] const std::filesystem::path& file) {
#if defined(__unix__) || defined(__APPLE__)
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const int descriptor = ::open(folder.c_str(), O_RDONLY);
  if (descriptor < 0) return;
  (void)::fsync(descriptor);
  ::close(descriptor);
#endif
}

}  // namespace detail

namespace io {

/// The whole file; at most `limit` bytes.
inline Bytes read_file(const std::string& path, std::uint64_t limit = default_read_limit) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) throw IoError(path, "there is no such file");
  if (fs::is_directory(status)) throw IoError(path, "is a folder; a file is needed");
  detail::FileStream stream(path, "rb");
  if (!stream.open()) throw IoError(path, text("cannot be opened: ", detail::system_reason(stream.code())));
  std::uint64_t expected = 0;
  if (fs::is_regular_file(status)) {
    expected = fs::file_size(path, error);
    if (error) expected = 0;
  }
  const auto check = [&](std::uint64_t size) {
    if (size > limit) throw IoError(path, text("is larger than the limit of ", limit, " bytes"));
  };
  check(expected);
  // One byte more than expected, so that the end shows in the first read; pipes and devices take more rounds.
  Bytes bytes(static_cast<std::size_t>(expected) + 1);
  std::size_t size = 0;
  for (;;) {
    size += stream.read(std::span(bytes).subspan(size));
    check(size);
    if (size < bytes.size()) break;
    bytes.resize(bytes.size() * 2 < 65536 ? 65536 : bytes.size() * 2);
  }
  bytes.resize(size);
  return bytes;
}

/// Writes the parts one after the other as the new content of the file, all or nothing.
inline void write_file_atomic(const std::string& path, std::span<const std::span<const std::uint8_t>> parts) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::is_directory(status)) throw IoError(path, "cannot be written: is a folder; a file is needed");
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    detail::FileStream stream(path, "wb");
    if (!stream.open()) throw IoError(path, text("cannot be written: ", detail::system_reason(stream.code())));
    for (const auto part : parts) stream.write(part);
    stream.sync();
    stream.close();
    return;
  }
  std::string target = path;
  if (fs::is_symlink(fs::symlink_status(path, error))) {
    const auto real = fs::weakly_canonical(path, error);
    if (!error) target = real.string();
  }
  const fs::path folder = fs::path(target).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, error)) {
    throw IoError(path, text("cannot be written: there is no folder ", folder.string()));
  }
  detail::TemporaryFile temporary;
  for (int attempt = 0;; ++attempt) {
    const std::string name = detail::temporary_name(target);
    detail::FileStream stream(name, "wbx");
    if (!stream.open()) {
      if (stream.code() == EEXIST && attempt < 100) continue;
      throw IoError(path, text("cannot be written: ", detail::system_reason(stream.code())));
    }
    temporary.path = name;
    try {
      for (const auto part : parts) stream.write(part);
      stream.sync();
      stream.close();
    } catch (const IoError& failure) {
      throw IoError(path, failure.reason());
    }
    break;
  }
  if (fs::exists(status)) fs::permissions(temporary.path, status.permissions(), error);
  fs::rename(temporary.path, target, error);
  if (error) throw IoError(path, text("cannot be written: ", error.message()));
  temporary.kept = true;
  detail::sync_folder(target);
}

inline void write_file_atomic(const std::string& path, std::span<const std::uint8_t> bytes) {
  const std::span<const std::uint8_t> parts[] = {bytes};
  write_file_atomic(path, std::span<const std::span<const std::uint8_t>>(parts));
}

}  // namespace io
}  // namespace ink
