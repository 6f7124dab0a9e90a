// Folders and held-out digits of the example programs.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>

#include "common/settings.hpp"
#include "inkling/data/batches.hpp"
#include "inkling/data/mnist.hpp"

inline void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw ink::IoError(path, "cannot be made: " + error.message());
}

inline ink::data::ImageDataset held_out(const ProgramSettings& s) {
  auto test = ink::data::mnist(s.data, ink::data::Split::test);
  return s.quick ? test.first(16) : test;
}

/// Calls f(images in [-1, 1], labels) for consecutive pieces of a data set.
template <class F>
void for_each_piece(const ink::data::ImageDataset& dataset, ink::Index size, F f) {
  using namespace ink;
  for (Index begin = 0; begin < dataset.size(); begin += size) {
    std::vector<Index> rows;
    for (Index i = begin; i < std::min(begin + size, dataset.size()); ++i) rows.push_back(i);
    const auto piece = dataset.take(rows);
    f(data::normalize<float>(piece.images), piece.labels);
  }
}
