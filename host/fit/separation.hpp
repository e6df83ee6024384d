/// Do the estimates exist? (design.md 1.7)
#pragma once

#include <Eigen/Core>

#include <host/plan/plan_data.hpp>

namespace cuglmm {

/// True if the standard error of some row's x'beta exceeds 100: a linear predictor that runs to infinity.
bool separated(const PlanData& plan, const Eigen::MatrixXd& information);

}  // namespace cuglmm
