// TrainLog: one line of numbers per step, as CSV that any plotting program reads.
//
//   step,seconds,loss,lr,grad_norm
//
// A run that is resumed keeps the lines up to the step it resumes from and drops later ones, which it will write again.
// Every line is handed to the system at once: a run that is killed loses none. A file that is there and is no such log
// is never written over, nor is one whose path can't be looked at or that another run is writing.
//
// Errors: IoError with the path and the reason.
//
// Example:
//     TrainLog log("run.csv");
//     log.add({.step = 1, .seconds = 0.1, .loss = 2.3, .lr = 1e-5, .grad_norm = 4.2});
#pragma once

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "inkling/core/shape.hpp"
#include "inkling/io/file.hpp"
#include "inkling/io/file_lock.hpp"

namespace ink {

/// What is known about a step when it is done.
struct StepReport {
  Index step = 0;  ///< steps done, this one included
  double seconds = 0;
  double loss = 0;
  double smoothed_loss = 0;
  double lr = 0;
  double grad_norm = 0;      ///< before clipping
  std::string warning = {};  ///< what has gone wrong since the last report, if anything, and does not end the run
};

class TrainLog {
 public:
  /// Starts the file anew, or after the line of step `resumed` if that is above 0.
  explicit TrainLog(std::string path, Index resumed = 0) : path_(std::move(path)), lock_(path_) {
    const std::string kept = keep(resumed);
    io::write_file_atomic(path_, std::span(reinterpret_cast<const std::uint8_t*>(kept.data()), kept.size()));
    errno = 0;
    file_ = std::fopen(path_.c_str(), "ab");
    if (!file_) fail();
  }
  TrainLog(const TrainLog&) = delete;
  TrainLog& operator=(const TrainLog&) = delete;
  ~TrainLog() { std::fclose(file_); }

  void add(const StepReport& r) {
    const std::string line = text(r.step, ",", r.seconds, ",", r.loss, ",", r.lr, ",", r.grad_norm, "\n");
    errno = 0;
    if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0) fail();
  }

 private:
  static constexpr std::string_view header = "step,seconds,loss,lr,grad_norm\n";

  /// The lines of steps up to `resumed`; only the header if there is no such file or it is empty.
  std::string keep(Index resumed) const {
    std::error_code error;
    if (!io::file_exists(path_) || !std::filesystem::is_regular_file(path_, error)) return std::string(header);
    const auto bytes = io::read_file(path_);
    const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (all.empty()) return std::string(header);
    if (!all.starts_with(header)) throw IoError(path_, "is not the log of a run, which would be written over it");
    std::size_t end = header.size();
    for (std::size_t next; (next = all.find('\n', end)) != std::string_view::npos; end = next + 1) {
      Index step = 0;
      std::from_chars(all.data() + end, all.data() + next, step);
      if (step > resumed) break;
    }
    return std::string(all.substr(0, end));
  }

  [[noreturn]] void fail() const {
    throw IoError(path_, text("cannot be written: ", detail::system_reason(errno ? errno : EIO)));
  }

  std::string path_;
  io::FileLock lock_;
  std::FILE* file_ = nullptr;
};

namespace detail {

/// The log of a run that goes on without it, once it can't be written any more.
class RunLog {
 public:
  /// No log at all if the path is empty.
  RunLog(const std::string& path, Index resumed) {
    if (!path.empty()) log_.emplace(path, resumed);
  }

  /// Returns what is to be told, once.
  std::string add(const StepReport& report) {
    if (!log_) return "";
    try {
      log_->add(report);
      return "";
    } catch (const IoError& error) {
      error_ = error.what();
    }
    log_.reset();
    return text("the log ends before step ", report.step, ": ", error_, "; the run goes on without it");
  }

  const std::string& error() const { return error_; }

 private:
  std::optional<TrainLog> log_;
  std::string error_;
};

}  // namespace detail
}  // namespace ink
