#include <host/fit/start.hpp>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include <host/plan/arrow.hpp>
#include <kernels/arrow_terms.hpp>
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

Eigen::VectorXd score_theta(const Paths& paths, const double* G, const double* TT) {
  Eigen::VectorXd theta(paths.m);
  for (const TermView& t : paths.terms) {
    Singular<double>::score_start(G + t.theta, TT, t.size, theta.data() + t.theta);
    TT += theta_entries(t) * theta_entries(t);
  }
  return theta;
}

/// f(factor, first effect, its values q x q, lower triangle) for every level of every factor.
template <class F>
void each_level(const ArrowData& arrow, const F& f) {
  for (const ArrowNode& node : arrow.nodes) f(node.factor, node.u, arrow.ZZ.data() + node.block);
  for (const BorderBlock& block : arrow.blocks) {
    if (block.row != block.column) continue;
    const int at = arrow.view.border_first + block.row;
    f(arrow.border_factor(at), at, arrow.ZZ.data() + block.block);
  }
}

}  // namespace

Eigen::VectorXd score_theta(const Paths& paths, const ProblemEvaluation& at_zero) {
  return score_theta(paths, at_zero.G.data(), at_zero.TT.data());
}

/// T_l = Z_l'WZ_l, for REML less what X takes of it, Z_l'WX (X'WX)^-1 X'WZ_l; S_l = Z_l'W(y - X centre),
/// since the centre is the least squares estimate of beta.
Eigen::VectorXd score_theta(const PlanData& plan, const ResponseSums& sums) {
  using Rows = Eigen::Map<const RowMatrix>;
  using Small = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor, kMaxPath, kMaxPath>;
  const ArrowData& arrow = *plan.arrow;
  const PlanView& view = plan.view;
  // Column l: L^-1 X'WZ_l, X'WX = L L'.
  Eigen::MatrixXd of_X = Rows(arrow.ZX.data(), view.arrow.effects, plan.p).transpose();
  if (view.arrow.reml) Rows(arrow.XX.data(), plan.p, plan.p).llt().matrixL().solveInPlace(of_X);
  Eigen::VectorXd G = Eigen::VectorXd::Zero(2 * view.m + view.TT_size);  // then T, TT
  each_level(arrow, [&](int factor, int at, const double* values) {
    const int q = plan.paths.own(factor);
    Small T = Rows(values, q, q);
    if (view.arrow.reml) T -= of_X.middleCols(at, q).transpose().lazyProduct(of_X.middleCols(at, q));
    accumulate_T(view, factor, T.data(), Lanes<double>{G.data()}, true);
  });
  const double phi = sums.constant / (view.arrow.reml ? view.arrow.n - plan.p : view.arrow.n);
  for (int part = 0; part <= view.arrow.part_count; ++part)
    each_term_level(view, part, [&](const TermView& t, int at) {
      for (int c = 0; c < t.size; ++c)
        for (int r = c; r < t.size; ++r)
          G[t.theta + lower(r, c, t.size)] -= sums.zy[at + r] * sums.zy[at + c] / phi;
    });
  return score_theta(plan.paths, G.data(), G.data() + 2 * view.m);
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
