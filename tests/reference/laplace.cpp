#include <tests/reference/laplace.hpp>

#include <cmath>
#include <stdexcept>

#include <Eigen/Cholesky>

#include <tests/reference/rows.hpp>

namespace cuglmm::reference {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Eigen::Index levels(const Model& model, const RandomTerm& term) {
  return static_cast<Eigen::Index>(model.factors[term.factor].levels.size());
}

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

/// A' diag(m) A + I.
MatrixXd penalized(const MatrixXd& A, const VectorXd& m) {
  return A.transpose() * m.asDiagonal() * A + MatrixXd::Identity(A.cols(), A.cols());
}

/// The mode of F(u) = D + |u|^2 (design 1.7). `fixed` is X beta + offset.
VectorXd pirls(const Model& model, const MatrixXd& A, const VectorXd& fixed) {
  const auto F = [&](const VectorXd& u) { return rows_at(model, fixed + A * u).D + u.squaredNorm(); };
  VectorXd u = VectorXd::Zero(A.cols());
  double F_u = F(u);
  for (int pass = 0; pass < 200; ++pass) {
    const Rows rows = rows_at(model, fixed + A * u);
    const VectorXd g = A.transpose() * rows.s - u;
    const VectorXd m = (rows.o.array() > 0).select(rows.o, rows.w);
    const VectorXd delta = penalized(A, m).llt().solve(g);
    if (g.dot(delta) <= 1e-20 * (1 + std::abs(F_u))) return u + delta;
    double step = 1;
    while (!(F(u + step * delta) <= F_u + 1e-12 * std::abs(F_u))) {  // also halves where F is NaN
      step /= 2;
      if (step < 1e-10) throw std::runtime_error("reference: PIRLS finds no descent");
    }
    u += step * delta;
    F_u = F(u);
  }
  throw std::runtime_error("reference: PIRLS did not converge in 200 passes");
}

/// dd/dLambda (q x q) -> dd/dtheta: sum over the levels of a term, lower triangle.
VectorXd to_theta(const Model& model, const MatrixXd& dLambda) {
  VectorXd gradient(model.theta_size());
  Eigen::Index at = 0, k = 0;
  for (const RandomTerm& term : model.terms) {
    const int q = term.size();
    MatrixXd sum = MatrixXd::Zero(q, q);
    for (Eigen::Index l = 0; l < levels(model, term); ++l, at += q) sum += dLambda.block(at, at, q, q);
    for (int c = 0; c < q; ++c)
      for (int r = c; r < q; ++r) gradient[k++] = sum(r, c);
  }
  return gradient;
}

/// G_j = sum_l T_ll - S_l S_l' + (S_l C_l' + C_l S_l')/2 (design 1.2).
std::vector<MatrixXd> dSigma(const Model& model, const MatrixXd& T, const VectorXd& S, const VectorXd& C) {
  std::vector<MatrixXd> G;
  Eigen::Index at = 0;
  for (const RandomTerm& term : model.terms) {
    const int q = term.size();
    MatrixXd sum = MatrixXd::Zero(q, q);
    for (Eigen::Index l = 0; l < levels(model, term); ++l, at += q) {
      const VectorXd S_l = S.segment(at, q), C_l = C.segment(at, q);
      sum += T.block(at, at, q, q) - S_l * S_l.transpose();
      sum += (S_l * C_l.transpose() + C_l * S_l.transpose()) / 2;
    }
    G.push_back(sum);
  }
  return G;
}

}  // namespace

MatrixXd dense_Z(const Model& model) {
  Eigen::Index q = 0;
  for (const RandomTerm& term : model.terms) q += levels(model, term) * term.size();
  MatrixXd Z = MatrixXd::Zero(model.rows(), q);
  Eigen::Index at = 0;
  for (const RandomTerm& term : model.terms) {
    for (Eigen::Index i = 0; i < model.rows(); ++i)
      Z.row(i).segment(at + model.factors[term.factor].codes[i] * term.size(), term.size()) = term.Z.row(i);
    at += levels(model, term) * term.size();
  }
  return Z;
}

std::vector<MatrixXd> templates(const Model& model, const VectorXd& theta) {
  std::vector<MatrixXd> result;
  Eigen::Index k = 0;
  for (const RandomTerm& term : model.terms) {
    MatrixXd L = MatrixXd::Zero(term.size(), term.size());
    for (int c = 0; c < term.size(); ++c)
      for (int r = c; r < term.size(); ++r) L(r, c) = theta[k++];
    result.push_back(L);
  }
  return result;
}

MatrixXd Lambda(const Model& model, const VectorXd& theta) {
  const std::vector<MatrixXd> L = templates(model, theta);
  Eigen::Index q = 0;
  for (const RandomTerm& term : model.terms) q += levels(model, term) * term.size();
  MatrixXd result = MatrixXd::Zero(q, q);
  Eigen::Index at = 0;
  for (std::size_t j = 0; j < L.size(); ++j)
    for (Eigen::Index l = 0; l < levels(model, model.terms[j]); ++l, at += L[j].rows())
      result.block(at, at, L[j].rows(), L[j].rows()) = L[j];
  return result;
}

Laplace laplace(const Model& model, const VectorXd& theta, const VectorXd& beta) {
  const MatrixXd Z = dense_Z(model), A = Z * Lambda(model, theta);
  const VectorXd fixed = model.X * beta + model.offset;
  Laplace f;
  f.u = pirls(model, A, fixed);
  f.eta = fixed + A * f.u;
  const Rows rows = rows_at(model, f.eta);
  f.s = rows.s;
  f.w = rows.w;
  f.H = penalized(A, rows.w);
  const Eigen::LLT<MatrixXd> chol(f.H);
  for (Eigen::Index i = 0; i < model.rows(); ++i)
    f.saturated += saturated(model.family, model.y[i], model.weights[i]);
  f.D = rows.D;
  f.u_squared = f.u.squaredNorm();
  f.log_det = 2 * MatrixXd(chol.matrixL()).diagonal().array().log().sum();
  f.minus2_log_likelihood = f.saturated + f.D + f.u_squared + f.log_det;

  const MatrixXd H_inverse = chol.solve(MatrixXd::Identity(A.cols(), A.cols()));
  const VectorXd a = ((A * H_inverse).array() * A.array()).rowwise().sum();
  const VectorXd a_dm = a.array() * rows.dw.array();
  const VectorXd v = penalized(A, rows.o).llt().solve(A.transpose() * a_dm);
  const VectorXd t = A * v;
  const VectorXd c = a_dm.array() - rows.o.array() * t.array();
  const VectorXd r = c - 2 * rows.s;
  const MatrixXd ZMA = Z.transpose() * rows.w.asDiagonal() * A;
  const VectorXd S = Z.transpose() * rows.s;
  const MatrixXd dLambda = Z.transpose() * r * f.u.transpose() + S * v.transpose() + 2 * ZMA * H_inverse;
  f.gradient.resize(model.theta_size() + beta.size());
  f.gradient << to_theta(model, dLambda), model.X.transpose() * r;

  const MatrixXd T = Z.transpose() * rows.w.asDiagonal() * Z - ZMA * H_inverse * ZMA.transpose();
  f.G = dSigma(model, T, S, Z.transpose() * c);
  return f;
}

}  // namespace cuglmm::reference
