#include "inkling/io/file_lock.hpp"

#include <filesystem>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "inkling/io/file.hpp"

#if INKLING_POSIX_FILES
#include <csignal>
#include <sys/wait.h>

namespace file_lock_test {

using namespace ink;
namespace fs = std::filesystem;

namespace {

std::string folder(const std::string& name) {
  const std::string path = std::string(INKLING_TEST_TMP) + "/file_lock_" + name;
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

std::string refusal(const std::string& path) {
  try {
    io::FileLock lock(path);
  } catch (const IoError& error) {
    CHECK(error.path() == path);
    return error.reason();
  }
  return "";
}

}  // namespace

TEST_CASE("a path is locked once: in this process, through a link, in another thread") {
  const std::string here = folder("once"), path = here + "/run";
  fs::create_symlink("run", here + "/link");
  {
    io::FileLock lock(path);
    const std::string why = refusal(path);
    CHECK(why.starts_with("is in use by another run, process " + std::to_string(::getpid()) + " on "));
    CHECK(refusal(here + "/link") == why);
    std::thread([&] { CHECK(refusal(path) == why); }).join();
    CHECK(refusal(here + "/other") == "");
  }
  CHECK(refusal(path) == "");
  CHECK(fs::is_symlink(here + "/link"));
  CHECK(std::distance(fs::directory_iterator(here), fs::directory_iterator()) == 1);
}

TEST_CASE("a lock ends with its process, also by kill -9, and leaves nothing in the end") {
  const std::string here = folder("killed"), path = here + "/run";
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    io::FileLock lock(path);
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(refusal(path).starts_with("is in use by another run, process " + std::to_string(child) + " on "));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(fs::exists(path + ".inkling-lock"));
  CHECK(refusal(path) == "");
  CHECK(fs::is_empty(here));
}

TEST_CASE("what can't be locked says why") {
  const std::string here = folder("why");
  CHECK(refusal(here + "/none/run") == "cannot be written: there is no folder " + here + "/none");
  CHECK(refusal(here) == "cannot be written: is a folder; a file is needed");
  CHECK(refusal("/dev/null") == "");
  CHECK(refusal(here + "/" + std::string(255, 'a')) == "");
  fs::create_directory(here + "/run.inkling-lock");
  CHECK(refusal(here + "/run").starts_with("cannot be locked: "));
}

}  // namespace file_lock_test
#endif
