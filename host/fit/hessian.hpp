/// Second derivatives at the optimum (design.md 1.6).
#pragma once

#include <Eigen/Core>

#include <host/engine/engine.hpp>

namespace cuglmm {

/// Hessian of -2 log L in (theta, beta), k x k, by central differences of the exact gradient, symmetrised: 2
/// k evaluations. `scale`: k, about the standard error of each parameter.
Eigen::MatrixXd hessian(Problem& problem, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta,
                        const Eigen::VectorXd& scale);

}  // namespace cuglmm
