/// The standard normal distribution.
#pragma once

namespace cuglmm {

/// P(|Z| > |z|), accurate far out in the tail; NaN for NaN.
double two_sided_p_value(double z);

/// qnorm(p), 0 < p < 1.
double normal_quantile(double p);

}  // namespace cuglmm
