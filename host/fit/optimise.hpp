/// The optimizer of a single fit: the lanes' state machine (kernels/bfgs.hpp) with one lane.
#pragma once

#include <Eigen/Core>
#include <optional>

#include <cuglmm/status.hpp>
#include <host/engine/engine.hpp>

namespace cuglmm {

/// For the values that are reported: the objective is then exact to rounding, and the gradient to the digits
/// that one-sided differences leave (at 1e-14, standard errors of 300 Poisson counts had five).
constexpr double kReportedModeTolerance = 1e-16;

/// Of the modes of a single fit's evaluations (kernels/bfgs.hpp).
double mode_tolerance(double decrease, double tolerance);

struct Optimum {
  Eigen::VectorXd theta, beta;      ///< beta: where it is profiled, the start
  Eigen::MatrixXd inverse_hessian;  ///< BFGS's
  Status status = Status::failed;   ///< converged, singular, not_converged or failed
  int evaluations = 0;
  bool early = false;                   ///< the search was left (OptimiseOptions::leave)
  std::optional<ProblemEvaluation> at;  ///< there, with moments, if the last evaluation was to all digits
};

struct OptimiseOptions {
  double tolerance = 1e-8;
  int max_evaluations = 200;
  Eigen::MatrixXd inverse_hessian{};  ///< k x k, at the start; empty: the expected one
  double leave = 0;  ///< the predicted decrease at which the search is left, no variance being nearly zero
};

/// From (theta, beta): the inverse Hessian is the expected one there, renewed with the first steps; a
/// singular optimum is checked and left if it is a saddle (design.md 1.2, 1.7). The last evaluations have the
/// reported mode tolerance, so that the estimate need not be evaluated once more.
Optimum optimise(Problem& problem, const PlanData& plan, const Eigen::VectorXd& theta,
                 const Eigen::VectorXd& beta, const OptimiseOptions& options);

}  // namespace cuglmm
