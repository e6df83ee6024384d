// The toolkit's cuda_runtime.h where the "device" is this process. The types, enumerations and host
// declarations are the toolkit's own (its headers compile under plain g++, and Thrust is needed for real
// anyway, so the emulation asks for the toolkit's headers; not for nvcc, a driver or its libraries). What
// nvcc adds is ours: the words of the language, built-in variables, device functions and a launch that knows
// its arguments.
#pragma once
#pragma GCC system_header  // #include_next is not pedantic

#ifdef __CUDACC__
#error "this header stands in for the toolkit's when plain g++ compiles; nvcc must not find it"
#endif

// The toolkit's template erases the types of the arguments, so it makes way for ours.
#define cudaLaunchKernelEx cudaLaunchKernelEx_of_the_toolkit
#include_next <cuda_runtime.h>
#undef cudaLaunchKernelEx

#undef __global__
#undef __device__
#undef __host__
#undef __shared__
#undef __constant__
#undef __managed__
#undef __grid_constant__
#undef __launch_bounds__
#undef __forceinline__
#define __global__
#define __device__
#define __host__
/// All variables of a program in one section, which every block fills with 0xFF before it starts.
#define __shared__ static __attribute__((section("cuglmm_shared")))
#define __grid_constant__
#define __launch_bounds__(...)
#define __forceinline__ inline __attribute__((always_inline))

#include <emulation/device.hpp>
#include <emulation/launch.hpp>
