/// 1 / (1 + exp(-eta)), where a batch of binomial models spends most of its time.
#pragma once

#include <kernels/real.hpp>

namespace cuglmm {

template <class Real>
CUGLMM_HD Real logistic_(const Real& eta) {
  const Real e = exp_(-abs_(eta));  // cannot overflow
  return select_(eta >= 0.0, Real(1.0), e) / (1.0 + e);
}

// For a GPU's double: within 3 ulp, like the above with CUDA's exp and quotient, but without their branches
// for arguments that do not occur here, which took as much of its time as the arithmetic.

/// exp(r) = 1 + r (c[0] + r (c[1] + ..)) to 2e-17 for |r| <= log(2) / 2: minimax, by Remez's algorithm.
#define CUGLMM_EXP_COEFFICIENTS                                                                  \
  0x1.0000000000003p+0, 0x1.0000000000005p-1, 0x1.555555555481ap-3, 0x1.55555555520c1p-5,        \
      0x1.111111137bab2p-7, 0x1.6c16c17f41a88p-10, 0x1.a019f62045e8fp-13, 0x1.a019a66a18a52p-16, \
      0x1.71f61554a1582p-19, 0x1.28a2c66e55d28p-22, 0x1.8ad0bb8f0bb6dp-26
constexpr double kExpCoefficients[11] = {CUGLMM_EXP_COEFFICIENTS};
#if defined(__CUDACC__)
/// In constant memory such a number is an operand of a multiply-add; in the code it takes two instructions
/// more.
static __constant__ double kDeviceExpCoefficients[11] = {CUGLMM_EXP_COEFFICIENTS};
#endif
#undef CUGLMM_EXP_COEFFICIENTS

/// exp(-|x|); about 1e-308 beyond 708, NaN for NaN.
CUGLMM_HD double exp_minus_abs_(double x) {
  // |x| is cut off by its upper word, whose comparison is not one of doubles.
  const std::uint64_t bits = bits_(x);
  const std::uint32_t high = static_cast<std::uint32_t>(bits >> 32) & 0x7fffffffu, most = 0x40862000u;  // 708
  const std::uint32_t cut = high > most && high <= 0x7ff00000u ? most : high;
  const double a = from_bits_(std::uint64_t{cut} << 32 | (bits & 0xffffffffu));
  const double shifted = fma_(a, -1.4426950408889634, 6755399441055744.0);  // 1.5 * 2^52: rounds to whole
  const double n = shifted - 6755399441055744.0;
  double r = fma_(n, -6.93147180369123816490e-01, -a);  // log(2) in two parts
  r = fma_(n, -1.90821492927058770002e-10, r);
#if defined(__CUDA_ARCH__)
  const double* const c = kDeviceExpCoefficients;
#else
  const double* const c = kExpCoefficients;
#endif
  double p = c[10];
  for (int i = 9; i >= 0; --i) p = fma_(p, r, c[i]);
  p = fma_(p, r, 1.0);
  return from_bits_(bits_(p) + (bits_(shifted) << 52));
}

/// a / b for b in [1, 2].
CUGLMM_HD double quotient_(double a, double b) {
#if defined(__CUDA_ARCH__)
  double y;  // 1 / b: 20 bits and more, then Newton's step of third order
  asm("rcp.approx.ftz.f64 %0, %1;" : "=d"(y) : "d"(b));
  const double error = fma_(-b, y, 1.0);
  return a * fma_(y, fma_(error, error, error), y);
#else
  return a / b;
#endif
}

CUGLMM_HD double logistic_(double eta) {
  const double e = exp_minus_abs_(eta);
  return quotient_(bits_(eta) >> 63 ? e : 1.0, 1.0 + e);
}

}  // namespace cuglmm
