# `cmake --install`: headers and a package, so that find_package(inkling) gives inkling::inkling.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/inkling)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/inkling)
install(TARGETS inkling EXPORT inkling-targets)
install(EXPORT inkling-targets NAMESPACE inkling:: DESTINATION ${package_dir})

configure_package_config_file(cmake/inkling-config.cmake.in ${PROJECT_BINARY_DIR}/inkling-config.cmake
  INSTALL_DESTINATION ${package_dir})
# The version file of a header-only package must not depend on the word size of the machine that installed it.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/inkling-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  ${PROJECT_BINARY_DIR}/inkling-config.cmake
  ${PROJECT_BINARY_DIR}/inkling-config-version.cmake
  cmake/kernels.cmake
  cmake/kernels.cpp
  DESTINATION ${package_dir})
