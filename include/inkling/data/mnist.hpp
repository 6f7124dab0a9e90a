// MNIST: handwritten digits, 28 x 28 grey levels in ten classes.
//
// Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", Proceedings of
// the IEEE 86(11), 1998. The four IDX files, in one folder, plain or gzip-compressed, under their usual names
// (train-images-idx3-ubyte[.gz], also spelled train-images.idx3-ubyte). Sets of the same layout, such as Fashion-MNIST,
// are read as well.
//
// Result: images (N, 28, 28, 1) and labels (N) in 0..9. Errors: IoError for missing or damaged files, for numbers of
// images and labels that differ, and for other sizes or labels.
//
// Example:
//     auto train = data::mnist("examples/data/mnist", data::Split::train);
//     auto test = data::mnist("examples/data/mnist/t10k");                  // folder and prefix of the names
//     auto images = data::normalize<float>(test.images);                   // in [-1, 1]
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "inkling/core/tensor.hpp"
#include "inkling/data/dataset.hpp"
#include "inkling/io/file_path.hpp"
#include "inkling/io/idx.hpp"

namespace ink {
namespace data {

enum class Split { train, test };

}  // namespace data

namespace detail {

/// The path of `<prefix>-<what>-idx<rank>-ubyte`, in whichever spelling is there.
inline std::string find_mnist_file(const std::string& prefix, std::string_view what, int rank) {
  const std::string names[] = {text(prefix, "-", what, "-idx", rank, "-ubyte"),
                               text(prefix, "-", what, ".idx", rank, "-ubyte")};
  for (const auto& name : names) {
    for (const char* ending : {"", ".gz"}) {
      if (io::file_exists(name + ending)) return name + ending;
    }
  }
  const auto slash = prefix.find_last_of("/\\");
  const std::string folder = slash == prefix.npos ? "." : prefix.substr(0, slash);
  const std::string name = names[0].substr(slash == prefix.npos ? 0 : slash + 1);
  throw IoError(
      folder, text(io::file_exists(folder) ? "this folder holds no " : "there is no such folder; it should hold ", name,
                   " or ", name, ".gz; `./dev data` fetches the full set"));
}

}  // namespace detail

namespace data {

/// Reads the two files whose paths begin with `prefix`, such as "mnist/train", "mnist/t10k" or "mnist/test".
inline ImageDataset mnist(std::string prefix) {
  constexpr std::string_view test = "test";
  if (prefix.ends_with(test) &&
      (prefix.size() == test.size() ||
       std::string_view("/\\").find(prefix[prefix.size() - test.size() - 1]) != std::string_view::npos)) {
    prefix.replace(prefix.size() - test.size(), test.size(), "t10k");
  }
  const std::string image_path = detail::find_mnist_file(prefix, "images", 3);
  const std::string label_path = detail::find_mnist_file(prefix, "labels", 1);
  const auto images = io::read_idx<std::uint8_t, 3>(image_path);
  const auto labels = io::read_idx<std::uint8_t, 1>(label_path);
  if (images.extent(1) != 28 || images.extent(2) != 28) {
    throw IoError(image_path, text("the images are ", images.shape(), "; MNIST has (N, 28, 28)"));
  }
  if (images.extent(0) != labels.extent(0)) {
    throw IoError(label_path, text("there are ", labels.extent(0), " labels for the ", images.extent(0), " images in ",
                                   image_path));
  }
  for (Index i = 0; i < labels.size(); ++i) {
    if (labels(i) > 9) throw IoError(label_path, text("label ", i, " is ", labels(i), "; MNIST has 0 to 9"));
  }
  return {images.reshape(Shape<4>{images.extent(0), 28, 28, 1}), labels.cast<std::int32_t>()};
}

inline ImageDataset mnist(const std::string& folder, Split split) {
  return mnist(folder + (split == Split::train ? "/train" : "/t10k"));
}

}  // namespace data
}  // namespace ink
