#include "inkling/data/mnist.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace mnist_test {

using namespace ink;
using data::Split;
namespace fs = std::filesystem;

namespace {

const std::string shipped = std::string(INKLING_SOURCE_DIR) + "/examples/data/mnist";

std::string folder(const std::string& name) {
  const std::string path = std::string(INKLING_TEST_TMP) + "/mnist_" + name;
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

template <class F>
std::string what_of(F f) {
  try {
    f();
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the shipped digits are balanced and the first ones are MNIST's") {
  const auto train = data::mnist(shipped, Split::train), test = data::mnist(shipped, Split::test);
  CHECK(train.images.shape() == Shape{6000, 28, 28, 1});
  CHECK(test.images.shape() == Shape{1000, 28, 28, 1});
  for (const auto& [set, per_class] : {std::pair(train, 600), std::pair(test, 100)}) {
    for (std::int32_t digit = 0; digit < 10; ++digit) {
      const auto values = set.labels.values();
      CHECK(std::count(values.begin(), values.end(), digit) == per_class);
    }
  }
  const int train_labels[] = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, test_labels[] = {7, 2, 1, 0, 4, 1, 4, 9, 5, 9};
  for (Index i = 0; i < 10; ++i) {
    CHECK(train.labels(i) == train_labels[i]);
    CHECK(test.labels(i) == test_labels[i]);
  }
  // Row 5 of the first training image, a five, as printed in many a tutorial.
  const int row[] = {3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127};
  for (Index x = 0; x < 12; ++x) CHECK(int{train.images(0, 5, 12 + x, 0)} == row[x]);
}

TEST_CASE("a prefix names the split, and test is another word for t10k") {
  CHECK(data::mnist(shipped + "/t10k").labels == data::mnist(shipped, Split::test).labels);
  CHECK(data::mnist(shipped + "/test").labels == data::mnist(shipped, Split::test).labels);
  CHECK(data::mnist(shipped + "/train").size() == 6000);
}

TEST_CASE("plain files and the dotted spelling are found") {
  const std::string here = folder("dotted");
  const Tensor<std::uint8_t, 3> images({2, 28, 28}, 9);
  const Tensor<std::uint8_t, 1> labels(Shape{2}, {3, 1});
  io::write_idx(here + "/train-images.idx3-ubyte", images);
  io::write_idx(here + "/train-labels-idx1-ubyte", labels);
  const auto set = data::mnist(here, Split::train);
  CHECK(set.images == images.reshape(Shape{2, 28, 28, 1}));
  CHECK(set.labels == Tensor<std::int32_t, 1>(Shape{2}, {3, 1}));
}

TEST_CASE("missing files and wrong content are explained") {
  const std::string here = folder("wrong");
  CHECK(what_of([&] { data::mnist(here, Split::train); }) ==
        here +
            ": this folder holds no train-images-idx3-ubyte or train-images-idx3-ubyte.gz; "
            "`./dev data` fetches the full set");
  CHECK(what_of([&] { data::mnist(here + "/none", Split::test); }) ==
        here +
            "/none: there is no such folder; it should hold t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz; "
            "`./dev data` fetches the full set");
  const std::string images = here + "/train-images-idx3-ubyte", labels = here + "/train-labels-idx1-ubyte";
  io::write_idx(images, Tensor<std::uint8_t, 3>({2, 28, 28}));
  CHECK(what_of([&] { data::mnist(here, Split::train); }).find("holds no train-labels-idx1-ubyte") !=
        std::string::npos);
  io::write_idx(labels, Tensor<std::uint8_t, 1>(Shape{3}));
  CHECK(what_of([&] { data::mnist(here, Split::train); }) ==
        labels + ": there are 3 labels for the 2 images in " + images);
  io::write_idx(labels, Tensor<std::uint8_t, 1>(Shape{2}, {9, 10}));
  CHECK(what_of([&] { data::mnist(here, Split::train); }) == labels + ": label 1 is 10; MNIST has 0 to 9");
  io::write_idx(images, Tensor<std::uint8_t, 3>({2, 28, 27}));
  CHECK(what_of([&] { data::mnist(here, Split::train); }) ==
        images + ": the images are (2, 28, 27); MNIST has (N, 28, 28)");
}

}  // namespace mnist_test
