/// Start and inverse Hessian of the optimizer (design.md 1.7).
#pragma once

#include <Eigen/Core>

#include <host/engine/engine.hpp>
#include <host/plan/plan_data.hpp>

namespace cuglmm {

/// theta^2 = max(tau, sqrt(2/I)/4) from an evaluation with moments at theta = 0.
Eigen::VectorXd score_theta(const Paths& paths, const ProblemEvaluation& at_zero);

/// The same of a linear model, which needs no evaluation for it: at theta = 0 the rows are independent.
Eigen::VectorXd score_theta(const PlanData& plan, const ResponseSums& sums);

/// Inverse of the expected Hessian of -2 log L: theta block term by term from the moments, beta block from
/// the information.
Eigen::MatrixXd expected_inverse_hessian(const Paths& paths, const Eigen::VectorXd& theta,
                                         const ProblemEvaluation& at, const Eigen::MatrixXd& information);

}  // namespace cuglmm
