/// Packs: the Real of the CPU engine. A Pack is K registers side by side, so that K independent chains of
/// arithmetic hide each other's latency. Included by the files of kernels/cpu only, which are compiled for
/// one instruction set each.
#pragma once

#include <xsimd/xsimd.hpp>

#include <kernels/real.hpp>

namespace cuglmm {

#define CUGLMM_INLINE inline __attribute__((always_inline))
#define CUGLMM_EACH(k) _Pragma("GCC unroll 8") for (int k = 0; k < K; ++k)

template <class A, int K>
struct PackMask {
  using Register = xsimd::batch_bool<double, A>;
  Register v[K];
  PackMask() = default;
  CUGLMM_INLINE PackMask(bool b) { CUGLMM_EACH(k) v[k] = Register(b); }
};

template <class A, int K>
struct PackWord {
  using Register = xsimd::batch<std::uint64_t, A>;
  Register v[K];
  PackWord() = default;
  CUGLMM_INLINE PackWord(std::uint64_t w) { CUGLMM_EACH(k) v[k] = Register(w); }
};

template <class A, int K = 1>
struct Pack {
  using Register = xsimd::batch<double, A>;
  Register v[K];
  Pack() = default;
  CUGLMM_INLINE Pack(double x) { CUGLMM_EACH(k) v[k] = Register(x); }

  CUGLMM_INLINE Pack& operator+=(const Pack& b) {
    CUGLMM_EACH(k) v[k] += b.v[k];
    return *this;
  }
  CUGLMM_INLINE Pack& operator-=(const Pack& b) {
    CUGLMM_EACH(k) v[k] -= b.v[k];
    return *this;
  }
  CUGLMM_INLINE Pack& operator*=(const Pack& b) {
    CUGLMM_EACH(k) v[k] *= b.v[k];
    return *this;
  }
};

template <class A, int K>
struct Lane<Pack<A, K>> {
  using Mask = PackMask<A, K>;
  using Word = PackWord<A, K>;
  static constexpr int register_width = static_cast<int>(xsimd::batch<double, A>::size);
  static constexpr int width = K * register_width, stretch = 1;
};

#define CUGLMM_BINARY(RESULT, NAME, EXPRESSION)                               \
  template <class A, int K>                                                   \
  CUGLMM_INLINE RESULT<A, K> NAME(const Pack<A, K>& a, const Pack<A, K>& b) { \
    RESULT<A, K> r;                                                           \
    CUGLMM_EACH(k) r.v[k] = EXPRESSION;                                       \
    return r;                                                                 \
  }                                                                           \
  template <class A, int K>                                                   \
  CUGLMM_INLINE RESULT<A, K> NAME(const Pack<A, K>& a, double b) {            \
    return NAME(a, Pack<A, K>(b));                                            \
  }                                                                           \
  template <class A, int K>                                                   \
  CUGLMM_INLINE RESULT<A, K> NAME(double a, const Pack<A, K>& b) {            \
    return NAME(Pack<A, K>(a), b);                                            \
  }

CUGLMM_BINARY(Pack, operator+, a.v[k] + b.v[k])
CUGLMM_BINARY(Pack, operator-, a.v[k] - b.v[k])
CUGLMM_BINARY(Pack, operator*, a.v[k] * b.v[k])
CUGLMM_BINARY(Pack, operator/, a.v[k] / b.v[k])
CUGLMM_BINARY(PackMask, operator<, a.v[k] < b.v[k])
CUGLMM_BINARY(PackMask, operator<=, a.v[k] <= b.v[k])
CUGLMM_BINARY(PackMask, operator>, a.v[k] > b.v[k])
CUGLMM_BINARY(PackMask, operator>=, a.v[k] >= b.v[k])
CUGLMM_BINARY(Pack, max_, xsimd::max(a.v[k], b.v[k]))
CUGLMM_BINARY(Pack, min_, xsimd::min(a.v[k], b.v[k]))

#define CUGLMM_UNARY(NAME, EXPRESSION)                 \
  template <class A, int K>                            \
  CUGLMM_INLINE Pack<A, K> NAME(const Pack<A, K>& a) { \
    Pack<A, K> r;                                      \
    CUGLMM_EACH(k) r.v[k] = EXPRESSION;                \
    return r;                                          \
  }

CUGLMM_UNARY(operator-, -a.v[k])
CUGLMM_UNARY(log_, xsimd::log(a.v[k]))
CUGLMM_UNARY(sqrt_, xsimd::sqrt(a.v[k]))
CUGLMM_UNARY(abs_, xsimd::abs(a.v[k]))
CUGLMM_UNARY(floor_, xsimd::floor(a.v[k]))

template <class A, int K>
CUGLMM_INLINE Pack<A, K> fma_(const Pack<A, K>& a, const Pack<A, K>& b, const Pack<A, K>& c) {
  Pack<A, K> r;
  CUGLMM_EACH(k) r.v[k] = xsimd::fma(a.v[k], b.v[k], c.v[k]);
  return r;
}

template <class A, int K>
CUGLMM_INLINE Pack<A, K> select_(const PackMask<A, K>& m, const Pack<A, K>& a, const Pack<A, K>& b) {
  Pack<A, K> r;
  CUGLMM_EACH(k) r.v[k] = xsimd::select(m.v[k], a.v[k], b.v[k]);
  return r;
}
template <class A, int K>
CUGLMM_INLINE Pack<A, K> select_(const PackMask<A, K>& m, const Pack<A, K>& a, double b) {
  return select_(m, a, Pack<A, K>(b));
}
template <class A, int K>
CUGLMM_INLINE Pack<A, K> select_(const PackMask<A, K>& m, double a, const Pack<A, K>& b) {
  return select_(m, Pack<A, K>(a), b);
}
template <class A, int K>
CUGLMM_INLINE PackMask<A, K> finite_(const Pack<A, K>& x) {
  return abs_(x) <= 1.7976931348623157e308;
}

template <class A, int K>
CUGLMM_INLINE Pack<A, K> lookup_(const double* table, const Pack<A, K>& index) {
  Pack<A, K> r;
  for (int lane = 0; lane < Lane<Pack<A, K>>::width; ++lane)
    reinterpret_cast<double*>(&r)[lane] =
        table[static_cast<int>(reinterpret_cast<const double*>(&index)[lane])];
  return r;
}

template <class A, int K>
CUGLMM_INLINE PackMask<A, K> and_(const PackMask<A, K>& a, const PackMask<A, K>& b) {
  PackMask<A, K> r;
  CUGLMM_EACH(k) r.v[k] = a.v[k] && b.v[k];
  return r;
}
template <class A, int K>
CUGLMM_INLINE PackMask<A, K> or_(const PackMask<A, K>& a, const PackMask<A, K>& b) {
  PackMask<A, K> r;
  CUGLMM_EACH(k) r.v[k] = a.v[k] || b.v[k];
  return r;
}
template <class A, int K>
CUGLMM_INLINE PackMask<A, K> not_(const PackMask<A, K>& a) {
  PackMask<A, K> r;
  CUGLMM_EACH(k) r.v[k] = !a.v[k];
  return r;
}
template <class A, int K>
CUGLMM_INLINE bool any_(const PackMask<A, K>& m) {
  auto r = m.v[0];
  for (int k = 1; k < K; ++k) r = r || m.v[k];
  return xsimd::any(r);
}
template <class A, int K>
CUGLMM_INLINE bool all_(const PackMask<A, K>& m) {
  return !any_(not_(m));
}

// xsimd 8.1's exp is slow on AVX2 and flushes early (docs/design.md, "Functions of a pack"): exp(x) = 2^n
// exp(r), n = round(x / log 2) by adding 1.5 * 2^52, r by Cody-Waite in two parts, exp(r) by its Taylor
// polynomial of degree 13 in Estrin's order, 2^n by integer shift and add: arguments are clamped to +-708, so
// the exponent cannot wrap. Error: below 2.5 ulp on [-708, 708] (tests/kernels/functions_test.cpp); 1.01 ulp
// if the polynomial's 1 were added last, for 7 % more time (AVX2).
template <class A>
CUGLMM_INLINE xsimd::batch<double, A> exp_register(xsimd::batch<double, A> x) {
  using B = xsimd::batch<double, A>;
  using I = xsimd::batch<std::int64_t, A>;
  const B clamped = xsimd::min(xsimd::max(x, B(-708.0)), B(708.0));
  const B magic(6755399441055744.0);  // 1.5 * 2^52
  const B shifted = xsimd::fma(clamped, B(1.4426950408889634), magic);
  const B n = shifted - magic;
  B r = xsimd::fma(n, B(-6.93147180369123816490e-01), clamped);
  r = xsimd::fma(n, B(-1.90821492927058770002e-10), r);
  const B r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
  const B p1 = r;  // the 1 is added last, to what is then at most 0.42
  const B p23 = xsimd::fma(r, B(1.0 / 6), B(0.5));
  const B p45 = xsimd::fma(r, B(1.0 / 120), B(1.0 / 24));
  const B p67 = xsimd::fma(r, B(1.0 / 5040), B(1.0 / 720));
  const B p89 = xsimd::fma(r, B(1.0 / 362880), B(1.0 / 40320));
  const B pab = xsimd::fma(r, B(1.0 / 39916800), B(1.0 / 3628800));
  const B pcd = xsimd::fma(r, B(1.0 / 6227020800.0), B(1.0 / 479001600));
  const B p03 = xsimd::fma(r2, p23, p1), p47 = xsimd::fma(r2, p67, p45), p8b = xsimd::fma(r2, pab, p89);
  const B p07 = xsimd::fma(r4, p47, p03), p8d = xsimd::fma(r4, pcd, p8b);
  const B p = xsimd::fma(r8, p8d, p07) + B(1.0);
  const I bits = xsimd::bitwise_cast<I>(p) + (xsimd::bitwise_cast<I>(shifted) << 52);
  const B result = xsimd::bitwise_cast<B>(bits);
  return xsimd::select(x == x, result, x);  // NaN stays NaN: max(NaN, -708) would hide it
}

CUGLMM_UNARY(exp_, exp_register<A>(a.v[k]))

// ---- words
// ------------------------------------------------------------------------------------------------------
#define CUGLMM_WORD(NAME, EXPRESSION)                                                   \
  template <class A, int K>                                                             \
  CUGLMM_INLINE PackWord<A, K> NAME(const PackWord<A, K>& a, const PackWord<A, K>& b) { \
    PackWord<A, K> r;                                                                   \
    CUGLMM_EACH(k) r.v[k] = EXPRESSION;                                                 \
    return r;                                                                           \
  }
CUGLMM_WORD(operator+, a.v[k] + b.v[k])
CUGLMM_WORD(operator^, a.v[k] ^ b.v[k])
CUGLMM_WORD(operator&, a.v[k] & b.v[k])
CUGLMM_WORD(operator|, a.v[k] | b.v[k])

template <class A, int K>
CUGLMM_INLINE PackWord<A, K> operator>>(const PackWord<A, K>& a, int n) {
  PackWord<A, K> r;
  CUGLMM_EACH(k) r.v[k] = a.v[k] >> n;
  return r;
}
template <class A, int K>
CUGLMM_INLINE PackWord<A, K> operator<<(const PackWord<A, K>& a, int n) {
  PackWord<A, K> r;
  CUGLMM_EACH(k) r.v[k] = a.v[k] << n;
  return r;
}

// The product of the low 32 bits of each lane, which is one instruction everywhere, unlike a 64-bit product.
CUGLMM_INLINE xsimd::batch<std::uint64_t, xsimd::sse2> multiply_registers(
    xsimd::batch<std::uint64_t, xsimd::sse2> a, xsimd::batch<std::uint64_t, xsimd::sse2> b) {
  return _mm_mul_epu32(a, b);
}
#if defined(__AVX2__)
template <class A>
CUGLMM_INLINE xsimd::batch<std::uint64_t, A> multiply_registers(xsimd::batch<std::uint64_t, A> a,
                                                                xsimd::batch<std::uint64_t, A> b) {
#if defined(__AVX512F__)
  if constexpr (xsimd::batch<std::uint64_t, A>::size == 8)
    return _mm512_mul_epu32(a, b);
  else
#endif
    return _mm256_mul_epu32(a, b);
}
#endif

template <class A, int K>
CUGLMM_INLINE PackWord<A, K> multiply_words_(const PackWord<A, K>& a, const PackWord<A, K>& b) {
  PackWord<A, K> r;
  CUGLMM_EACH(k) r.v[k] = multiply_registers(a.v[k], b.v[k]);
  return r;
}

template <class A, int K>
CUGLMM_INLINE Pack<A, K> unit_interval_(const PackWord<A, K>& bits, const Pack<A, K>&) {
  using B = xsimd::batch<double, A>;
  using U = xsimd::batch<std::uint64_t, A>;
  Pack<A, K> r;
  CUGLMM_EACH(k)
  r.v[k] = xsimd::bitwise_cast<B>(bits.v[k] | U(0x3ff0000000000000u)) - B(0x1.fffffffffffffp-1);
  return r;
}

}  // namespace cuglmm
