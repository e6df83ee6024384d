# Warnings, sanitizers, ccache: what every target of ours is compiled with.

add_library(cuglmm_options INTERFACE)
target_compile_options(cuglmm_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${CUGLMM_WERROR}>>:-Werror>)
# g++ 12 sees overlapping or endless copies in `"text" + std::string` (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(cuglmm_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict;-Wno-stringop-overflow;-Wno-array-bounds;-Wno-stringop-overread>)
endif()

# Everything at once, or the sanitizers report containers that cross from one half to the other.
if(CUGLMM_SANITIZE)
  add_compile_options(-fsanitize=${CUGLMM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CUGLMM_SANITIZE})
endif()

if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CUGLMM_CCACHE ccache)
  mark_as_advanced(CUGLMM_CCACHE)
  if(CUGLMM_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CUGLMM_CCACHE})
  endif()
endif()
