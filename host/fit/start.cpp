#include <host/fit/start.hpp>

#include <Eigen/Eigenvalues>

#include <kernels/singular.hpp>

namespace cuglmm {
namespace {

int theta_entries(const TermView& t) { return t.size * (t.size + 1) / 2; }

/// Inverse of a positive definite matrix; eigenvalues below 1e-10 of the largest are lifted to it.
Eigen::MatrixXd safe_inverse(const Eigen::MatrixXd& H) {
  if (H.size() == 0) return H;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(H);
  const Eigen::VectorXd values = eigen.eigenvalues();
  const double floor = std::max(values.cwiseAbs().maxCoeff() * 1e-10, 1e-300);
  return eigen.eigenvectors() * values.cwiseMax(floor).cwiseInverse().asDiagonal() *
         eigen.eigenvectors().transpose();
}

}  // namespace

Eigen::VectorXd score_theta(const Paths& paths, const ProblemEvaluation& at_zero) {
  Eigen::VectorXd theta(paths.m);
  Eigen::Index TT = 0;
  for (const TermView& t : paths.terms) {
    Singular<double>::score_start(at_zero.G.data() + t.theta, at_zero.TT.data() + TT, t.size,
                                  theta.data() + t.theta);
    TT += theta_entries(t) * theta_entries(t);
  }
  return theta;
}

Eigen::MatrixXd expected_inverse_hessian(const Paths& paths, const Eigen::VectorXd& theta,
                                         const ProblemEvaluation& at, const Eigen::MatrixXd& information) {
  const Eigen::Index p = information.rows();
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Zero(paths.m + p, paths.m + p);
  Eigen::Index TT = 0;
  for (const TermView& t : paths.terms) {
    const int s = theta_entries(t);
    Eigen::MatrixXd H(s, s);
    Singular<double>::theta_information(theta.data() + t.theta, t.size, at.TT.data() + TT,
                                        at.G.data() + t.theta, H.data());
    inverse.block(t.theta, t.theta, s, s) = safe_inverse(H);
    TT += s * s;
  }
  inverse.bottomRightCorner(p, p) = safe_inverse(2 * information);
  return inverse;
}

}  // namespace cuglmm
