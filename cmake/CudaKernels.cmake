# The same lane functions, compiled by nvcc where there is one: kernels/cuda/*.cu. The engine that launches them is not
# there yet; compiling them keeps kernels/ fit for it.

if(NOT CUGLMM_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "CUGLMM_CUDA is \"${CUGLMM_CUDA}\"; it must be AUTO, ON or OFF")
endif()
file(GLOB CUGLMM_CUDA_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/cuda/*.cu)
if(CUGLMM_CUDA STREQUAL "OFF")
  message(STATUS "cuglmm: CPU engine only (CUGLMM_CUDA=OFF)")
  return()
elseif(NOT CUGLMM_CUDA_SOURCES)
  message(STATUS "cuglmm: CPU engine only (kernels/cuda holds no kernels)")
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

# A100 and H100 machine code, and PTX of the newest that this nvcc knows for what comes after them.
function(cuglmm_cuda_architectures result)
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --list-gpu-arch OUTPUT_VARIABLE listed ERROR_QUIET)
  string(REGEX MATCHALL "compute_[0-9]+" known "${listed}")
  list(TRANSFORM known REPLACE "compute_" "")
  set(chosen)
  foreach(architecture 80 90)
    if(architecture IN_LIST known)
      list(APPEND chosen ${architecture}-real)
    endif()
  endforeach()
  if(known)
    list(SORT known COMPARE NATURAL)
    list(GET known -1 newest)
    list(APPEND chosen ${newest}-virtual)
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
message(STATUS "cuglmm: CPU engine, and CUDA kernels compiled by ${CMAKE_CUDA_COMPILER} "
  "${CMAKE_CUDA_COMPILER_VERSION} for ${CMAKE_CUDA_ARCHITECTURES}")
add_library(cuglmm_cuda_kernels OBJECT ${CUGLMM_CUDA_SOURCES})
set_target_properties(cuglmm_cuda_kernels PROPERTIES
  CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
target_include_directories(cuglmm_cuda_kernels PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
# No -Wpedantic: the code that nvcc hands to the host compiler is not pedantic.
target_compile_options(cuglmm_cuda_kernels PRIVATE -Xcompiler=-Wall,-Wextra,-Wshadow
  $<$<BOOL:${CUGLMM_WERROR}>:-Werror=all-warnings;-Xcompiler=-Werror>)
