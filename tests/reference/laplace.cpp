#include <tests/reference/laplace.hpp>

#include <cmath>
#include <stdexcept>

#include <Eigen/Cholesky>

#include <tests/reference/rows.hpp>

namespace cuglmm::reference {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Row quantities of all rows at eta, as columns.
struct Rows {
  VectorXd s, w, dw, o;
  double D = 0;
};

Rows rows_at(const Model& model, const VectorXd& eta) {
  const Eigen::Index n = eta.size();
  Rows rows{VectorXd(n), VectorXd(n), VectorXd(n), VectorXd(n)};
  for (Eigen::Index i = 0; i < n; ++i) {
    const RowTerms t = row_terms(model.family, model.y[i], model.weights[i], eta[i]);
    rows.s[i] = t.s;
    rows.w[i] = t.w;
    rows.dw[i] = t.dw;
    rows.o[i] = t.o;
    rows.D += t.D;
  }
  return rows;
}

/// B' diag(m) B + diag(1 for the q of u, 0 for a beta that joins it).
MatrixXd penalized(const MatrixXd& B, const VectorXd& m, Eigen::Index q) {
  MatrixXd result = B.transpose() * m.asDiagonal() * B;
  result.diagonal().head(q).array() += 1;
  return result;
}

/// The mode of F = D + |u|^2 (design 1.7): u, and with it beta where B has columns beyond those of Lambda.
/// `fixed` is what B has no part in.
VectorXd pirls(const Model& model, const MatrixXd& B, const VectorXd& fixed, Eigen::Index q) {
  const auto F = [&](const VectorXd& x) { return rows_at(model, fixed + B * x).D + x.head(q).squaredNorm(); };
  VectorXd x = VectorXd::Zero(B.cols());
  double F_x = F(x);
  for (int pass = 0; pass < 200; ++pass) {
    const Rows rows = rows_at(model, fixed + B * x);
    VectorXd g = B.transpose() * rows.s;
    g.head(q) -= x.head(q);
    const VectorXd m = (rows.o.array() > 0).select(rows.o, rows.w);
    const VectorXd delta = penalized(B, m, q).llt().solve(g);
    if (g.dot(delta) <= 1e-20 * (1 + std::abs(F_x))) return x + delta;
    double step = 1;
    while (!(F(x + step * delta) <= F_x + 1e-12 * std::abs(F_x))) {  // also halves where F is NaN
      step /= 2;
      if (step < 1e-10) throw std::runtime_error("reference: PIRLS finds no descent");
    }
    x += step * delta;
    F_x = F(x);
  }
  throw std::runtime_error("reference: PIRLS did not converge in 200 passes");
}

/// d at the mode and its derivatives but those in beta. B: Z Lambda, or [Z Lambda, X] where beta joins u.
/// Also r of design 1.2.
Laplace at_mode(const Model& model, const VectorXd& theta, const MatrixXd& B, const VectorXd& fixed,
                VectorXd& r) {
  const MatrixXd Z = dense_Z(model), A = Z * Lambda(model, theta);
  const Eigen::Index q = A.cols();
  const VectorXd mode = pirls(model, B, fixed, q);
  Laplace f;
  f.u = mode.head(q);
  f.beta = mode.tail(mode.size() - q);
  f.eta = fixed + B * mode;
  const Rows rows = rows_at(model, f.eta);
  f.s = rows.s;
  f.w = rows.w;
  f.H = penalized(A, rows.w, q);
  const Eigen::LLT<MatrixXd> chol(f.H);
  for (Eigen::Index i = 0; i < model.rows(); ++i)
    f.saturated += saturated(model.family, model.y[i], model.weights[i]);
  f.D = rows.D;
  f.u_squared = f.u.squaredNorm();
  f.log_det = 2 * MatrixXd(chol.matrixL()).diagonal().array().log().sum();
  f.minus2_log_likelihood = f.saturated + f.D + f.u_squared + f.log_det;

  const MatrixXd H_inverse = chol.solve(MatrixXd::Identity(q, q));
  const VectorXd a = ((A * H_inverse).array() * A.array()).rowwise().sum();
  const VectorXd a_dm = a.array() * rows.dw.array();
  const VectorXd v = penalized(B, rows.o, q).llt().solve(B.transpose() * a_dm);
  const VectorXd c = a_dm.array() - rows.o.array() * (B * v).array();
  r = c - 2 * rows.s;
  const MatrixXd ZMA = Z.transpose() * rows.w.asDiagonal() * A;
  const VectorXd S = Z.transpose() * rows.s, C = Z.transpose() * c;
  f.gradient =
      to_theta(model, Z.transpose() * r * f.u.transpose() + S * v.head(q).transpose() + 2 * ZMA * H_inverse);
  const MatrixXd T = Z.transpose() * rows.w.asDiagonal() * Z - ZMA * H_inverse * ZMA.transpose();
  f.G = sums_over_levels(model, T - S * S.transpose() + (S * C.transpose() + C * S.transpose()) / 2);
  return f;
}

}  // namespace

Laplace laplace(const Model& model, const VectorXd& theta, const VectorXd& beta) {
  VectorXd r;
  Laplace f = at_mode(model, theta, dense_Z(model) * Lambda(model, theta), model.X * beta + model.offset, r);
  f.beta = beta;
  const VectorXd in_theta = f.gradient;
  f.gradient.resize(theta.size() + beta.size());
  f.gradient << in_theta, model.X.transpose() * r;
  return f;
}

Laplace joint(const Model& model, const VectorXd& theta) {
  const MatrixXd A = dense_Z(model) * Lambda(model, theta);
  MatrixXd B(model.rows(), A.cols() + model.X.cols());
  B << A, model.X;
  VectorXd r;
  return at_mode(model, theta, B, model.offset, r);
}

}  // namespace cuglmm::reference
