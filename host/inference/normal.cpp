#include <host/inference/normal.hpp>

#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace cuglmm {

double two_sided_p_value(double z) {
  if (std::isnan(z)) return z;
  if (std::isinf(z)) return 0;
  return 2 * cdf(complement(boost::math::normal(), std::abs(z)));
}

double normal_quantile(double p) { return quantile(boost::math::normal(), p); }

}  // namespace cuglmm
