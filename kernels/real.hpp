/// What a Real is: `double` (one lane: CUDA, tests) or a pack of SIMD lanes (cpu/pack.hpp). The lane
/// functions of kernels/ see a Real through arithmetic operators and the free functions below; branches are
/// selects on a Mask.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

// CUGLMM_HD: callable on host and device. On the host always inlined: the files of cpu/ are compiled for
// different instruction sets, and a copy of a function that is not a template on a pack would be shared
// between them by the linker. CUGLMM_LANE: the same for larger functions that are templates on a Real, left
// to the compiler to inline. CUGLMM_CALL: the same, called on a GPU: where many places share a long function,
// nvcc takes minutes to compile it into each.
#if defined(__CUDACC__)
#define CUGLMM_HD __host__ __device__ __forceinline__
#define CUGLMM_LANE __host__ __device__
#define CUGLMM_CALL __host__ __device__ __noinline__
#else
#define CUGLMM_HD inline __attribute__((always_inline))
#define CUGLMM_LANE
#define CUGLMM_CALL
#endif

namespace cuglmm {

using Index = std::int64_t;

/// An entry of the plan's arrays, which no kernel changes: a GPU may read it before earlier stores.
template <class T>
CUGLMM_HD T constant_(const T* at) {
#if defined(__CUDA_ARCH__)
  return __ldg(at);
#else
  return *at;
#endif
}

/// Mask: one bool per lane. Word: one unsigned 64-bit integer per lane. stretch: consecutive entries that are
/// worked on at once (stretch.hpp).
template <class Real>
struct Lane;

template <>
struct Lane<double> {
  using Mask = bool;
  using Word = std::uint64_t;
  static constexpr int width = 1, register_width = 1, stretch = 1;
};

template <class Real>
using Mask = typename Lane<Real>::Mask;
template <class Real>
using Word = typename Lane<Real>::Word;

CUGLMM_HD std::uint64_t bits_(double x) {
  std::uint64_t bits;
  memcpy(&bits, &x, sizeof x);
  return bits;
}
CUGLMM_HD double from_bits_(std::uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

CUGLMM_HD double exp_(double x) { return ::exp(x); }
CUGLMM_HD double log_(double x) { return ::log(x); }
CUGLMM_HD double sqrt_(double x) { return ::sqrt(x); }
CUGLMM_HD double abs_(double x) { return ::fabs(x); }
CUGLMM_HD double floor_(double x) { return ::floor(x); }
CUGLMM_HD double fma_(double a, double b, double c) { return ::fma(a, b, c); }
CUGLMM_HD double max_(double a, double b) { return a > b ? a : b; }
CUGLMM_HD double min_(double a, double b) { return a < b ? a : b; }
CUGLMM_HD double select_(bool mask, double a, double b) { return mask ? a : b; }
CUGLMM_HD bool any_(bool mask) { return mask; }
CUGLMM_HD bool all_(bool mask) { return mask; }
CUGLMM_HD bool and_(bool a, bool b) { return a && b; }
CUGLMM_HD bool or_(bool a, bool b) { return a || b; }
CUGLMM_HD bool not_(bool a) { return !a; }
/// table[index], index whole and in range.
CUGLMM_HD double lookup_(const double* table, double index) { return table[static_cast<int>(index)]; }
/// Neither infinite nor NaN.
CUGLMM_HD bool finite_(double x) { return ::fabs(x) <= 1.7976931348623157e308; }

/// Philox works on 32-bit words held in 64-bit lanes: the product of the low halves.
CUGLMM_HD std::uint64_t multiply_words_(std::uint64_t a, std::uint64_t b) {
  return (a & 0xffffffffu) * (b & 0xffffffffu);
}
/// (bits + 1/2) / 2^52 for bits below 2^52: they become the mantissa of a number in [1, 2).
CUGLMM_HD double unit_interval_(std::uint64_t bits, double) {
  return from_bits_(bits | 0x3ff0000000000000u) - 0x1.fffffffffffffp-1;  // 1 - 2^-53
}

}  // namespace cuglmm
