/// The way towards the optimum by estimated scores, where evaluations to all digits are dear (design.md 2).
#pragma once

#include <Eigen/Core>
#include <optional>

#include <host/engine/engine.hpp>

namespace cuglmm {

struct FirstStage {
  Eigen::VectorXd theta, beta;      ///< beta: where it is profiled, the start
  Eigen::MatrixXd inverse_hessian;  ///< k x k
};

/// From (theta, beta) to about the optimum; nothing where the problem has no estimates, or none could be
/// made.
std::optional<FirstStage> first_stage(Problem& problem, const PlanData& plan, const Eigen::VectorXd& theta,
                                      const Eigen::VectorXd& beta);

}  // namespace cuglmm
