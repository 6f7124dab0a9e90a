// Conditions: what a generator is told about the image it is to make.
//
// Unconditional    nothing
// ClassLabels      one class per image of the batch; `null_label` (−1) means "not told", which training uses to learn
//                  the unconditional model along with the conditional one
//
// A condition is passed through samplers and losses to the network unread; any type that the network takes will do.
//
// Example:
//     ClassLabels condition{Tensor<std::int32_t, 1>(Shape{3}, {7, 1, null_label})};
#pragma once

#include <cstdint>

#include "inkling/core/tensor.hpp"

namespace ink {

struct Unconditional {};

inline constexpr std::int32_t null_label = -1;

struct ClassLabels {
  Tensor<std::int32_t, 1> ids;
};

}  // namespace ink
