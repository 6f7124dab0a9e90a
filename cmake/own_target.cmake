# Settings of the programs of this repository: warnings and sanitizers, none of which a consumer sees.
add_library(inkling_own INTERFACE)
target_link_libraries(inkling_own INTERFACE inkling::inkling)
target_compile_options(inkling_own INTERFACE -Wall -Wextra -Wpedantic $<$<BOOL:${INKLING_WERROR}>:-Werror>)
if(INKLING_SANITIZE)
  # What the address sanitizer finds anyway is not checked a second time, nor the alignment of vectors, which are copied
  # by memcpy; and the checks are calls: inlined they would take most of the time to compile.
  set(sanitize_flags -fsanitize=${INKLING_SANITIZE} -fno-sanitize=null,alignment,object-size,pointer-overflow,vptr
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(INKLING_SANITIZE MATCHES address)
    set(outlined asan-instrumentation-with-call-threshold=0)
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
      target_compile_options(inkling_own INTERFACE --param=${outlined})
    else()
      target_compile_options(inkling_own INTERFACE "SHELL:-mllvm -${outlined}")
    endif()
  endif()
  target_compile_options(inkling_own INTERFACE ${sanitize_flags})
  target_link_options(inkling_own INTERFACE ${sanitize_flags})
endif()

# inkling_computes(<target>): its running time counts. Tests are compiled without optimisation, in half of the time it
# takes to optimise them; only these pay for that when they run.
function(inkling_computes target)
  if(CMAKE_CXX_FLAGS MATCHES "-O0")
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()

# The kernels for one instruction set alone, and both libraries of them as our own programs are compiled.
inkling_add_kernels(inkling_portable_kernels)
target_compile_definitions(inkling_portable_kernels PUBLIC INKLING_PORTABLE)
foreach(library inkling_kernels inkling_portable_kernels)
  target_link_libraries(${library} PRIVATE inkling_own)
  inkling_computes(${library})
endforeach()

# inkling_use(<target> <package> <imported target> <header>): link a header library, whether or not it ships a package.
function(inkling_use target package imported header)
  find_package(${package} QUIET)
  if(TARGET ${imported})
    target_link_libraries(${target} PRIVATE ${imported})
    return()
  endif()
  find_path(${package}_INCLUDE_DIR ${header})
  if(NOT ${package}_INCLUDE_DIR)
    message(FATAL_ERROR "${target} needs ${header} (${package}): install it, or let ./dev do it, "
                        "or turn off INKLING_BUILD_TESTS, INKLING_BUILD_BENCH, INKLING_BUILD_EXAMPLES.")
  endif()
  target_include_directories(${target} SYSTEM PRIVATE ${${package}_INCLUDE_DIR})
endfunction()
