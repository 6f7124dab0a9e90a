// Everything, for programs that do not count compile time. Libraries include the headers they use.
//
// Example:
//     Tensor<float, 2> a(Shape{2, 3}, 1.0f);
#pragma once

#include "inkling/autograd/dual.hpp"
#include "inkling/autograd/gradients.hpp"
#include "inkling/autograd/tape.hpp"
#include "inkling/autograd/var.hpp"
#include "inkling/config.hpp"
#include "inkling/core/error.hpp"
#include "inkling/core/inverse_normal.hpp"
#include "inkling/core/memory.hpp"
#include "inkling/core/parallel.hpp"
#include "inkling/core/philox.hpp"
#include "inkling/core/random.hpp"
#include "inkling/core/shape.hpp"
#include "inkling/core/tensor.hpp"
#include "inkling/core/view.hpp"
#include "inkling/io/checksum.hpp"
#include "inkling/io/deflate.hpp"
#include "inkling/io/file.hpp"
#include "inkling/io/inflate.hpp"
#include "inkling/kernels/broadcast.hpp"
#include "inkling/kernels/gemm_micro.hpp"
#include "inkling/kernels/isa.hpp"
#include "inkling/ops/elementwise.hpp"
#include "inkling/ops/map.hpp"
#include "inkling/version.hpp"
