/// Standard deviations and correlations of random effects.
#pragma once

#include <vector>

#include <cuglmm/fit.hpp>

namespace cuglmm {

std::vector<VarCorr> make_varcorr(const Model& model, const Eigen::VectorXd& theta, double sigma);

}  // namespace cuglmm
