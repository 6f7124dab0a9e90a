# Checks that run compilers on the headers rather than programs: labelled `compiles`.
set(here ${CMAKE_CURRENT_SOURCE_DIR}/structure)
set(include_dir ${PROJECT_SOURCE_DIR}/include)
set(checks_tmp ${CMAKE_CURRENT_BINARY_DIR}/scratch/checks)

# inkling_add_check(<name> <cores> <command...>)
function(inkling_add_check name cores)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS compiles PROCESSORS ${cores} TIMEOUT 900 SKIP_RETURN_CODE 77)
endfunction()

# The compiler of this build, and one of the other family if there is one.
set(compilers ${CMAKE_CXX_COMPILER})
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  find_program(INKLING_OTHER_COMPILER NAMES clang++ clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14)
else()
  find_program(INKLING_OTHER_COMPILER NAMES g++ g++-14 g++-13 g++-12)
endif()
if(INKLING_OTHER_COMPILER)
  list(APPEND compilers ${INKLING_OTHER_COMPILER})
endif()

foreach(compiler ${compilers})
  get_filename_component(short ${compiler} NAME)
  # What a header leaves out, the first compiler finds; the second reads them all at once.
  set(which "*.hpp")
  if(NOT compiler STREQUAL CMAKE_CXX_COMPILER)
    set(which inkling.hpp)
  endif()
  inkling_add_check(structure.headers_alone.${short} 2
    ${here}/headers_alone.sh ${compiler} ${include_dir} ${checks_tmp}/headers_alone.${short} ${which})
  inkling_add_check(structure.doc_examples.${short} 1
    ${here}/doc_examples.sh ${compiler} ${include_dir} ${checks_tmp}/doc_examples.${short})

  file(GLOB cases CONFIGURE_DEPENDS compile_fail/*.cpp)
  foreach(case ${cases})
    get_filename_component(name ${case} NAME_WE)
    inkling_add_check(compile_fail.${name}.${short} 1 ${here}/compile_fail.sh ${compiler} ${include_dir} ${case})
  endforeach()
endforeach()

# Every header in two units of one program: whatever lacks `inline` is a link error.
add_executable(odr odr/first.cpp odr/second.cpp)
target_link_libraries(odr PRIVATE inkling_own)
add_test(NAME structure.odr COMMAND odr)
set_tests_properties(structure.odr PROPERTIES LABELS structure)
add_dependencies(inkling_tests odr)

# A project of a stranger, three ways.
foreach(way find_package add_subdirectory bare)
  inkling_add_check(consumer.${way} 1
    ${CMAKE_CURRENT_SOURCE_DIR}/consumer/build.sh ${way} ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}
    ${checks_tmp}/consumer.${way} ${CMAKE_COMMAND} ${CMAKE_GENERATOR} ${CMAKE_CXX_COMPILER})
endforeach()
