/// The functions of a family with its canonical link that the lanes need (design.md 1.1). With a canonical
/// link the likelihood is exp(y eta - b(eta)), b the cumulant: mu = b', unit weight V = b'', its derivative
/// V' = b'''. Then s = p (y - mu), w = o = p V, w' = o' = p V'.
///
/// To add one: mean(), variance() and variance_derivative() from mu, a Cumulant that sums 2 p b(eta), and
/// simulate.hpp.
#pragma once

#include <kernels/log_product.hpp>

namespace cuglmm {

struct BinomialLogit {
  /// mu, and the row's 2 p b(eta) = 2 p log(1 + exp(eta)) added to a sum.
  template <class Real, bool UnitWeights>
  struct Cumulant {
    Real sum = 0.0;
    LogProduct<Real> log_product;

    CUGLMM_HD Real mean(const Real& eta, const Real& p, Index row) {
      const Real e = exp_(-abs_(eta));  // cannot overflow
      const Real one_e = 1.0 + e, positive = max_(eta, 0.0);
      const Real mu = select_(eta >= 0.0, Real(1.0), e) / one_e;
      if constexpr (UnitWeights) {  // 1 + e <= 2: one log for up to 256 rows
        sum += positive;
        log_product.times(one_e);
        if ((row & 255) == 255) log_product.flush();
      } else {
        sum = fma_(p, positive + log_(one_e), sum);
      }
      return mu;
    }
    CUGLMM_HD Real twice() const { return UnitWeights ? 2.0 * (sum + log_product.value()) : 2.0 * sum; }
  };
  template <class Real>
  CUGLMM_HD static Real variance(const Real& mu) {
    return mu * (1.0 - mu);
  }
  /// V' / V.
  template <class Real>
  CUGLMM_HD static Real variance_derivative(const Real& mu) {
    return 1.0 - 2.0 * mu;
  }
};

struct PoissonLog {
  template <class Real, bool UnitWeights>
  struct Cumulant {
    Real sum = 0.0;
    CUGLMM_HD Real mean(const Real& eta, const Real& p, Index) {
      const Real mu = exp_(eta);
      sum = fma_(p, mu, sum);
      return mu;
    }
    CUGLMM_HD Real twice() const { return 2.0 * sum; }
  };
  template <class Real>
  CUGLMM_HD static Real variance(const Real& mu) {
    return mu;
  }
  template <class Real>
  CUGLMM_HD static Real variance_derivative(const Real&) {
    return Real(1.0);
  }
};

}  // namespace cuglmm
