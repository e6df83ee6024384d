/// Simulation of whole problems on an arrow (simulate.hpp: of components).
#pragma once

#include <kernels/arrow_terms.hpp>
#include <kernels/scratch.hpp>

namespace cuglmm {

/// u of all random effects, and b = scale Lambda u.
template <class Real>
CUGLMM_LANE void simulate_effects(const PlanView& plan, const Real* theta, const Real& scale,
                                  const PhiloxKey<Real>& key, const Word<Real>& replicate,
                                  const Lanes<Real>& u, const Lanes<Real>& b) {
  const ArrowView& view = plan.arrow;
  for (int i = 0; i < view.effects; ++i)
    u[i] = normal_quantile(Philox<Real>(key, replicate, kRandomEffects, view.u_number[i]).uniform(0));
  for (int part = 0; part <= view.part_count; ++part)
    each_term_level(plan, part, [&](const TermView& t, int at) {
      for (int r = 0; r < t.size; ++r) {
        Real sum(0.0);
        for (int c = 0; c <= r; ++c) sum = fma_(theta[t.theta + lower(r, c, t.size)], u[at + c], sum);
        b[at + r] = scale * sum;
      }
    });
}

/// x'beta + z'b of row i, without the offset.
template <class Real>
CUGLMM_LANE Real simulated_predictor(const PlanView& plan, Index i, const Lanes<Real>& beta,
                                     const Lanes<Real>& b) {
  const ArrowView& view = plan.arrow;
  Real eta(0.0);
  for (int j = 0; j < plan.p; ++j) eta = fma_(Real(view.X[i * plan.p + j]), beta[j], eta);
  each_row_effect(plan, i, [&](int effect, double z) { eta = fma_(Real(z), b[effect], eta); });
  return eta;
}

/// Adds one row's sum of p y to Z'y and X'y.
template <class Real>
CUGLMM_LANE void add_response(const PlanView& plan, Index i, const Real& py, Simulated<Real>& out) {
  const ArrowView& view = plan.arrow;
  for (int j = 0; j < plan.p; ++j) out.xy[j] = fma_(Real(view.X[i * plan.p + j]), py, out.xy[j]);
  each_row_effect(plan, i, [&](int effect, double z) { out.zy[effect] = fma_(Real(z), py, out.zy[effect]); });
}

/// The data of whole problems, drawn at (theta, beta). b: effects, scratch.
template <class Real, class Family, class Draw>
CUGLMM_LANE void simulate_arrow(const PlanView& plan, const Real* theta, const Lanes<Real>& beta,
                                const PhiloxKey<Real>& key, const Word<Real>& replicate, const Lanes<Real>& b,
                                Simulated<Real>& out) {
  const ArrowView& view = plan.arrow;
  simulate_effects(plan, theta, Real(1.0), key, replicate, out.u, b);
  for (int j = 0; plan.profiled && j < plan.p; ++j) out.u[view.effects + j] = beta[j];
  zero(out.xy, plan.p);
  zero(out.zy, view.effects);
  ResponseUniforms<Real> uniforms{key, replicate, -1, {}};
  const SimulateCell<Real, Draw> draw_cell{view.original, uniforms, out};
  for (int i = 0; i < view.rows; ++i) {
    const Real eta = view.offset[i] + simulated_predictor(plan, i, beta, b);
    const Real py = draw_cell(i, Family::mean(eta));
    add_response(plan, i, py, out);
    out.offset_y = fma_(Real(view.offset[i]), py, out.offset_y);
  }
}

/// The same for a linear model: y = offset + X beta + Z b + e, var b = sigma^2 Sigma, var e = sigma^2 / p.
/// The sums are those of y - offset - X centre, constant: y'Wy of it.
template <class Real>
CUGLMM_LANE void simulate_gaussian(const PlanView& plan, const Real* theta, const Lanes<Real>& beta,
                                   const Real& sigma, const PhiloxKey<Real>& key, const Word<Real>& replicate,
                                   const Lanes<Real>& b, Simulated<Real>& out) {
  const ArrowView& view = plan.arrow;
  simulate_effects(plan, theta, sigma, key, replicate, out.u, b);
  zero(out.xy, plan.p);
  zero(out.zy, view.effects);
  ResponseUniforms<Real> uniforms{key, replicate, -1, {}};
  for (int i = 0; i < view.rows; ++i) {
    const std::int64_t row = view.original.number[i];
    const double p = view.weights[i];
    const Real mean = simulated_predictor(plan, i, beta, b);
    const Real y = fma_(sigma * (1.0 / ::sqrt(p)), normal_quantile(uniforms.uniform(row)), mean);
    Real centred = y;
    for (int j = 0; j < plan.p; ++j) centred -= Real(view.X[Index{i} * plan.p + j] * view.centre[j]);
    add_response(plan, i, p * centred, out);
    out.constant = fma_(p * centred, centred, out.constant);
    if (out.responses.at) out.responses[row] = y + Real(view.offset[i]);
  }
}

}  // namespace cuglmm
