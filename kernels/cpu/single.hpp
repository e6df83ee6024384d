/// A Real of one lane that belongs to an instruction set: what is templated on it has a copy for each, and
/// the linker cannot hand one level's code to another (docs/design.md, "Run-time dispatch").
#pragma once

#include <kernels/cpu/pack.hpp>
#include <kernels/stretch.hpp>

namespace cuglmm {

template <class A>
struct Single {
  double value;
  Single() = default;
  CUGLMM_INLINE Single(double x) : value(x) {}
  CUGLMM_INLINE operator double() const { return value; }
  CUGLMM_INLINE Single& operator+=(double x) {
    value += x;
    return *this;
  }
  CUGLMM_INLINE Single& operator-=(double x) {
    value -= x;
    return *this;
  }
  CUGLMM_INLINE Single& operator*=(double x) {
    value *= x;
    return *this;
  }
};

template <class A>
struct Lane<Single<A>> {
  using Mask = bool;
  using Word = std::uint64_t;
  static constexpr int register_width = 1, width = 1;
  static constexpr int stretch = static_cast<int>(xsimd::batch<double, A>::size);
};

template <class A>
CUGLMM_INLINE Single<A> dot(const Lanes<Single<A>>& a, const Lanes<Single<A>>& b, Index n) {
  using Wide = xsimd::batch<double, A>;
  constexpr Index width = Wide::size;
  const double *x = reinterpret_cast<const double*>(a.at), *y = reinterpret_cast<const double*>(b.at);
  Index i = 0;
  double sum = 0;
  if (n >= width) {
    Wide even(0.0), odd(0.0);  // two chains of arithmetic side by side
    for (; i + 2 * width <= n; i += 2 * width) {
      even = xsimd::fma(Wide::load_unaligned(x + i), Wide::load_unaligned(y + i), even);
      odd = xsimd::fma(Wide::load_unaligned(x + i + width), Wide::load_unaligned(y + i + width), odd);
    }
    if (i + width <= n) {
      even = xsimd::fma(Wide::load_unaligned(x + i), Wide::load_unaligned(y + i), even);
      i += width;
    }
    alignas(64) double each[width];
    (even + odd).store_aligned(each);
    for (const double part : each) sum += part;
  }
  for (; i < n; ++i) sum = fma_(x[i], y[i], sum);
  return sum;
}

template <class A>
CUGLMM_INLINE void subtract(const Lanes<Single<A>>& y, const Single<A>& factor, const Lanes<Single<A>>& x,
                            Index n) {
  using Wide = xsimd::batch<double, A>;
  constexpr Index width = Wide::size;
  double* to = reinterpret_cast<double*>(y.at);
  const double *from = reinterpret_cast<const double*>(x.at), minus = -factor.value;
  Index i = 0;
  for (; i + width <= n; i += width)
    xsimd::fma(Wide(minus), Wide::load_unaligned(from + i), Wide::load_unaligned(to + i))
        .store_unaligned(to + i);
  for (; i < n; ++i) to[i] = fma_(minus, from[i], to[i]);
}

template <class A>
CUGLMM_INLINE void subtract_several(const Lanes<Single<A>>& y, const Single<A>* factor,
                                    const Lanes<Single<A>>* x, Index n) {
  using Wide = xsimd::batch<double, A>;
  constexpr Index width = Wide::size;
  double* to = reinterpret_cast<double*>(y.at);
  const double* from[kSeveral];
  for (int k = 0; k < kSeveral; ++k) from[k] = reinterpret_cast<const double*>(x[k].at);
  Index i = 0;
  for (; i + width <= n; i += width) {
    Wide sum = Wide::load_unaligned(to + i);
    for (int k = 0; k < kSeveral; ++k)
      sum = xsimd::fma(Wide(-factor[k].value), Wide::load_unaligned(from[k] + i), sum);
    sum.store_unaligned(to + i);
  }
  for (; i < n; ++i)
    for (int k = 0; k < kSeveral; ++k) to[i] = fma_(-factor[k].value, from[k][i], to[i]);
}

}  // namespace cuglmm
