// Training batches with what a specification says that the network is told: "nothing", "class", "caption", "sketch".
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/condition_data.hpp"
#include "systems/told.hpp"

namespace systems {

using Tell = std::function<Told(std::span<const ink::Index> rows, ink::Key key)>;

inline Tell teller(const ink::data::ImageDataset& digits, const std::string& told) {
  using namespace ink;
  if (told == "nothing") return [](auto rows, Key) { return tell_nothing(static_cast<Index>(rows.size())); };
  if (told == "class") {
    return [labels = digits.labels](auto rows, Key) {
      Tensor<std::int32_t, 1> ids(Shape{static_cast<Index>(rows.size())});
      for (std::size_t i = 0; i < rows.size(); ++i) ids(static_cast<Index>(i)) = labels(rows[i]);
      return tell_classes(std::move(ids));
    };
  }
  if (told == "caption") {
    return [all = data::describe(digits)](auto rows, Key key) {
      std::vector<data::Description> some;
      for (const Index row : rows) some.push_back(all[static_cast<std::size_t>(row)]);
      return tell_captions(Captions{data::CaptionTokenizer{}.encode(data::captions(some, key))});
    };
  }
  if (told == "sketch") {
    return [all = data::ImageDataset(data::skeleton(digits.images), digits.labels)](auto rows, Key) {
      return tell_sketches(Sketch{data::normalize<float>(all.take(rows).images)});
    };
  }
  throw ValueError("told is '" + told + "'; it must be nothing, class, caption or sketch");
}

inline ConditionedDigits<Tell> told_batches(const ink::data::ImageDataset& digits, ink::Index size,
                                            const std::string& told) {
  return {digits, size, teller(digits, told)};
}

}  // namespace systems
