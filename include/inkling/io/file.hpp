// Files: whole files as bytes, and saves that are never half done.
//
// write_file_atomic writes a temporary file beside the target, forces it to the disk and renames it over the target:
// whoever opens the path, also after a crash or a full disk, finds the complete old file or the complete new one. On an
// error the temporary file is removed and the old file stays; what a killed save has left, the next save of the same
// target removes (io/temporary_file.hpp says how it knows that nobody is writing it). Any name that can be opened can
// be saved, whatever its length. A symbolic link stays a link and the file that it names is written, through a chain of
// links and also if it is not there yet. A device or pipe is written directly.
//
// Errors: IoError with the path and the reason.
//
// Example:
//     io::Bytes bytes{1, 2, 3};
//     io::write_file_atomic("model.bin", bytes);
//     bytes = io::read_file("model.bin");
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "inkling/core/error.hpp"
#include "inkling/io/file_path.hpp"
#include "inkling/io/folder.hpp"
#include "inkling/io/temporary_file.hpp"

namespace ink {
namespace io {

using Bytes = std::vector<std::uint8_t>;

/// What read_file refuses to exceed unless told otherwise: 16 GiB.
inline constexpr std::uint64_t default_read_limit = std::uint64_t{1} << 34;

}  // namespace io

namespace detail {

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
#if INKLING_POSIX_FILES
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
  auto target = detail::file_target(path);
  if (target.special()) {
    detail::FileStream stream(path, "wb");
    if (!stream.open()) throw IoError(path, text("cannot be written: ", detail::system_reason(stream.code())));
    for (const auto part : parts) stream.write(part);
    stream.sync();
    stream.close();
    return;
  }
  detail::TemporaryFile file(path, std::move(target));
  for (const auto part : parts) file.write(part);
  file.replace_target();
}

inline void write_file_atomic(const std::string& path, std::span<const std::uint8_t> bytes) {
  const std::span<const std::uint8_t> parts[] = {bytes};
  write_file_atomic(path, std::span<const std::span<const std::uint8_t>>(parts));
}

/// Throws what write_file_atomic would throw for this path, as far as that can be known before there is something to
/// write: a temporary file is made and removed. What is there stays as it is.
inline void check_writable(const std::string& path) {
  auto target = detail::file_target(path);
  if (!target.special()) detail::TemporaryFile(path, std::move(target));
}

}  // namespace io
}  // namespace ink
