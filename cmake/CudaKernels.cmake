# The CUDA engine, where nvcc is found: kernels/cuda/*.cu, the same lane functions, and host/cuda/*.cpp, which launches
# them. A module, opened at run time (host/engine/cuda_module.hpp): the program starts where CUDA's libraries are missing.

if(NOT CUGLMM_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "CUGLMM_CUDA is \"${CUGLMM_CUDA}\"; it must be AUTO, ON or OFF")
endif()
file(GLOB CUGLMM_CUDA_SOURCES CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/kernels/cuda/*.cu ${PROJECT_SOURCE_DIR}/host/cuda/*.cpp)
if(CUGLMM_CUDA STREQUAL "OFF")
  message(STATUS "cuglmm: CPU engine only (CUGLMM_CUDA=OFF)")
  return()
endif()

# nvcc is often installed beside PATH.
if(NOT CMAKE_CUDA_COMPILER)
  find_program(CUGLMM_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATH_SUFFIXES bin PATHS /usr/local/cuda/bin)
  mark_as_advanced(CUGLMM_NVCC)
  if(CUGLMM_NVCC)
    set(CMAKE_CUDA_COMPILER ${CUGLMM_NVCC})
  endif()
endif()

# Machine code for CUGLMM_CUDA_REAL (A100 and H100; script/test, short of time, asks for H100 alone), and PTX of the
# newest that this nvcc knows for what comes after them.
function(cuglmm_cuda_architectures result)
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --list-gpu-arch OUTPUT_VARIABLE listed ERROR_QUIET)
  string(REGEX MATCHALL "compute_[0-9]+" known "${listed}")
  list(TRANSFORM known REPLACE "compute_" "")
  set(chosen)
  foreach(architecture ${CUGLMM_CUDA_REAL})
    if(architecture IN_LIST known)
      list(APPEND chosen ${architecture}-real)
    endif()
  endforeach()
  if(known)
    list(SORT known COMPARE NATURAL)
    list(GET known -1 newest)
    if(CUGLMM_CUDA_PTX OR NOT chosen)
      list(APPEND chosen ${newest}-virtual)
    endif()
  else()
    set(chosen 80)
  endif()
  set(${result} "${chosen}" PARENT_SCOPE)
endfunction()

if(CMAKE_CUDA_COMPILER AND NOT CMAKE_CUDA_ARCHITECTURES)
  cuglmm_cuda_architectures(CMAKE_CUDA_ARCHITECTURES)
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  if(CUGLMM_CUDA STREQUAL "ON")
    message(FATAL_ERROR "CUGLMM_CUDA=ON, but no CUDA compiler works here: put nvcc on PATH or set CMAKE_CUDA_COMPILER")
  endif()
  message(STATUS "cuglmm: CPU engine only (no CUDA toolkit found: nvcc is neither on PATH nor in /usr/local/cuda/bin)")
  return()
endif()

enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
message(STATUS "cuglmm: CPU and CUDA engines (${CMAKE_CUDA_COMPILER} ${CMAKE_CUDA_COMPILER_VERSION} for "
  "${CMAKE_CUDA_ARCHITECTURES})")
add_library(cuglmm_cuda MODULE ${CUGLMM_CUDA_SOURCES})
set_target_properties(cuglmm_cuda PROPERTIES
  CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
target_include_directories(cuglmm_cuda PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(cuglmm_cuda PRIVATE cuglmm fmt::fmt CUDA::cudart_static CUDA::cusolver cuglmm_options)
# No -Wpedantic: the code that nvcc hands to the host compiler is not pedantic.
target_compile_options(cuglmm_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wshadow
  $<$<BOOL:${CUGLMM_WERROR}>:-Werror=all-warnings;-Xcompiler=-Werror>>)
# Registers and stack frames of every kernel into build/cuda/*.tsv; a hot kernel that spills is an error.
set_target_properties(cuglmm_cuda PROPERTIES
  RULE_LAUNCH_COMPILE "${PROJECT_SOURCE_DIR}/cmake/ptxas_report ${PROJECT_BINARY_DIR}/cuda")
target_compile_options(cuglmm_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Xptxas=-v>)
