/// The arbiter of the test suite: design section 1 once more, in dense Eigen, one problem, no cleverness.
///
/// Nothing is collapsed, split into components or eliminated: Z is n x q and dense. Linear models:
/// linear.hpp.
#pragma once

#include <Eigen/Core>
#include <vector>

#include <cuglmm/model.hpp>
#include <tests/reference/random_effects.hpp>

namespace cuglmm::reference {

/// Objective and exact gradient at (theta, beta) (design 1.1, 1.2), at the mode u.
struct Laplace {
  double minus2_log_likelihood =
      0;                           ///< saturated + D + |u|^2 + log|H|: the true -2 log L, as lme4 reports it
  Eigen::VectorXd gradient;        ///< of it in (theta, beta); of joint() in theta
  Eigen::VectorXd beta;            ///< p: that given, or of joint() the mode
  Eigen::VectorXd u;               ///< q: the mode
  Eigen::VectorXd eta;             ///< n: X beta + Z Lambda u + offset
  Eigen::VectorXd s, w;            ///< n: scores and expected weights at the mode
  std::vector<Eigen::MatrixXd> G;  ///< dd/dSigma_j, symmetric, q_j x q_j
  Eigen::MatrixXd H;               ///< q x q: Lambda' Z' W Z Lambda + I
  double saturated = 0, D = 0, u_squared = 0, log_det = 0;
};

/// PIRLS from u = 0 to a squared Newton decrement of 1e-20 (relative to 1 + F). Throws std::runtime_error if
/// it does not get there.
Laplace laplace(const Model& model, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta);

/// nAGQ = 0 (design 1.4): beta joins u without a penalty; d at that mode and its gradient in theta.
Laplace joint(const Model& model, const Eigen::VectorXd& theta);

/// Blocks of Lambda H^-1 Lambda' (design 1.6): per term, per level, q_j x q_j.
std::vector<std::vector<Eigen::MatrixXd>> conditional_variances(const Model& model,
                                                                const Eigen::VectorXd& theta,
                                                                const Eigen::VectorXd& beta);

/// (X'WX - X'WZ Lambda H^-1 Lambda' Z'WX)^-1 (design 1.6).
Eigen::MatrixXd vcov_rx(const Model& model, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta);

/// Of -2 log L in (theta, beta): central differences of the exact gradient, symmetrised.
Eigen::MatrixXd full_hessian(const Model& model, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta);

/// beta block of 2 full_hessian^-1 (design 1.6).
Eigen::MatrixXd vcov_hessian(const Model& model, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta);

/// Expected Hessian (design 1.7): theta block sum_l tr(T_ll E_k T_ll E_m), zero between terms; beta block 2
/// RX' RX.
Eigen::MatrixXd information(const Model& model, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta);

/// theta of the start (design 1.7): from one evaluation at theta = 0; off-diagonals 0.
Eigen::VectorXd score_start(const Model& model, const Eigen::VectorXd& beta);

/// beta of the GLM without random effects.
Eigen::VectorXd glm(const Model& model);

struct Optimum {
  Eigen::VectorXd theta;  ///< diagonals of the templates not negative
  Eigen::VectorXd beta;
  double minus2_log_likelihood = 0;
  Eigen::VectorXd gradient;
  double decrement = 0;  ///< g'Bg/2 at the end: how much lower the optimum may still be
};

/// Plain BFGS from the score start and from Lambda = I; the better of the two. For small models only.
Optimum fit(const Model& model, double tolerance = 1e-12);

/// The same of joint(): over theta alone.
Optimum fit_joint(const Model& model, double tolerance = 1e-12);

}  // namespace cuglmm::reference
