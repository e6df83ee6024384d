/// Scratch of an arrow's evaluators.
#pragma once

#include <kernels/scratch.hpp>

namespace cuglmm {

/// LastFactor is for single problems with a border that is factored by DenseFunctions or FrontFunctions.
template <class Real>
CUGLMM_HD bool keeps_factor(const PlanView& plan) {
  return Lane<Real>::width == 1 && (plan.arrow.border_functions() || plan.arrow.sparse()) && !plan.profiled;
}

/// What factor() of a border leaves.
CUGLMM_HD Index border_factor_entries(const ArrowView& view) {
  return view.sparse() ? view.fronts.values + view.fronts.factored : Index{view.border} * view.border;
}

/// Right-hand sides that are solved for at once: X's columns, and y where that is one of them.
CUGLMM_HD Index columns_of(const PlanView& plan) {
  return Index{plan.p} + (plan.family == KernelFamily::gaussian ? 1 : 0);
}

/// The border: S, T, and what goes with them.
template <class Real>
CUGLMM_HD void take_border(Scratch<Real>& scratch, const PlanView& plan, bool keeps, ArrowWork<Real>& work) {
  const ArrowView& view = plan.arrow;
  const Index T_entries = Index{view.border} * view.border_node, columns = columns_of(plan);
  if (!view.sparse()) {
    work.S = scratch.take(border_factor_entries(view));
    work.kept = scratch.take(border_factor_entries(view));
    work.T = scratch.take(T_entries);
    return;
  }
  const FrontsLayout at = layout(view.fronts, T_entries);
  work.S = scratch.take(at.end);
  work.T = work.S.at ? work.S.from(at.T) : work.S;
  work.kept = scratch.take(keeps ? border_factor_entries(view) : 0);
  work.front = scratch.take(Index{view.fronts.largest} * (columns > 1 ? columns : 1));
  constexpr Index ints = sizeof(Real) / sizeof(int);
  work.maps =
      reinterpret_cast<int*>(scratch.take((Index{kMostStretches} * view.border + ints - 1) / ints).at);
}

template <class Real>
CUGLMM_HD ArrowWork<Real> take_arrow_work(Scratch<Real>& scratch, const PlanView& plan) {
  const ArrowView& view = plan.arrow;
  const Index p = plan.p, effects = view.effects, border = view.border, parts = view.part_count;
  const Index joint = plan.profiled ? p : 0;
  const bool linear = plan.family == KernelFamily::gaussian;
  const Index rows = linear ? 0 : view.rows, columns = columns_of(plan);
  ArrowWork<Real> work;
  work.R = scratch.take(view.values);
  work.C = scratch.take(view.values);
  work.node = scratch.take(view.factored);
  const bool keeps = keeps_factor<Real>(plan);
  take_border(scratch, plan, keeps, work);
  work.last_R = scratch.take(keeps ? view.values : 0);
  work.last_node = scratch.take(keeps ? view.factored : 0);
  work.last_theta = scratch.take(keeps ? plan.m + 1 : 0);
  work.part_sums = scratch.take(parts * border * (columns > 2 ? columns : 2));
  work.part_log = scratch.take(2 * parts);
  work.part_ok = scratch.take(parts);
  work.part_G = scratch.take((parts + 1) * (2 * plan.m + plan.TT_size));
  work.part_border = scratch.take(parts > 1 && !linear ? parts * (view.values - view.border_values) : 0);
  work.part_beta = scratch.take(parts * p);
  work.part_columns = scratch.take(parts > 1 && !linear ? parts * (border * p + p * p + p) : 0);
  work.b = scratch.take(effects);
  work.step = scratch.take(effects + joint);
  work.score = scratch.take(effects);
  work.rhs = scratch.take(effects * (columns > 1 ? columns : 1));
  work.delta = scratch.take(effects);
  work.delta_b = scratch.take(effects);
  work.v = scratch.take(effects);
  work.v_b = scratch.take(effects);
  work.S_sum = scratch.take(effects);
  work.c_sum = scratch.take(effects);
  work.ZX = scratch.take(columns * effects);
  work.D = scratch.take(columns * effects);
  work.D_b = scratch.take(columns * effects);
  work.products = scratch.take(linear ? columns * columns : 0);
  work.A = scratch.take(p * p);
  work.V = scratch.take(p * p);
  work.information = scratch.take(p * p);
  work.x_score = scratch.take(p);
  work.beta_step = scratch.take(p);
  work.x_adjoint = scratch.take(p);
  work.fixed = scratch.take(rows);
  work.mean = scratch.take(rows);
  work.trace = scratch.take(rows);
  work.triangles = scratch.take(linear || plan.profiled ? 0 : 4 * plan.m);
  if constexpr (Lane<Real>::width > 1)
    if (view.border_functions() || view.sparse()) {
      const Index T_entries = border * view.border_node;
      const Index one = view.sparse() ? layout(view.fronts, T_entries).end : border * border;
      work.matrix = reinterpret_cast<double*>(scratch.take(one / Lane<Real>::width + 1).at);
    }
  return work;
}

}  // namespace cuglmm
