// Progress: how far a run is, on one line of a terminal, or as a plain line now and then where output goes to a file.
//
//   [==============>                 ]  2350/5000  loss 0.0341  812 images/s  3:29 left
//   step 2350/5000  loss 0.0341  812 images/s  3:29 left
//
// progress_line and duration_text only make text; Progress writes it to the stream that the program names, at most ten
// times a second on a terminal and once in ten seconds elsewhere, besides the first and the last. Nothing else in the
// library prints. A stream that can't be written to, such as a closed pipe, is left alone from then on and is no error.
//
// Example:
//     Progress progress(stderr);
//     progress.update({.step = 1, .steps = 100, .loss = 0.5, .images = 64, .seconds = 0.1});
//     progress.finish();
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "inkling/core/shape.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace ink {

/// An average that forgets: what the loss was over the last 50 steps or so, also right after the start.
struct SmoothedLoss {
  double sum = 0, weight = 0;

  void add(double loss) {
    constexpr double keep = 0.98;
    sum = keep * sum + (1 - keep) * loss;
    weight = keep * weight + (1 - keep);
  }
  /// NaN before the first loss.
  double value() const { return sum / weight; }
};

struct ProgressReport {
  Index step = 0;   ///< done
  Index steps = 0;  ///< wanted; 0: as many as time allows
  double loss = 0;
  double images = 0;  ///< seen in `seconds`
  double seconds = 0;
  double left = -1;      ///< seconds left; below 0: unknown
  double fraction = -1;  ///< done, in [0, 1]; below 0: step / steps
};

/// "0:07", "12:34", "3:04:05"
inline std::string duration_text(double seconds) {
  const auto two = [](Index n) { return text(n < 10 ? "0" : "", n); };
  const auto total = static_cast<Index>(std::llround(std::clamp(std::isfinite(seconds) ? seconds : 0.0, 0.0, 1e9)));
  const Index hours = total / 3600, minutes = total / 60 % 60;
  return hours > 0 ? text(hours, ":", two(minutes), ":", two(total % 60)) : text(minutes, ":", two(total % 60));
}

/// With a bar that fills the line up to `columns`, or without one if columns is 0. The line is never longer.
inline std::string progress_line(const ProgressReport& report, int columns = 0) {
  const auto number = [](const char* format, double x) {
    char digits[32];
    std::snprintf(digits, sizeof digits, format, x);
    return std::string(digits);
  };
  const double rate = report.seconds > 0 ? report.images / report.seconds : 0;
  std::string line = text(columns > 0 ? "" : "step ", report.step);
  if (report.steps > 0) line += text("/", report.steps);
  line += "  loss " + number("%.4g", report.loss);
  if (rate > 0) line += "  " + number(rate < 10 ? "%.1f" : "%.0f", rate) + " images/s";
  if (report.left >= 0) line += "  " + duration_text(report.left) + " left";
  if (columns <= 0) return line;

  const auto room = static_cast<std::size_t>(columns);
  constexpr std::size_t frame = 4, shortest = 8;  // brackets and two spaces; a shorter bar says nothing
  if (line.size() + frame + shortest > room) return line.substr(0, room);
  double fraction = report.fraction;
  if (fraction < 0)
    fraction = report.steps > 0 ? static_cast<double>(report.step) / static_cast<double>(report.steps) : 0;
  const std::size_t length = std::min<std::size_t>(room - frame - line.size(), 40);
  const auto filled = static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(length));
  std::string bar(length, ' ');
  std::fill_n(bar.begin(), filled, '=');
  if (filled < length) bar[filled] = '>';
  return "[" + bar + "]  " + line;
}

namespace detail {

inline bool is_terminal([[maybe_unused]] std::FILE* file) {
#if defined(__unix__) || defined(__APPLE__)
  const char* kind = std::getenv("TERM");
  return ::isatty(::fileno(file)) == 1 && !(kind && std::strcmp(kind, "dumb") == 0);
#else
  return false;
#endif
}

inline constexpr int line_width = 79;

}  // namespace detail

class Progress {
 public:
  explicit Progress(std::FILE* file = stderr) : file_(file), terminal_(file && detail::is_terminal(file)) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (open_) end_line();
  }

  /// Shows the report if it is time; report.seconds is the clock.
  void update(const ProgressReport& report) {
    last_ = report;
    const double interval = terminal_ ? 0.1 : 10;
    if (file_ && (next_ < 0 || report.seconds >= next_)) {
      next_ = report.seconds + interval;
      show();
    }
  }

  /// Shows the last report and ends the line.
  void finish() {
    if (!file_ || next_ < 0) return;
    if (shown_ != last_.step) show();
    if (open_) end_line();
  }

  /// A line of its own, for what must be told at once.
  void note(const char* line) {
    if (open_) end_line();
    if (!file_) return;
    std::fprintf(file_, "%s\n", line);
    flush();
  }

 private:
  void show() {
    if (terminal_) {
      // Without automatic wrapping while it is drawn, a narrower terminal cuts the line off instead of scrolling.
      std::fprintf(file_, "\r\x1b[?7l%s\x1b[K\x1b[?7h", progress_line(last_, detail::line_width).c_str());
    } else {
      std::fprintf(file_, "%s\n", progress_line(last_).c_str());
    }
    open_ = terminal_;
    shown_ = last_.step;
    flush();
  }

  void end_line() {
    std::fputc('\n', file_);
    open_ = false;
    flush();
  }

  void flush() {
    if (std::fflush(file_) == 0) return;
    file_ = nullptr;
    open_ = false;
  }

  std::FILE* file_;
  bool terminal_, open_ = false;
  double next_ = -1;
  Index shown_ = -1;
  ProgressReport last_;
};

}  // namespace ink
