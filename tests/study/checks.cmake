# The study as a program.
set(scratch ${CMAKE_CURRENT_BINARY_DIR}/scratch/study)
add_test(NAME study.resume COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/study/resume.sh $<TARGET_FILE:study>
  ${PROJECT_SOURCE_DIR}/examples/data/mnist ${PROJECT_SOURCE_DIR}/examples/weights ${scratch}/resume)
set_tests_properties(study.resume PROPERTIES LABELS study TIMEOUT 900 SKIP_RETURN_CODE 77)
