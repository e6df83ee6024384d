# The lane functions for the CPU: one source per SIMD level, each an object library with flags of its own, chosen
# at run time (design.md 2, "Functions of a pack"). No other target sees these flags.

# Always optimised, in Debug builds too: at -O0 the linker could hand a wide inline function of one level to callers
# of another. For the same reason no link-time optimisation. A sanitizer build is never handed to another machine, and
# g++ 12 takes ten minutes over instrumented kernels at -O2 (20 to 60 s at -O1, without use-after-scope).
set(CUGLMM_KERNEL_OPTIMISATION -O3)
if(CUGLMM_SANITIZE)
  set(CUGLMM_KERNEL_OPTIMISATION -O1 -fno-sanitize-address-use-after-scope)
endif()

function(cuglmm_add_cpu_kernels level)
  if(NOT level IN_LIST CUGLMM_SIMD)
    return()
  endif()
  add_library(cuglmm_kernels_${level} OBJECT ${PROJECT_SOURCE_DIR}/kernels/cpu/${level}.cpp)
  set_target_properties(cuglmm_kernels_${level} PROPERTIES
    POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF)
  target_include_directories(cuglmm_kernels_${level} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(cuglmm_kernels_${level} PRIVATE ${CUGLMM_KERNEL_OPTIMISATION} -fno-lto
    -fno-strict-aliasing  # packs are also read and written number by number
    -Wno-maybe-uninitialized -Wno-uninitialized  # g++ 12 finds them in its own AVX-512 headers
    ${ARGN})
  target_include_directories(cuglmm_kernels_${level} SYSTEM PRIVATE ${CUGLMM_XSIMD_INCLUDES})
  target_link_libraries(cuglmm_kernels_${level} PRIVATE cuglmm_options)
  string(TOUPPER ${level} upper)
  target_sources(cuglmm PRIVATE $<TARGET_OBJECTS:cuglmm_kernels_${level}>)
  target_compile_definitions(cuglmm PRIVATE CUGLMM_HAVE_${upper})
endfunction()

# host/engine asks xsimd which level this machine has.
target_include_directories(cuglmm SYSTEM PRIVATE ${CUGLMM_XSIMD_INCLUDES})

cuglmm_add_cpu_kernels(baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  cuglmm_add_cpu_kernels(avx2 -mavx2 -mfma)
  cuglmm_add_cpu_kernels(avx512
    -mavx512f -mavx512cd -mavx512dq -mavx512bw -mavx512vl -mprefer-vector-width=512 -mfma)
endif()
