/// Row by row: linear predictor, mean and residuals at the conditional modes.
#pragma once

#include <cuglmm/fit.hpp>

namespace cuglmm {

/// Fills eta, mu, pearson and deviance_residuals of the fit from its beta and modes.
void add_residuals(Fit& fit);

}  // namespace cuglmm
