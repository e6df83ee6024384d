/// Second derivatives at the optimum (design.md 1.6).
#pragma once

#include <Eigen/Core>

#include <host/engine/engine.hpp>

namespace cuglmm {

/// Central: 2 k evaluations, standard errors to about 1e-6. Forward: k, to about 2e-5 (design.md 1.6).
enum class Differences { central, forward };

/// Hessian of -2 log L in (theta, beta), k x k, by differences of the exact gradient, symmetrised. `scale`:
/// k, about the standard error of each parameter; `gradient`: at (theta, beta).
Eigen::MatrixXd hessian(Problem& problem, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta,
                        const Eigen::VectorXd& gradient, const Eigen::VectorXd& scale,
                        Differences differences);

/// The same by forward differences, the evaluations side by side in the lanes of a feed, which holds the
/// problem in each of them.
Eigen::MatrixXd hessian(Engine& engine, Feed& feed, const Eigen::VectorXd& psi,
                        const Eigen::VectorXd& gradient, const Eigen::VectorXd& scale, double mode_tolerance);

}  // namespace cuglmm
