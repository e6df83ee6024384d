/// Gaussian, identity link: a linear mixed model (design 1.3), beta and sigma profiled out, in dense Eigen.
#pragma once

#include <Eigen/Core>
#include <vector>

#include <tests/reference/laplace.hpp>

namespace cuglmm::reference {

/// Everything at a theta; sigma as the criterion asked for has it. G and the information are in the relative
/// scale: Sigma_j = Lambda_j Lambda_j', the covariance of b over sigma^2.
struct Linear {
  double criterion = 0;               ///< -2 log L, or the REML criterion
  Eigen::VectorXd gradient;           ///< m
  std::vector<Eigen::MatrixXd> G;     ///< d criterion / dSigma_j, symmetric
  Eigen::MatrixXd theta_information;  ///< m x m: as of a GLMM (design 1.7)
  Eigen::VectorXd beta, u, eta;       ///< joint solution; eta = X beta + Z Lambda u + offset
  double r2 = 0;                      ///< res' W res + |u|^2
  double sigma = 0;
  Eigen::MatrixXd vcov;                                ///< p x p: of beta
  std::vector<std::vector<Eigen::MatrixXd>> variance;  ///< of b, per term, per level
};

/// The prior weights must be positive.
Linear linear(const Model& model, const Eigen::VectorXd& theta, bool reml);

/// Plain BFGS as reference::fit(), over theta, from two starts.
Optimum fit_linear(const Model& model, bool reml, double tolerance = 1e-12);

}  // namespace cuglmm::reference
