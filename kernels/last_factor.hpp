/// Newton steps of one problem with a large border by conjugate gradients, preconditioned with the factor of
/// the evaluation before (design.md 2): the border is then factored once per evaluation, at the mode.
#pragma once

#include <kernels/arrow_scratch.hpp>
#include <kernels/arrow_terms.hpp>

namespace cuglmm {

template <class Real, class Threads, int C>
class LastFactor {
 public:
  CUGLMM_LANE LastFactor(const PlanView& plan, const ArrowWork<Real>& work, const Threads& threads)
      : plan_(plan),
        work_(work),
        last_(of_last(work)),
        threads_(threads),
        arrow_(plan, last_, work.last_theta.at, threads),
        n_(plan.arrow.effects) {}

  CUGLMM_LANE bool known() const { return keeps_factor<Real>(plan_) && work_.last_theta[plan_.m] > 0.5; }
  CUGLMM_LANE void forget() const {
    if (keeps_factor<Real>(plan_)) work_.last_theta[plan_.m] = Real(0.0);
  }
  /// After Arrow::factor() at theta. The border's copy stands where a nearly singular one keeps R instead.
  CUGLMM_LANE void keep(const Real* theta, const Arrow<Real, Threads, C>& arrow) const {
    if (!keeps_factor<Real>(plan_) || !arrow.can_keep_factor()) return;
    const ArrowView& view = plan_.arrow;
    for (Index i = 0; i < view.values; ++i) last_.R[i] = work_.R[i];
    for (Index i = 0; i < view.factored; ++i) last_.node[i] = work_.node[i];
    for (Index i = 0; i < border_factor_entries(view); ++i) last_.S[i] = work_.S[i];
    for (int i = 0; i < plan_.m; ++i) work_.last_theta[i] = theta[i];
    work_.last_theta[plan_.m] = Real(1.0);
  }

  /// After rows(): x = H^-1 (Lambda' score - u), nearly; product: of the two, left: about what that with the
  /// error is. False where H is too far from the last one for conjugate gradients to get there.
  CUGLMM_LANE bool solve(const Arrow<Real, Threads, C>& arrow, const Lanes<Real>& u, const Lanes<Real>& x,
                         Real& product, Real& left) const {
    constexpr int kMostSteps = 50;
    constexpr double kAccuracy = 1e-6;  // of the product
    const Lanes<Real>&minus_residual = work_.S_sum, &direction = work_.c_sum, &z = work_.v, &H_d = work_.rhs;
    arrow.scale_transposed(work_.score, minus_residual);
    for (int i = 0; i < n_; ++i) {
      minus_residual[i] = u[i] - minus_residual[i];
      x[i] = Real(0.0);
    }
    const Real first = precondition(minus_residual, z);
    product = Real(0.0);
    left = first;
    for (int i = 0; i < n_; ++i) direction[i] = z[i];
    for (int step = 0; step < kMostSteps; ++step) {
      multiply(arrow, direction, H_d);
      const Real length = left / dot(direction, H_d, n_);
      subtract(x, Real(-length), direction, n_);
      subtract(minus_residual, Real(-length), H_d, n_);
      product += length * left;
      const Real next = precondition(minus_residual, z);
      const Real share = next / left;
      left = next;
      if (next <= kAccuracy * first) return true;
      for (int i = 0; i < n_; ++i) direction[i] = fma_(share, direction[i], z[i]);
    }
    return false;
  }

 private:
  CUGLMM_LANE static ArrowWork<Real> of_last(ArrowWork<Real> work) {
    work.R = work.last_R;
    work.node = work.last_node;
    work.S = work.kept;
    return work;
  }

  /// z = M^-1 r, M the last H; returns r'z.
  CUGLMM_LANE Real precondition(const Lanes<Real>& minus_r, const Lanes<Real>& z) const {
    zero(work_.rhs, n_);
    arrow_.solve(work_.rhs, minus_r, z, work_.v_b);
    return -dot(minus_r, z, n_);
  }

  /// y = Lambda' Z'WZ Lambda x + x.
  CUGLMM_LANE void multiply(const Arrow<Real, Threads, C>& arrow, const Lanes<Real>& x,
                            const Lanes<Real>& y) const {
    const Lanes<Real>&b = work_.v_b, &minus_product = work_.delta_b;
    arrow.scale(x, b);
    zero(minus_product, n_);
    subtract_product(plan_, work_.R, b, minus_product, 1, work_, threads_);
    arrow.scale_transposed(minus_product, y);
    for (int i = 0; i < n_; ++i) y[i] = x[i] - y[i];
  }

  const PlanView& plan_;
  const ArrowWork<Real>& work_;
  const ArrowWork<Real> last_;
  const Threads& threads_;
  const Arrow<Real, Threads, C> arrow_;
  const int n_;
};

}  // namespace cuglmm
