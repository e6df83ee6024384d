/// Logarithms of products.
#pragma once

#include <kernels/real.hpp>

namespace cuglmm {

/// log of a product: one log for many factors >= 1. A lane whose product has grown is flushed; the others are
/// untouched.
template <class Real>
struct LogProduct {
  Real sum = 0.0, product = 1.0;

  CUGLMM_HD void times(const Real& factor) { product *= factor; }
  /// Call at least every 512 factors up to 2, or after each factor that may be large (below 1e100).
  CUGLMM_HD void flush() {
    const auto large = product > 1e150;
    if (any_(large)) {
      sum = select_(large, sum + log_(product), sum);
      product = select_(large, Real(1.0), product);
    }
  }
  /// Takes in another product, itself below 1e150.
  CUGLMM_HD void times(const LogProduct& other) {
    sum += other.sum;
    product *= other.product;
    flush();
  }
  CUGLMM_HD Real value() const { return sum + log_(product); }
};

}  // namespace cuglmm
