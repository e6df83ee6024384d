/// What the scaled residuals of a fit spread over.
#pragma once

#include <array>

#include <cuglmm/fit.hpp>

namespace cuglmm {

/// Minimum, quartiles and maximum of the Pearson residuals divided by sigma, those that are NaN left out.
std::array<double, 5> scaled_quartiles(const Fit& fit);

}  // namespace cuglmm
