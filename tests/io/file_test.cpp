#include "inkling/io/file.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

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
  // The next save clears what the killed ones have left.
  io::write_file_atomic(path, io::Bytes{1, 2, 3});
  CHECK(io::read_file(path) == io::Bytes{1, 2, 3});
  CHECK(file_count(here) == 1);
}

TEST_CASE("every name that can be opened can be saved") {
  const std::string here = folder("long");
  for (const std::size_t length : {1u, 99u, 100u, 101u, 200u, 230u, 254u, 255u}) {
    const std::string path = here + "/" + std::string(length, 'a');
    io::write_file_atomic(path, io::Bytes{1});
    io::write_file_atomic(path, io::Bytes{static_cast<std::uint8_t>(length)});
    CHECK(io::read_file(path) == io::Bytes{static_cast<std::uint8_t>(length)});
    CHECK(file_count(here) == 1);
    fs::remove(path);
  }
  CHECK(reason_of([&] { io::write_file_atomic(here + "/" + std::string(256, 'a'), io::Bytes{1}); }) ==
        "cannot be written: " + detail::system_reason(ENAMETOOLONG));

  // A path that is as long as the system takes leaves no room for a longer name beside it.
  std::string deep = fs::absolute(here).string();
  while (deep.size() + 101 < 4090) deep += "/" + std::string(99, 'd');
  deep += "/" + std::string(4090 - deep.size() - 1, 'd');
  fs::create_directories(deep);
  const std::string path = deep + "/rest";  // 4095 bytes
  std::FILE* plain = std::fopen(path.c_str(), "wb");
  if (plain) {
    std::fclose(plain);
    io::write_file_atomic(path, io::Bytes{7});
    CHECK(io::read_file(path) == io::Bytes{7});
    CHECK(file_count(deep) == 1);
  }
}

TEST_CASE("long names that differ at their ends have temporaries that differ") {
  const std::string a(254, 'x');
  CHECK(detail::sibling_name(a + "a", ".inkling-tmp-0") != detail::sibling_name(a + "b", ".inkling-tmp-0"));
  CHECK(detail::sibling_name("run", ".inkling-tmp-0") == "run.inkling-tmp-0");
  // Cut where an é begins, not within it.
  std::string accents = std::string(79, 'x');
  for (int i = 0; i < 30; ++i) accents += "\xC3\xA9";
  const auto cut = detail::sibling_name(accents, ".t");
  CHECK(cut.substr(0, 80) == std::string(79, 'x') + "~");
  CHECK(cut.size() == 79 + 1 + 16 + 2);
}

TEST_CASE("a link that names nothing yet stays a link, and what it names is written") {
  const std::string here = folder("dangling");
  fs::create_directories(here + "/far");
  fs::create_symlink("far/b", here + "/relative");
  fs::create_symlink(fs::absolute(here) / "far" / "c", here + "/absolute");
  fs::create_symlink("relative", here + "/first");
  fs::create_symlink("first", here + "/chain");
  io::write_file_atomic(here + "/chain", io::Bytes{1});
  CHECK(fs::is_symlink(here + "/chain"));
  CHECK(fs::is_symlink(here + "/first"));
  CHECK(fs::is_symlink(here + "/relative"));
  CHECK(io::read_file(here + "/far/b") == io::Bytes{1});
  io::write_file_atomic(here + "/chain", io::Bytes{2});
  CHECK(io::read_file(here + "/far/b") == io::Bytes{2});
  io::write_file_atomic(here + "/absolute", io::Bytes{3});
  CHECK(io::read_file(here + "/far/c") == io::Bytes{3});
  CHECK(fs::is_symlink(here + "/absolute"));
  CHECK(file_count(here) == 5);
  CHECK(file_count(here + "/far") == 2);

  fs::create_symlink("nowhere/d", here + "/astray");
  CHECK(reason_of([&] { io::write_file_atomic(here + "/astray", io::Bytes{1}); }) ==
        "cannot be written: there is no folder " + here + "/nowhere");
  fs::create_symlink("round", here + "/about");
  fs::create_symlink("about", here + "/round");
  CHECK(reason_of([&] { io::write_file_atomic(here + "/round", io::Bytes{1}); }) ==
        "cannot be written: " + detail::system_reason(ELOOP));
  CHECK(fs::is_symlink(here + "/round"));
  CHECK(reason_of([&] { io::write_file_atomic("", io::Bytes{1}); }) == "cannot be written: the path names no file");
}

TEST_CASE("a file is there, not there, or can't be looked at") {
  const std::string here = folder("exists");
  io::write_file_atomic(here + "/file", io::Bytes{1});
  fs::create_symlink("loop", here + "/loop");
  fs::create_symlink("nothing", here + "/dangling");
  CHECK(io::file_exists(here + "/file"));
  CHECK(io::file_exists(here));
  CHECK_FALSE(io::file_exists(here + "/none"));
  CHECK_FALSE(io::file_exists(here + "/none/none"));
  CHECK_FALSE(io::file_exists(here + "/dangling"));
  CHECK(reason_of([&] { io::file_exists(here + "/loop"); }) == "cannot be looked at: " + detail::system_reason(ELOOP));
  CHECK(reason_of([&] { io::file_exists(here + "/file/none"); }) ==
        "cannot be looked at: " + detail::system_reason(ENOTDIR));
  CHECK(reason_of([&] { io::file_exists(here + "/" + std::string(256, 'a')); }) ==
        "cannot be looked at: " + detail::system_reason(ENAMETOOLONG));
}

TEST_CASE("what a dead save has left goes, what a live one is writing stays") {
  const std::string here = folder("orphans"), path = here + "/a.bin";
  const auto put = [&](const std::string& name) { io::write_file_atomic(here + "/" + name, io::Bytes{1}); };
  put("a.bin.inkling-tmp-0");
  put("a.bin.inkling-tmp-5");
  put("a.bin.inkling-tmp-31");
  put("a.bin.inkling-tmp-32");  // not a name of ours
  put("b.bin.inkling-tmp-0");   // of another target
  fs::create_directories(here + "/a.bin.inkling-tmp-7");
  {
    detail::TemporaryFile live(path);
    live.write(io::Bytes(100000, 7));
    io::write_file_atomic(path, io::Bytes{2});
    CHECK(io::read_file(path) == io::Bytes{2});
    CHECK(file_count(here) == 5);
    live.replace_target();
  }
  CHECK(io::read_file(path) == io::Bytes(100000, 7));
  CHECK(file_count(here) == 4);
  fs::remove_all(here);
  fs::create_directories(here);

  // As many at once as there are names, and more.
  std::vector<std::unique_ptr<detail::TemporaryFile>> many;
  for (int i = 0; i < 40; ++i) many.push_back(std::make_unique<detail::TemporaryFile>(path));
  CHECK(file_count(here) == 40);
  many.resize(20);
  CHECK(file_count(here) == 20);
  io::check_writable(path);
  CHECK(file_count(here) == 20);
  many.clear();
  CHECK(file_count(here) == 0);
}

TEST_CASE("whether a path can be written is known beforehand, and nothing changes") {
  const std::string here = folder("writable"), path = here + "/a.bin";
  io::check_writable(path);
  CHECK(file_count(here) == 0);
  io::write_file_atomic(path, io::Bytes{1});
  io::check_writable(path);
  CHECK(io::read_file(path) == io::Bytes{1});
  CHECK(file_count(here) == 1);
  CHECK(reason_of([&] { io::check_writable(here); }) == "cannot be written: is a folder; a file is needed");
  CHECK(reason_of([&] { io::check_writable(here + "/none/a"); }) ==
        "cannot be written: there is no folder " + here + "/none");
  CHECK(reason_of([&] { io::check_writable(path + "/a"); }) == "cannot be written: " + path + " is not a folder");
  io::check_writable("/dev/null");
}

TEST_CASE("four savers of one target at once: every file that is seen is whole") {
  const std::string here = folder("crowd"), path = here + "/a.bin";
  std::vector<std::thread> savers;
  std::atomic<int> failures{0};
  for (int s = 0; s < 4; ++s) {
    savers.emplace_back([&, s] {
      try {
        for (int i = 0; i < 30; ++i) {
          io::write_file_atomic(path, io::Bytes(5000, static_cast<std::uint8_t>(s)));
          const auto seen = io::read_file(path);
          if (seen != io::Bytes(5000, seen.at(0))) ++failures;
        }
      } catch (const std::exception&) {
        ++failures;
      }
    });
  }
  for (auto& saver : savers) saver.join();
  CHECK(failures == 0);
  CHECK(file_count(here) == 1);
}

#endif

}  // namespace file_test
