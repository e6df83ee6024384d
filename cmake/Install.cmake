# `cmake --install`: library, headers, program, and what find_package(cuglmm) needs.

include(CMakePackageConfigHelpers)

install(TARGETS cuglmm EXPORT cuglmmTargets)
install(DIRECTORY include/cuglmm DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
if(TARGET cuglmm_cli)
  install(TARGETS cuglmm_cli)
endif()

# Where the program looks for the CUDA engine when it is not beside it.
set(CUGLMM_MODULE_DIR ${CMAKE_INSTALL_LIBDIR}/cuglmm)
target_compile_definitions(cuglmm PRIVATE CUGLMM_MODULE_DIR="${CMAKE_INSTALL_FULL_LIBDIR}/cuglmm")
if(TARGET cuglmm_cuda)
  install(TARGETS cuglmm_cuda LIBRARY DESTINATION ${CUGLMM_MODULE_DIR})
endif()

set(CUGLMM_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/cuglmm)
configure_package_config_file(cmake/cuglmmConfig.cmake.in ${PROJECT_BINARY_DIR}/cmake/cuglmmConfig.cmake
  INSTALL_DESTINATION ${CUGLMM_CONFIG_DIR})
# Until 1.0 a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/cuglmmConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT cuglmmTargets NAMESPACE cuglmm:: DESTINATION ${CUGLMM_CONFIG_DIR})
install(FILES ${PROJECT_BINARY_DIR}/cmake/cuglmmConfig.cmake ${PROJECT_BINARY_DIR}/cmake/cuglmmConfigVersion.cmake
  DESTINATION ${CUGLMM_CONFIG_DIR})
