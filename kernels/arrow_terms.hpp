/// Sums over the levels of each term, and over X's columns, that the evaluators on an arrow share.
#pragma once

#include <kernels/arrow.hpp>
#include <kernels/laplace.hpp>

namespace cuglmm {

/// What the lanes of a slice bring along.
template <class Real>
struct ProblemLanes {
  const Real* psi;        ///< k: theta, then beta unless plan.profiled
  Lanes<Real> zy, u, xy;  ///< sufficient responses; modes, where PIRLS starts on entry
  Real offset_y, constant;
  Mask<Real> active;
};

/// f(effect, z) for the random effects of row i and what they are multiplied by.
template <class F>
CUGLMM_HD void each_row_effect(const PlanView& plan, Index i, const F& f) {
  const ArrowView& view = plan.arrow;
  const int* effect = view.effect + i * view.factors;
  const double* z = view.Z + i * plan.Q;
  if (plan.Q == view.factors) {  // one of each factor
    for (int factor = 0; factor < view.factors; ++factor) f(effect[factor], z[factor]);
    return;
  }
  for (int factor = 0; factor < view.factors; ++factor) {
    const int first = plan.level_first[factor], q = plan.level_first[factor + 1] - first;
    for (int c = 0; c < q; ++c) f(effect[factor] + c, z[first + c]);
  }
}

/// f(term, number of its first effect) for every level of every term.
template <class F>
CUGLMM_LANE void each_term_level(const PlanView& plan, const F& f) {
  const ArrowView& view = plan.arrow;
  const auto node_terms = [&](int factor, int u) {
    for (int j = 0; j < plan.terms; ++j) {
      const TermView& t = plan.term[j];
      if (t.level == factor) f(t, u + t.first - plan.level_first[factor]);
    }
  };
  for (int n = 0; n < view.node_count; ++n) node_terms(view.nodes[n].factor, view.nodes[n].u);
  for (int factor = view.chain; factor < view.factors; ++factor) {
    const int q = plan.level_first[factor + 1] - plan.level_first[factor];
    const int* first = view.factor_first + (factor - view.chain);
    for (int at = first[0]; at < first[1]; at += q) node_terms(factor, at);
  }
}

/// Adds T of one node (q x q) to G; with moments to T and TT: sums has m, m and TT_size entries.
template <class Real>
CUGLMM_CALL void accumulate_T(const PlanView& plan, int factor, const Real* T, const Lanes<Real>& sums,
                              bool moments) {
  const int first = plan.level_first[factor], q = plan.level_first[factor + 1] - first;
  Index TT = 2 * plan.m;
  for (int j = 0; j < plan.terms; ++j) {
    const TermView& t = plan.term[j];
    const int s = t.size * (t.size + 1) / 2, own = t.first - first;
    if (t.level == factor) {
      for (int c = 0; c < t.size; ++c)
        for (int r = c; r < t.size; ++r) {
          const Real value = T[(own + r) * q + own + c];
          const int a = lower(r, c, t.size);
          sums[t.theta + a] += value;
          if (!moments) continue;
          sums[plan.m + t.theta + a] += value;
          for (int c2 = 0; c2 < t.size; ++c2)
            for (int r2 = c2; r2 < t.size; ++r2)
              sums[TT + a * s + lower(r2, c2, t.size)] += value * T[(own + r2) * q + own + c2];
        }
    }
    TT += s * s;
  }
}

/// The parts' sums, one after another, into G and the moments.
template <class Real>
CUGLMM_CALL void collect_T(const PlanView& plan, const Lanes<Real>& part_sums, const Lanes<Real>& G,
                           const Moments<Real>& moments) {
  const Index stride = 2 * plan.m + plan.TT_size;
  const auto total = [&](Index at) {
    Real sum(0.0);
    for (int part = 0; part <= plan.arrow.part_count; ++part) sum += part_sums[part * stride + at];
    return sum;
  };
  for (int i = 0; i < plan.m; ++i) G[i] = total(i);
  if (!moments.wanted()) return;
  for (int i = 0; i < plan.m; ++i) moments.T[i] = total(plan.m + i);
  for (int i = 0; i < plan.TT_size; ++i) moments.TT[i] = total(2 * plan.m + i);
}

/// phi times the diagonal of Lambda H^-1 Lambda', by effect, after Arrow::invert().
template <class Real>
CUGLMM_CALL void conditional_variances(const PlanView& plan, const ArrowWork<Real>& work, const Real& phi,
                                       const Lanes<Real>& variance) {
  const ArrowView& view = plan.arrow;
  for (int n = 0; n < view.node_count; ++n) {
    const ArrowNode& node = view.nodes[n];
    const int q = plan.level_first[node.factor + 1] - plan.level_first[node.factor];
    for (int c = 0; c < q; ++c) variance[node.u + c] = phi * work.C[node.block + c * q + c];
  }
  for (int i = 0; i < view.border; ++i)
    variance[view.border_first + i] = phi * work.S[Index{i} * view.border + i];
}

/// Column j of p columns by effect.
template <class Real>
CUGLMM_HD Lanes<Real> effect_column(const PlanView& plan, const Lanes<Real>& columns, int j) {
  return columns.from(Index{j} * plan.arrow.effects);
}

/// D = H^-1 Lambda' Z'WX and Lambda D of X's columns; A, which holds X'WX, loses X'WZ Lambda D (lower
/// triangle).
template <class Real, class Threads, int C>
CUGLMM_CALL void solve_columns(const PlanView& plan, const Arrow<Real, Threads, C>& arrow,
                               const ArrowWork<Real>& work) {
  const int effects = plan.arrow.effects;
  for (int j = 0; j < plan.p; ++j) {
    const Lanes<Real> ZX = effect_column(plan, work.ZX, j);
    for (int i = 0; i < effects; ++i) work.rhs[i] = ZX[i];
    arrow.solve(work.rhs, {}, effect_column(plan, work.D, j), effect_column(plan, work.D_b, j));
    for (int k = 0; k <= j; ++k) {
      const Lanes<Real> D_b = effect_column(plan, work.D_b, k);
      Real sum = work.A[j * plan.p + k];
      for (int i = 0; i < effects; ++i) sum -= ZX[i] * D_b[i];
      work.A[j * plan.p + k] = sum;
    }
  }
}

/// What beta adds to a solution v of H v = .. where X joins Z Lambda without penalty: x <- x - X'WZ v_b,
/// A step = x, v -= D step, after solve_columns() and with A factored. Returns x'step.
template <class Real>
CUGLMM_CALL Real join_beta(const PlanView& plan, const ArrowWork<Real>& work, const Lanes<Real>& x,
                           const Lanes<Real>& v, const Lanes<Real>& v_b, const Lanes<Real>& step) {
  const int effects = plan.arrow.effects;
  for (int j = 0; j < plan.p; ++j) {
    const Lanes<Real> ZX = effect_column(plan, work.ZX, j);
    Real sum = x[j];
    for (int i = 0; i < effects; ++i) sum -= ZX[i] * v_b[i];
    x[j] = step[j] = sum;
  }
  solve_border(work.A, plan.p, step);
  Real out(0.0);
  for (int j = 0; j < plan.p; ++j) {
    out = fma_(x[j], step[j], out);
    const Lanes<Real> D = effect_column(plan, work.D, j), D_b = effect_column(plan, work.D_b, j);
    for (int i = 0; i < effects; ++i) {
      v[i] -= D[i] * step[j];
      v_b[i] -= D_b[i] * step[j];
    }
  }
  return out;
}

}  // namespace cuglmm
