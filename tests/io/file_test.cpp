#include "inkling/io/file.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#if defined(__unix__) || defined(__APPLE__)
#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#endif

namespace file_test {

using namespace ink;
namespace fs = std::filesystem;

namespace {

/// A folder of this test case's own, empty.
std::string folder(const std::string& name) {
  const std::string path = std::string(INKLING_TEST_TMP) + "/file_" + name;
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

std::size_t file_count(const std::string& path) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(path)) ++count;
  return count;
}

template <class F>
std::string reason_of(F f) {
  try {
    f();
  } catch (const IoError& error) {
    CHECK(std::string(error.what()) == error.path() + ": " + error.reason());
    return error.reason();
  }
  return "";
}

}  // namespace

TEST_CASE("files round trip and are replaced") {
  const std::string here = folder("round_trip"), path = here + "/a.bin";
  for (const std::size_t size : {0u, 1u, 3u, 70000u}) {
    io::Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
    io::write_file_atomic(path, bytes);
    CHECK(io::read_file(path) == bytes);
    CHECK(io::read_file(path, size) == bytes);
  }
  CHECK(file_count(here) == 1);

  const io::Bytes first{1, 2}, second{3};
  const std::span<const std::uint8_t> parts[] = {first, {}, second};
  io::write_file_atomic(path, parts);
  CHECK(io::read_file(path) == io::Bytes{1, 2, 3});
}

TEST_CASE("reading names what is wrong") {
  const std::string here = folder("reading"), path = here + "/a.bin";
  CHECK(reason_of([&] { io::read_file(path); }) == "there is no such file");
  CHECK(reason_of([&] { io::read_file(here); }) == "is a folder; a file is needed");
  io::write_file_atomic(path, io::Bytes(10));
  CHECK(reason_of([&] { io::read_file(path, 9); }) == "is larger than the limit of 9 bytes");
}

TEST_CASE("writing names what is wrong and leaves nothing behind") {
  const std::string here = folder("writing");
  CHECK(reason_of([&] { io::write_file_atomic(here, io::Bytes{1}); }) ==
        "cannot be written: is a folder; a file is needed");
  CHECK(reason_of([&] { io::write_file_atomic(here + "/none/a.bin", io::Bytes{1}); }) ==
        "cannot be written: there is no folder " + here + "/none");
  CHECK(file_count(here) == 0);
}

#if defined(__unix__) || defined(__APPLE__)

TEST_CASE("a symbolic link stays, the file it names is replaced, and modes are kept") {
  const std::string here = folder("link");
  io::write_file_atomic(here + "/real.bin", io::Bytes{1});
  fs::permissions(here + "/real.bin", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("real.bin", here + "/link.bin");
  io::write_file_atomic(here + "/link.bin", io::Bytes{2});
  CHECK(fs::is_symlink(here + "/link.bin"));
  CHECK(io::read_file(here + "/real.bin") == io::Bytes{2});
  CHECK(fs::status(here + "/real.bin").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(file_count(here) == 2);
}

TEST_CASE("devices are written directly and their errors are reported") {
  if (!fs::exists("/dev/full")) return;
  CHECK(reason_of([] { io::write_file_atomic("/dev/full", io::Bytes(100000)); }) ==
        "cannot be written: No space left on device");
  CHECK(fs::is_character_file("/dev/full"));
  io::write_file_atomic("/dev/null", io::Bytes(10));
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(io::read_file("/dev/null").empty());
  CHECK(reason_of([] { io::read_file("/dev/zero", 1000000); }) == "is larger than the limit of 1000000 bytes");
}

TEST_CASE("a disk that fills up while writing leaves the old file and no temporary") {
  const std::string here = folder("full"), path = here + "/a.bin";
  const io::Bytes old(1000, 1);
  io::write_file_atomic(path, old);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{50000, 50000};
    setrlimit(RLIMIT_FSIZE, &limit);
    bool thrown = false;
    try {
      io::write_file_atomic(path, io::Bytes(200000, 2));
    } catch (const IoError& error) {
      thrown = error.path() == path && error.reason().rfind("cannot be written: ", 0) == 0;
    }
    _exit(thrown ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(io::read_file(path) == old);
  CHECK(file_count(here) == 1);
}

TEST_CASE("a saver killed at any moment leaves a complete old or new file") {
  const std::string here = folder("killed"), path = here + "/a.bin";
  constexpr std::size_t size = 300000;
  io::write_file_atomic(path, io::Bytes(size, 0));
  for (int round = 0; round < 25; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        for (std::uint8_t value = 0;; ++value) io::write_file_atomic(path, io::Bytes(size, value));
      } catch (...) {
      }
      _exit(1);  // only an error gets here
    }
    usleep(static_cast<useconds_t>(1000 + 1700 * round));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    const io::Bytes bytes = io::read_file(path);
    REQUIRE(bytes.size() == size);
    CHECK(bytes == io::Bytes(size, bytes[0]));
  }
  const std::size_t stale = file_count(here);
  io::write_file_atomic(path, io::Bytes{1, 2, 3});
  CHECK(io::read_file(path) == io::Bytes{1, 2, 3});
  CHECK(file_count(here) == stale);
}

#endif

}  // namespace file_test
