/// The functions of a family with its canonical link that the lanes need (design.md 1.1). With a canonical
/// link the likelihood is exp(y eta - b(eta)), b the cumulant: mu = b', unit weight V = b'', its derivative
/// V' = b'''. Then s = p (y - mu), w = o = p V, w' = o' = p V'.
///
/// To add one: mean() of eta, variance() and variance_derivative() of mu, a Cumulant that sums 2 p b(eta),
/// and simulate.hpp.
#pragma once

#include <kernels/log_product.hpp>
#include <kernels/logistic.hpp>

namespace cuglmm {

struct BinomialLogit {
  template <class Real>
  CUGLMM_HD static Real mean(const Real& eta) {
    return logistic_(eta);
  }
  /// Sum over rows of 2 p b(eta), b = log(1 + exp(eta)) = max(eta, 0) - log max(mu, 1 - mu): exact to 1e-16.
  template <class Real, bool UnitWeights>
  struct Cumulant {
    Real sum = 0.0;
    LogProduct<Real> log_product;

    CUGLMM_HD void add(const Real& eta, const Real& mu, const Real& p, Index row) {
      const Real positive = max_(eta, 0.0), likelier = max_(mu, 1.0 - mu);
      if constexpr (UnitWeights) {  // 1/2 <= likelier <= 1: one log for up to 256 rows
        sum += positive;
        log_product.times(likelier);
        if ((row & 255) == 255) log_product.flush();
      } else {
        sum = fma_(p, positive - log_(likelier), sum);
      }
    }
    CUGLMM_HD Real twice() const { return UnitWeights ? 2.0 * (sum - log_product.value()) : 2.0 * sum; }
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
  template <class Real>
  CUGLMM_HD static Real mean(const Real& eta) {
    return exp_(eta);
  }
  template <class Real, bool UnitWeights>
  struct Cumulant {
    Real sum = 0.0;
    CUGLMM_HD void add(const Real&, const Real& mu, const Real& p, Index) { sum = fma_(p, mu, sum); }
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
