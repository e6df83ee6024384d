/// Scratch memory of the loops over lanes, carved from one block the host allocates, and what a loop needs of
/// a plan. Raw pointers only: a std container here would be compiled for one instruction set and shared with
/// all.
#pragma once

#include <cstddef>

#include <kernels/covariance.hpp>
#include <kernels/launch.hpp>

namespace cuglmm {

/// Hands out consecutive stretches of entries; with a null block it only counts.
template <class Real>
struct Scratch {
  Lanes<Real> block;
  Index used = 0;
  CUGLMM_HD Lanes<Real> take(Index n) {
    const Lanes<Real> lanes = block.at ? block.from(used) : Lanes<Real>{};
    used += n;
    return lanes;
  }
  CUGLMM_HD std::size_t bytes() const { return static_cast<std::size_t>(used) * sizeof(Real); }
};

template <class Real>
CUGLMM_HD Work<Real> take_work(Scratch<Real>& scratch, const PlanView& plan) {
  Work<Real> work;
  work.node = scratch.take(plan.max_storage + 2);
  work.b = scratch.take(plan.max_u);
  work.step = scratch.take(plan.max_u);
  work.fixed = scratch.take(plan.max_rows + 1);
  work.mean = scratch.take(plan.max_rows + 1);
  work.leaf = scratch.take(Index{3} * plan.max_leaves * plan.Q);
  work.front = scratch.take(Index{plan.levels} * plan.Q * (plan.Q + 2));
  work.border = scratch.take(Index{plan.levels + 1} * plan.Q * plan.p);
  return work;
}

template <class Shape>
struct MakeShape {
  static CUGLMM_HD Shape from(const PlanView& plan) { return {plan.p}; }
};
template <int Levels>
struct MakeShape<NestedShape<Levels>> {
  static CUGLMM_HD NestedShape<Levels> from(const PlanView& plan) { return {plan.p, plan.term}; }
};
template <int Capacity>
struct MakeShape<PathShape<Capacity>> {
  static CUGLMM_HD PathShape<Capacity> from(const PlanView& plan) {
    return {plan.p, plan.levels, plan.terms, plan.m, plan.level_first, plan.term};
  }
};

/// A step of u moves eta by z' Lambda delta, and the corrections of the last pass are exact to the square of
/// that: so where z' Sigma z is large, PIRLS must end closer to the mode. The largest z' Sigma z, about, but
/// at least 1.
template <class Real>
CUGLMM_HD Real predictor_scale(const PlanView& plan, const Real* theta) {
  Real scale(0.0);
  for (int j = 0; j < plan.terms; ++j) {
    const TermView& t = plan.term[j];
    for (int r = 0; r < t.size; ++r) {
      Real variance(0.0);
      for (int c = 0; c <= r; ++c) {
        const Real& entry = theta[t.theta + lower(r, c, t.size)];
        variance = fma_(entry, entry, variance);
      }
      scale = fma_(Real(plan.z_square[t.first + r]), variance, scale);
    }
  }
  return max_(scale, Real(1.0));
}

template <class Real>
CUGLMM_HD void zero(const Lanes<Real>& values, Index n) {
  for (Index i = 0; i < n; ++i) values[i] = Real(0.0);
}

}  // namespace cuglmm
