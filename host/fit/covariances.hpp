/// Standard errors of a fit, and the last steps to its optimum, which the Hessian that they need brings.
#pragma once

#include <cuglmm/fit.hpp>
#include <host/engine/engine.hpp>
#include <host/fit/optimise.hpp>

namespace cuglmm {

/// What a fit is made with, and what is known at its estimate.
struct FitWork {
  const PlanData& plan;
  Engine& engine;
  Problem& problem;
  const ResponseSums& sums;
  ProblemEvaluation at{};
  Eigen::MatrixXd information{};  ///< about beta: p x p
};

/// Takes an optimum: theta, beta, sigma, |u|^2, vcov_rx and status into fit, its evaluation into work.at.
void take(Fit& fit, FitWork& work, const Optimum& optimum);

/// After take(): vcov and inverse_hessian (design.md 1.6). Newton's steps with the Hessian end at the optimum
/// where the search has not (1.7); `search` is how that goes on where they don't.
void add_covariances(Fit& fit, FitWork& work, const Optimum& optimum, const OptimiseOptions& search);

}  // namespace cuglmm
