# inkling::kernels: inkling::inkling with the kernels compiled once for a whole program (inkling/kernels/instances.hpp).
# Built only if something links it.
set(INKLING_KERNELS_SOURCE ${CMAKE_CURRENT_LIST_DIR}/kernels.cpp)

function(inkling_add_kernels target)
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${INKLING_KERNELS_SOURCE})
  target_link_libraries(${target} PUBLIC inkling::inkling)
  target_compile_options(${target} INTERFACE "SHELL:-include inkling/kernels/instances.hpp")
endfunction()

if(NOT TARGET inkling_kernels)
  inkling_add_kernels(inkling_kernels)
  add_library(inkling::kernels ALIAS inkling_kernels)
endif()
