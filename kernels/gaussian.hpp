/// Linear mixed models (design.md 1.3): beta and sigma profiled out, REML or ML. Rows enter through Z'WZ,
/// Z'WX, X'WX, which all problems share, and Z'Wy, X'Wy, y'Wy: an evaluation costs the same whatever their
/// number.
#pragma once

#include <kernels/arrow_scratch.hpp>
#include <kernels/arrow_terms.hpp>

namespace cuglmm {

template <class Real, class Threads, int C = kMaxPath>
class Gaussian {
 public:
  CUGLMM_LANE Gaussian(const PlanView& plan, const ProblemLanes<Real>& problem, const ArrowWork<Real>& work,
                       const Threads& threads)
      : plan_(plan),
        view_(plan.arrow),
        problem_(problem),
        work_(work),
        threads_(threads),
        arrow_(plan, work, problem.psi, threads),
        columns_(columns_of(plan)) {}

  /// The deviance or REML criterion, NaN where it does not exist; gradient: m, then beta and sigma.
  CUGLMM_LANE Real evaluate(const Lanes<Real>& G, const Lanes<Real>& gradient,
                            const Moments<Real>& moments) const {
    LogProduct<Real> log_inverse, log_inverse_A;
    Mask<Real> positive = factor(log_inverse);
    positive = and_(positive, factor_information(log_inverse_A));
    const Real r2 = estimate();
    const double N = view_.reml ? view_.n - plan_.p : view_.n;
    const Real phi = r2 * (1.0 / N);
    threads_.each(plan_.p * plan_.p, [&](Index j) { work_.information[j] = work_.information[j] / phi; });
    positive = and_(positive, phi > 0.0);
    residual_sums();
    clear_G(plan_, work_, threads_);
    arrow_.invert([&](int part, int factor, int at, const Real* T) { add_T(part, factor, at, T, moments); });
    finish(phi, G, gradient, moments);
    Real value = N * (1.0 + 1.8378770664093454836 + log_(phi)) - log_inverse.value() - view_.log_weights;
    if (view_.reml) value -= log_inverse_A.value();
    return select_(positive, value, Real(NAN));
  }

  /// After evaluate(): adds the information about beta, X'V^-1 X over sigma^2 (lower triangle).
  CUGLMM_LANE void information(const Lanes<Real>& out) const {
    threads_.each(plan_.p * plan_.p, [&](Index j) { out[j] += work_.information[j]; });
  }

 private:
  /// H; and D, Lambda D of the columns of X and y together, so that a node's values are read once for both.
  CUGLMM_CALL Mask<Real> factor(LogProduct<Real>& log_inverse) const {
    const Index p = plan_.p;
    threads_.each(view_.values, [to = work_.R, from = view_.ZZ](Index i) { to[i] = Real(from[i]); });
    threads_.each(view_.effects, [&](Index i) {
      const Lanes<Real> rhs = work_.rhs.from(i * columns_), sums = work_.ZX.from(i * columns_);
      for (Index j = 0; j < p; ++j) rhs[j] = sums[j] = Real(view_.ZX[i * p + j]);
      rhs[p] = sums[p] = problem_.zy[i];
    });
    const Mask<Real> positive = arrow_.factor(log_inverse);
    arrow_.solve(work_.rhs, {}, work_.D, work_.D_b, static_cast<int>(columns_));
    return positive;
  }

  /// [X y]'V^-1[X y] (lower triangle) into products; X's part also into information, and factored into A.
  CUGLMM_CALL Mask<Real> factor_information(LogProduct<Real>& log_inverse) const {
    const Index p = plan_.p;
    threads_.each(p * p, [&](Index j) { products(j / p)[j % p] = Real(view_.XX[j]); });
    threads_.each(p, [&](Index j) { products(p)[j] = problem_.xy[j]; });
    threads_.once([&] { products(p)[p] = problem_.constant; });
    subtract_cross_product(work_.ZX, work_.D_b, view_.effects, columns_, work_.products, threads_);
    threads_.each(p * p, [&](Index j) { work_.A[j] = work_.information[j] = products(j / p)[j % p]; });
    return factor_border(work_.A, plan_.p, threads_, log_inverse);
  }
  CUGLMM_HD Lanes<Real> products(Index row) const { return work_.products.from(row * columns_); }

  /// beta into beta_step, u, b; returns the penalised residual sum of squares.
  CUGLMM_CALL Real estimate() const {
    const Index p = plan_.p;
    const Lanes<Real>& beta = work_.beta_step;
    threads_.once([&] {
      for (Index j = 0; j < p; ++j) beta[j] = products(p)[j];
      solve_border(work_.A, plan_.p, beta, 1, Alone{});
    });
    const auto at_beta = [&](const Lanes<Real>& columns) { return columns[p] - dot(columns, beta, p); };
    threads_.each(view_.effects, [&](Index i) {
      work_.b[i] = at_beta(work_.D_b.from(i * columns_));
      problem_.u[i] = select_(problem_.active, at_beta(work_.D.from(i * columns_)), Real(problem_.u[i]));
    });
    return at_beta(products(p));
  }

  /// S = Z'W res into S_sum; for REML also Z'W (X - Z C Z'WX) over ZX, and V = A^-1.
  CUGLMM_CALL void residual_sums() const {
    const Index p = plan_.p;
    if (view_.reml)
      subtract_product(plan_, view_.ZZ, work_.D_b, work_.ZX, static_cast<int>(columns_), work_, threads_);
    threads_.each(view_.effects, [&](Index i) {
      const Lanes<Real> sums = work_.ZX.from(i * columns_);
      work_.S_sum[i] = sums[p] - dot(sums, work_.beta_step, p);
    });
    if (!view_.reml) return subtract_product(plan_, view_.ZZ, work_.b, work_.S_sum, 1, work_, threads_);
    threads_.each(p * p, [&](Index i) { work_.V[i] = work_.A[i]; });
    invert_border(work_.V, plan_.p, threads_);
  }

  /// T of a node; for REML less E V E', E its rows of Z'W (X - Z C Z'WX).
  CUGLMM_CALL void add_T(int part, int factor, int at, const Real* T, const Moments<Real>& moments) const {
    const Lanes<Real> sums = part_G(plan_, work_, part);
    if (!view_.reml) return accumulate_T(plan_, factor, T, sums, moments.wanted());
    const int q = arrow_.shape().own(factor), p = plan_.p;
    const Lanes<Real> E = work_.ZX.from(at * columns_);
    Real projected[C * C];
    for (int i = 0; i < q * q; ++i) projected[i] = T[i];
    for (int r = 0; r < q; ++r)
      for (int j = 0; j < p; ++j) {
        Real VE(0.0);
        for (int k = 0; k < p; ++k)
          VE = fma_(work_.V[j >= k ? j * p + k : k * p + j], E[r * columns_ + k], VE);
        for (int c = 0; c < q; ++c) projected[r * q + c] -= VE * E[c * columns_ + j];
      }
    accumulate_T(plan_, factor, projected, sums, moments.wanted());
  }

  /// G_j = sum of T - S S' / phi, the gradient, what is profiled out, and the modes.
  CUGLMM_CALL void finish(const Real& phi, const Lanes<Real>& G, const Lanes<Real>& gradient,
                          const Moments<Real>& moments) const {
    const Real precision = 1.0 / phi;
    add_to_G(plan_, work_, threads_,
             [&](int r, int c) { return -(precision * work_.S_sum[r] * work_.S_sum[c]); });
    threads_.once([&] {
      collect_G(plan_, work_, G, moments);
      theta_gradient(arrow_.shape(), problem_.psi, G, gradient);
      for (int j = 0; j < plan_.p; ++j) gradient[plan_.m + j] = work_.beta_step[j] + view_.centre[j];
      gradient[plan_.m + plan_.p] = sqrt_(phi);
    });
    threads_.each(view_.effects, [&](Index i) {
      if (moments.wanted()) moments.mode[i] = work_.b[i];
    });
    conditional_variances(plan_, work_, phi, moments, threads_);
  }

  const PlanView& plan_;
  const ArrowView& view_;
  const ProblemLanes<Real>& problem_;
  const ArrowWork<Real>& work_;
  const Threads& threads_;
  const Arrow<Real, Threads, C> arrow_;
  const Index columns_;  ///< of X, and y
};

}  // namespace cuglmm
