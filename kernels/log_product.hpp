/// Logarithms of products.
#pragma once

#include <kernels/real.hpp>

namespace cuglmm {

/// log of a product: one log for many factors. A lane whose product has left [1e-150, 1e150] is flushed; the
/// others are untouched.
template <class Real>
struct LogProduct {
  Real sum = 0.0, product = 1.0;

  CUGLMM_HD void times(const Real& factor) { product *= factor; }
  /// Call at least every 500 factors between 1/2 and 2, or after each factor that may be extreme (within
  /// 1e-150 and 1e150).
  CUGLMM_HD void flush() {
    const auto extreme = or_(product > 1e150, product < 1e-150);
    if (any_(extreme)) {
      sum = select_(extreme, sum + log_(product), sum);
      product = select_(extreme, Real(1.0), product);
    }
  }
  /// Takes in another product, itself just flushed.
  CUGLMM_HD void times(const LogProduct& other) {
    sum += other.sum;
    product *= other.product;
    flush();
  }
  CUGLMM_HD Real value() const { return sum + log_(product); }
};

}  // namespace cuglmm
