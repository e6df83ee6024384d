/// A Real of one lane that belongs to an instruction set: what is templated on it has a copy for each, and
/// the linker cannot hand one level's code to another (docs/design.md, "Run-time dispatch").
#pragma once

#include <kernels/cpu/pack.hpp>

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
};

}  // namespace cuglmm
