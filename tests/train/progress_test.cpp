#include "inkling/train/progress.hpp"

#include <cstdio>
#include <string>

#include <doctest/doctest.h>

namespace progress_test {

using namespace ink;

namespace {

std::string contents(std::FILE* file) {
  std::string all;
  std::rewind(file);
  for (int c; (c = std::fgetc(file)) != EOF;) all += static_cast<char>(c);
  return all;
}

}  // namespace

TEST_CASE("progress: durations") {
  CHECK(duration_text(0) == "0:00");
  CHECK(duration_text(7.4) == "0:07");
  CHECK(duration_text(59.6) == "1:00");
  CHECK(duration_text(754) == "12:34");
  CHECK(duration_text(11045) == "3:04:05");
  CHECK(duration_text(-3) == "0:00");
}

TEST_CASE("progress: the plain line says what is known") {
  ProgressReport r{.step = 2350, .steps = 5000, .loss = 0.03412, .images = 8120, .seconds = 10, .left = 209};
  CHECK(progress_line(r) == "step 2350/5000  loss 0.03412  812 images/s  3:29 left");
  r.images = 34;
  r.left = -1;
  CHECK(progress_line(r) == "step 2350/5000  loss 0.03412  3.4 images/s");
  r.steps = 0;
  r.seconds = 0;
  CHECK(progress_line(r) == "step 2350  loss 0.03412");
}

TEST_CASE("progress: the bar fills the line and never exceeds it") {
  ProgressReport r{.step = 50, .steps = 100, .loss = 0.5, .images = 1000, .seconds = 10, .left = 10};
  const std::string half = progress_line(r, 79);
  CHECK(half ==
        "[" + std::string(17, '=') + ">" + std::string(16, ' ') + "]  50/100  loss 0.5  100 images/s  0:10 left");
  r.fraction = 1.0;
  CHECK(progress_line(r, 79).starts_with("[" + std::string(34, '=') + "]  "));
  r.fraction = 0;
  CHECK(progress_line(r, 79).starts_with("[> "));
  for (int columns = 1; columns < 120; ++columns) {
    CHECK(progress_line(r, columns).size() <= static_cast<std::size_t>(columns));
  }
  CHECK(progress_line(r, 40) == progress_line(r).substr(5, 40));
}

TEST_CASE("progress: a file gets the first line, one in ten seconds and the last") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file);
  {
    Progress progress(file);
    for (int second = 1; second <= 25; ++second) {
      progress.update({.step = second, .steps = 25, .loss = 1, .images = 10.0 * second, .seconds = 1.0 * second});
    }
    progress.finish();
    progress.finish();
  }
  CHECK(contents(file) ==
        "step 1/25  loss 1  10 images/s\nstep 11/25  loss 1  10 images/s\nstep 21/25  loss 1  10 images/s\n"
        "step 25/25  loss 1  10 images/s\n");
  std::fclose(file);
  Progress nowhere(nullptr);
  nowhere.update({.step = 1});
  nowhere.finish();
}

TEST_CASE("progress: a note is a line of its own, and a stream that is gone is left alone") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file);
  Progress progress(file);
  progress.update({.step = 1, .loss = 1});
  progress.note("the disk is full");
  CHECK(contents(file) == "step 1  loss 1\nthe disk is full\n");
  std::fclose(file);
  if (std::FILE* full = std::fopen("/dev/full", "w")) {
    Progress gone(full);
    gone.update({.step = 1, .loss = 1});
    std::fclose(full);
    gone.update({.step = 2, .loss = 1, .seconds = 20});
    gone.note("to nobody");
    gone.finish();
  }
}

TEST_CASE("progress: the smoothed loss starts right and forgets") {
  SmoothedLoss loss;
  loss.add(3);
  CHECK(loss.value() == doctest::Approx(3));
  loss.add(5);
  CHECK(loss.value() == doctest::Approx((0.98 * 3 + 5) / 1.98));
  for (int i = 0; i < 1000; ++i) loss.add(-1);
  CHECK(loss.value() == doctest::Approx(-1).epsilon(1e-6));
}

}  // namespace progress_test
