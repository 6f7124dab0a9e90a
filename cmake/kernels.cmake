# inkling::kernels: inkling::inkling with the kernels compiled once for a whole program (inkling/kernels/instances.hpp).
# Built only if something links it.
if(NOT TARGET inkling_kernels)
  add_library(inkling_kernels STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/kernels.cpp)
  add_library(inkling::kernels ALIAS inkling_kernels)
  target_link_libraries(inkling_kernels PUBLIC inkling::inkling)
  target_compile_options(inkling_kernels INTERFACE "SHELL:-include inkling/kernels/instances.hpp")
endif()
