# The reader of .npy files beside numpy's own, if there is a Python with numpy.
add_executable(npy_reader numpy/npy_reader.cpp)
target_link_libraries(npy_reader PRIVATE inkling_own)
target_compile_definitions(npy_reader PRIVATE INKLING_PORTABLE)
add_dependencies(inkling_tests npy_reader)

set(python_with_numpy "")
foreach(candidate python3 /usr/bin/python3)
  execute_process(COMMAND ${candidate} -c "import numpy" RESULT_VARIABLE without_numpy OUTPUT_QUIET ERROR_QUIET)
  if(without_numpy EQUAL 0 AND NOT python_with_numpy)
    set(python_with_numpy ${candidate})
  endif()
endforeach()
if(python_with_numpy)
  add_test(NAME numpy.npy_files COMMAND ${python_with_numpy} ${CMAKE_CURRENT_SOURCE_DIR}/numpy/npy_files.py
    $<TARGET_FILE:npy_reader> ${CMAKE_CURRENT_BINARY_DIR}/scratch/numpy)
  set_tests_properties(numpy.npy_files PROPERTIES LABELS numpy TIMEOUT 900 SKIP_RETURN_CODE 77)
endif()
