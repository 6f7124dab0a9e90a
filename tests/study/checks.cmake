# The study as a program.
set(scratch ${CMAKE_CURRENT_BINARY_DIR}/scratch/study)
add_test(NAME study.resume COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/study/resume.sh $<TARGET_FILE:study>
  ${PROJECT_SOURCE_DIR}/examples/data/mnist ${PROJECT_SOURCE_DIR}/examples/weights ${scratch}/resume)
set_tests_properties(study.resume PROPERTIES LABELS study TIMEOUT 900 SKIP_RETURN_CODE 77)

# All of it in a few steps, and the page in a browser if there is one.
add_test(NAME study.whole COMMAND study --steps 2 --workers 2 --data ${PROJECT_SOURCE_DIR}/examples/data/mnist
  --weights ${PROJECT_SOURCE_DIR}/examples/weights --out ${scratch}/whole)
add_test(NAME study.whole_anew COMMAND ${CMAKE_COMMAND} -E rm -rf ${scratch}/whole)
set_tests_properties(study.whole_anew PROPERTIES LABELS study FIXTURES_SETUP study_folder)
set_tests_properties(study.whole PROPERTIES LABELS study TIMEOUT 900 PROCESSORS 2 FIXTURES_REQUIRED study_folder
  FIXTURES_SETUP study_page)
add_test(NAME study.browser COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/study/browser_check.sh ${scratch}/whole.html
  ${scratch}/browser)
set_tests_properties(study.browser PROPERTIES LABELS study TIMEOUT 600 SKIP_RETURN_CODE 77
  FIXTURES_REQUIRED study_page)
