#include <tests/reference/linear.hpp>

#include <cmath>

#include <Eigen/Dense>

namespace cuglmm::reference {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

double log_determinant(const MatrixXd& A) {
  return 2 * MatrixXd(A.llt().matrixL()).diagonal().array().log().sum();
}

MatrixXd inverse(const MatrixXd& A) { return A.llt().solve(MatrixXd::Identity(A.rows(), A.cols())); }

/// [Lambda'Z'WZ Lambda + I, Lambda'Z'WX; X'WZ Lambda, X'WX] for B = [Z Lambda, X].
MatrixXd normal_equations(const Model& model, const MatrixXd& B, Eigen::Index q) {
  MatrixXd A = B.transpose() * model.weights.asDiagonal() * B;
  A.diagonal().head(q).array() += 1;
  return A;
}

}  // namespace

Linear linear(const Model& model, const VectorXd& theta, bool reml) {
  const MatrixXd Z = dense_Z(model), L = Lambda(model, theta);
  const Eigen::Index n = model.rows(), q = Z.cols(), p = model.X.cols();
  MatrixXd B(n, q + p);
  B << Z * L, model.X;
  const MatrixXd A = normal_equations(model, B, q), H = A.topLeftCorner(q, q);
  const VectorXd y = model.y - model.offset;
  const VectorXd joint = A.llt().solve(B.transpose() * model.weights.asDiagonal() * y);
  Linear f;
  f.u = joint.head(q);
  f.beta = joint.tail(p);
  f.eta = B * joint + model.offset;
  const VectorXd residual = model.y - f.eta;
  f.r2 = residual.dot(model.weights.asDiagonal() * residual) + f.u.squaredNorm();
  const double N = static_cast<double>(reml ? n - p : n);
  f.sigma = std::sqrt(f.r2 / N);
  f.criterion = log_determinant(reml ? A : H) + N * (1 + std::log(2 * M_PI * f.r2 / N)) -
                model.weights.array().log().sum();

  const MatrixXd A_inverse = inverse(A), H_inverse = inverse(H);
  f.vcov = f.sigma * f.sigma * A_inverse.bottomRightCorner(p, p);
  f.variance = diagonal_blocks(model, f.sigma * f.sigma * L * H_inverse * L.transpose());

  // What log|A| has, log|H| has without the rows and columns of beta.
  const MatrixXd ZWB = Z.transpose() * model.weights.asDiagonal() * B;
  MatrixXd K = A_inverse;
  if (!reml) {
    K.setZero();
    K.topLeftCorner(q, q) = H_inverse;
  }
  const VectorXd S = Z.transpose() * model.weights.asDiagonal() * residual;
  f.gradient = to_theta(model, 2 * ZWB * K.leftCols(q) - 2 * N / f.r2 * S * f.u.transpose());
  const MatrixXd T = Z.transpose() * model.weights.asDiagonal() * Z - ZWB * K * ZWB.transpose();
  f.G = sums_over_levels(model, T - N / f.r2 * S * S.transpose());
  f.theta_information = theta_information(model, theta, T);
  return f;
}

}  // namespace cuglmm::reference
