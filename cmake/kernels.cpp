// The kernels of a program that links inkling::kernels.
#define INKLING_COMPILE_KERNELS
#include <inkling/kernels/instances.hpp>
