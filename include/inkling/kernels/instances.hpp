// Optional: kernels compiled once for a whole program, instead of in every unit that uses them.
//
// They take more than a third of the time to compile a unit with a model in it: each is there for three instruction
// sets. A unit that includes this header takes those for float and double from another unit of the program:
//
//     // kernels.cpp, the only unit with the macro; all others include the header without it
//     #define INKLING_COMPILE_KERNELS
//     #include <inkling/kernels/instances.hpp>
//
// With CMake, linking inkling::kernels does both. Results are the same, bit for bit, if the flags are.
#pragma once

#include "inkling/kernels/attention.hpp"
#include "inkling/kernels/attention_decode.hpp"
#include "inkling/kernels/conv.hpp"
#include "inkling/kernels/gemm.hpp"
#include "inkling/kernels/group_norm.hpp"
#include "inkling/kernels/norm.hpp"
#include "inkling/kernels/pool.hpp"
#include "inkling/kernels/reduce.hpp"
#include "inkling/kernels/softmax.hpp"
#include "inkling/kernels/weight_gradient.hpp"

#ifdef INKLING_COMPILE_KERNELS
#define INKLING_INSTANCE(...) template decltype(__VA_ARGS__) __VA_ARGS__
#else
#define INKLING_INSTANCE(...) extern template decltype(__VA_ARGS__) __VA_ARGS__
#endif

#define INKLING_INSTANCES(T)                              \
  INKLING_INSTANCE(gemm<T>);                              \
  INKLING_INSTANCE(gemm_serial<T>);                       \
  INKLING_INSTANCE(gemm_batched<T>);                      \
  INKLING_INSTANCE(conv2d_forward<T>);                    \
  INKLING_INSTANCE(conv2d_backward_data<T>);              \
  INKLING_INSTANCE(conv2d_backward_weight<T>);            \
  INKLING_INSTANCE(attention_forward<T>);                 \
  INKLING_INSTANCE(attention_backward<T>);                \
  INKLING_INSTANCE(attention_decode<T>);                  \
  INKLING_INSTANCE(group_norm_forward<NoActivation, T>);  \
  INKLING_INSTANCE(group_norm_forward<Silu, T>);          \
  INKLING_INSTANCE(group_norm_backward<NoActivation, T>); \
  INKLING_INSTANCE(group_norm_backward<Silu, T>);         \
  INKLING_INSTANCE(layer_norm_forward<T>);                \
  INKLING_INSTANCE(layer_norm_backward<T>);               \
  INKLING_INSTANCE(rms_norm_forward<T>);                  \
  INKLING_INSTANCE(rms_norm_backward<T>);                 \
  INKLING_INSTANCE(average_pool_forward<T>);              \
  INKLING_INSTANCE(average_pool_backward<T>);             \
  INKLING_INSTANCE(max_pool_forward<T>);                  \
  INKLING_INSTANCE(max_pool_backward<T>);                 \
  INKLING_INSTANCE(sum<T>);                               \
  INKLING_INSTANCE(dot<T>);                               \
  INKLING_INSTANCE(sum_squares<T>);                       \
  INKLING_INSTANCE(max_value<T>);                         \
  INKLING_INSTANCE(row_sums<T>);                          \
  INKLING_INSTANCE(row_max<T>);                           \
  INKLING_INSTANCE(column_sums<T>);                       \
  INKLING_INSTANCE(weight_gradient<T>);                   \
  INKLING_INSTANCE(softmax_rows<T>);                      \
  INKLING_INSTANCE(logsumexp_rows<T>);                    \
  INKLING_INSTANCE(logsumexp_backward_rows<T>);           \
  INKLING_INSTANCE(log_softmax_rows<T>);                  \
  INKLING_INSTANCE(softmax_backward_rows<T>);             \
  INKLING_INSTANCE(log_softmax_backward_rows<T>);         \
  INKLING_INSTANCE(cross_entropy_forward<T>);             \
  INKLING_INSTANCE(cross_entropy_backward<T>)

namespace ink::kernels {

INKLING_INSTANCES(float);
INKLING_INSTANCES(double);

}  // namespace ink::kernels

#undef INKLING_INSTANCES
#undef INKLING_INSTANCE
