#include <cmath>
#include <vector>

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <tests/reference/laplace.hpp>

namespace cuglmm::reference {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// X'WX - X'WZ Lambda H^-1 Lambda' Z'WX: inverse of vcov_rx.
MatrixXd RX_squared(const Model& model, const MatrixXd& A, const Laplace& f) {
  const MatrixXd XWA = model.X.transpose() * f.w.asDiagonal() * A;
  return model.X.transpose() * f.w.asDiagonal() * model.X - XWA * f.H.llt().solve(XWA.transpose());
}

}  // namespace

std::vector<std::vector<MatrixXd>> conditional_variances(const Model& model, const VectorXd& theta,
                                                         const VectorXd& beta) {
  const MatrixXd L = Lambda(model, theta);
  return diagonal_blocks(model, L * laplace(model, theta, beta).H.llt().solve(L.transpose()));
}

MatrixXd vcov_rx(const Model& model, const VectorXd& theta, const VectorXd& beta) {
  return RX_squared(model, dense_Z(model) * Lambda(model, theta), laplace(model, theta, beta)).inverse();
}

MatrixXd full_hessian(const Model& model, const VectorXd& theta, const VectorXd& beta) {
  const Eigen::Index m = theta.size(), k = m + beta.size();
  VectorXd psi(k);
  psi << theta, beta;
  const auto gradient = [&](const VectorXd& x) { return laplace(model, x.head(m), x.tail(k - m)).gradient; };
  MatrixXd hessian(k, k);
  for (Eigen::Index i = 0; i < k; ++i) {
    const VectorXd step = 1e-4 * std::max(1.0, std::abs(psi[i])) * VectorXd::Unit(k, i);
    hessian.col(i) = (gradient(psi + step) - gradient(psi - step)) / (2 * step[i]);
  }
  return (hessian + hessian.transpose()) / 2;
}

MatrixXd vcov_hessian(const Model& model, const VectorXd& theta, const VectorXd& beta) {
  const MatrixXd inverse = full_hessian(model, theta, beta).inverse();
  return 2 * inverse.bottomRightCorner(beta.size(), beta.size());
}

MatrixXd information(const Model& model, const VectorXd& theta, const VectorXd& beta) {
  const Laplace f = laplace(model, theta, beta);
  const MatrixXd Z = dense_Z(model), A = Z * Lambda(model, theta), ZWA = Z.transpose() * f.w.asDiagonal() * A;
  const MatrixXd T = Z.transpose() * f.w.asDiagonal() * Z - ZWA * f.H.llt().solve(ZWA.transpose());
  const Eigen::Index m = theta.size(), p = beta.size();
  MatrixXd result = MatrixXd::Zero(m + p, m + p);
  result.topLeftCorner(m, m) = theta_information(model, theta, T);
  result.bottomRightCorner(p, p) = 2 * RX_squared(model, A, f);
  return result;
}

VectorXd score_start(const Model& model, const VectorXd& beta) {
  const Laplace f = laplace(model, VectorXd::Zero(model.theta_size()), beta);
  const MatrixXd Z = dense_Z(model);
  const VectorXd S = Z.transpose() * f.s, T = Z.cwiseAbs2().transpose() * f.w;
  VectorXd theta = VectorXd::Zero(model.theta_size());
  Eigen::Index at = 0, k = 0;
  for (const RandomTerm& term : model.terms) {
    const int q = term.size();
    for (int c = 0; c < q; ++c) {
      double G = 0, I = 0;
      for (Eigen::Index l = 0; l < levels(model, term); ++l) {
        const Eigen::Index i = at + l * q + c;
        G += T[i] - S[i] * S[i];
        I += T[i] * T[i];
      }
      theta[k] = std::sqrt(std::max(-G / I, std::sqrt(2 / I) / 4));
      k += q - c;
    }
    at += levels(model, term) * q;
  }
  return theta;
}

}  // namespace cuglmm::reference
