#include "inkling/train/log.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

namespace log_test {

using namespace ink;

namespace {

const std::string path = std::string(INKLING_TEST_TMP) + "/log.csv";

std::string contents() {
  const auto bytes = io::read_file(path);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("log: lines are there at once, and a resumed run drops those after its step") {
  {
    TrainLog log(path);
    for (Index step = 1; step <= 3; ++step) {
      log.add({.step = step, .seconds = 0.5, .loss = 0.1, .lr = 1e-3, .grad_norm = 2});
      CHECK(contents().ends_with("\n" + std::to_string(step) + ",0.5,0.1,0.001,2\n"));
    }
  }
  {
    TrainLog resumed(path, 2);
  }
  CHECK(contents() == "step,seconds,loss,lr,grad_norm\n1,0.5,0.1,0.001,2\n2,0.5,0.1,0.001,2\n");
  {
    TrainLog anew(path);
  }
  CHECK(contents() == "step,seconds,loss,lr,grad_norm\n");
}

TEST_CASE("log: one run at a time writes it") {
  std::filesystem::remove(path);
  TrainLog log(path);
  log.add({.step = 1});
#if defined(__unix__) || defined(__APPLE__)
  CHECK_THROWS_AS(TrainLog{path}, IoError);
#endif
  log.add({.step = 2});
  CHECK(contents() == "step,seconds,loss,lr,grad_norm\n1,0,0,0,0\n2,0,0,0,0\n");
}

TEST_CASE("log: a line cut off by a crash is dropped, another's file is refused") {
  const std::string cut = "step,seconds,loss,lr,grad_norm\n1,2,3,4,5\n2,2,";
  io::write_file_atomic(path, std::span(reinterpret_cast<const std::uint8_t*>(cut.data()), cut.size()));
  {
    TrainLog resumed(path, 2);
  }
  CHECK(contents() == "step,seconds,loss,lr,grad_norm\n1,2,3,4,5\n");
  io::write_file_atomic(path, io::Bytes{'a', '\n'});
  CHECK_THROWS_AS(TrainLog(path, 2), IoError);
  CHECK_THROWS_AS(TrainLog{path}, IoError);
  CHECK(contents() == "a\n");
  CHECK_THROWS_AS(TrainLog(path + "/log.csv", 2), IoError);
  io::write_file_atomic(path, io::Bytes{});
  {
    TrainLog empty(path, 2);
  }
  CHECK(contents() == "step,seconds,loss,lr,grad_norm\n");
  CHECK_THROWS_AS(TrainLog("/no/such/folder/log.csv"), IoError);
}

}  // namespace log_test
