/// Sample quantiles.
#pragma once

#include <vector>

namespace cuglmm {

/// R's quantile(x, p), type 7; sorted: ascending, without NaN. NaN if it is empty.
double quantile(const std::vector<double>& sorted, double p);

}  // namespace cuglmm
