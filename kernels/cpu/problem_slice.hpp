/// The lanes of a slice by problem, which share every component's rows: their data, the state of their
/// searches, and one evaluation of them all.
#pragma once

#include <kernels/arrow_scratch.hpp>
#include <kernels/cpu/scratch.hpp>
#include <kernels/problem.hpp>
#include <kernels/search.hpp>

namespace cuglmm {

/// Scratch of a slice by problem: for separable components, or for an arrow.
template <class Real>
struct BatchWork {
  Work<Real> components;
  ArrowWork<Real> arrow;
  Lanes<Real> sensitivity;  ///< components x k: du/dpsi there (KernelShape::one_unit)
  Lanes<Real> moved;        ///< k: from the last point evaluated to this one
};

/// -2 log L of a slice's problems; gradient: k, then what is profiled out; G: m, zero on entry, like the
/// gradient.
template <class Real>
using EvaluateProblems = Real (*)(const PlanView& plan, const ProblemLanes<Real>& problem,
                                  const BatchWork<Real>& work, const Real& mode_tolerance,
                                  const Lanes<Real>& G, const Lanes<Real>& gradient,
                                  const Moments<Real>& moments);

template <class Real>
struct ProblemSlice {
  static constexpr int width = Lane<Real>::width;

  const PlanView& plan;
  const EvaluateProblems<Real> problems;
  const int k, carried;  ///< parameters of the search; values that come with its gradient

  BatchWork<Real> work;
  Bfgs<Real> bfgs;
  Moments<Real> moments;
  Lanes<Real> gradient, value, phase, evaluations, escapes, number, constant, offset_y, xy, zy, u, G;
  Lanes<Real> evaluated;  ///< k: the last point evaluated
  Lanes<Real> known;      ///< 1: the work holds what predicts a mode from there

  CUGLMM_INLINE ProblemSlice(const PlanView& plan_, EvaluateProblems<Real> problems_)
      : plan(plan_), problems(problems_), k(plan_.k), carried(plan_.carried) {}

  CUGLMM_INLINE void lay_out(Scratch<Real>& scratch) {
    if (!plan.separable)
      work.arrow = take_arrow_work<Real>(scratch, plan);
    else
      work.components = take_work<Real>(scratch, plan);
    bfgs.place(scratch.take(Bfgs<Real>::reals(k, carried)), k, plan.m, carried);
    gradient = scratch.take(k + carried);
    value = scratch.take(1);
    phase = scratch.take(1);
    evaluations = scratch.take(1);
    escapes = scratch.take(1);
    number = scratch.take(1);
    constant = scratch.take(1);
    offset_y = scratch.take(1);
    xy = scratch.take(plan.p);
    zy = scratch.take(plan.zy_total);
    u = scratch.take(plan.u_total);
    G = scratch.take(plan.m);
    work.moved = scratch.take(k);
    evaluated = scratch.take(k);
    known = scratch.take(1);
    work.sensitivity = scratch.take(sensitivities());
    moments.T = scratch.take(plan.m);
    moments.TT = scratch.take(plan.TT_size);
    moments.mode = scratch.take(plan.max_u);
    moments.variance = scratch.take(plan.max_u);
  }

  /// All lanes idle, at psi.
  void clear(const double* psi) {
    for (int lane = 0; lane < width; ++lane) {
      lane_of(phase[0], lane) = kIdle;
      for (int i = 0; i < k; ++i) lane_of(bfgs.trial[i], lane) = psi[i];
    }
    zero(zy, plan.zy_total);
    zero(u, plan.u_total);
    zero(work.sensitivity, sensitivities());
    zero(evaluations, 1);
    zero(known, 1);
    zero(evaluated, k);
  }

  /// A problem of a feed that is `stride` problems wide.
  void load(int lane, const Feed& feed, int source, int stride) {
    for (int i = 0; i < plan.zy_total; ++i) lane_of(zy[i], lane) = feed.zy[i * stride + source];
    for (int i = 0; i < plan.u_total; ++i) lane_of(u[i], lane) = feed.u[i * stride + source];
    for (int i = 0; i < plan.p; ++i) lane_of(xy[i], lane) = feed.xy[i * stride + source];
    lane_of(offset_y[0], lane) = feed.offset_y[source];
    lane_of(constant[0], lane) = feed.constant[source];
    lane_of(number[0], lane) = static_cast<double>(feed.number[source]);
    lane_of(known[0], lane) = 0;
  }

  /// A problem of another slice, as far as its search has come.
  void take_over(int lane, const ProblemSlice& from, int source) {
    const auto copy = [&](const Lanes<Real>& to, const Lanes<Real>& of, Index n) {
      for (Index i = 0; i < n; ++i) lane_of(to[i], lane) = lane_of(of[i], source);
    };
    copy(zy, from.zy, plan.zy_total);
    copy(u, from.u, plan.u_total);
    copy(xy, from.xy, plan.p);
    copy(bfgs.psi, from.bfgs.psi, Bfgs<Real>::reals(k, carried));
    copy(work.sensitivity, from.work.sensitivity, sensitivities());
    copy(evaluated, from.evaluated, k);
    copy(offset_y, from.offset_y, 1);
    copy(constant, from.constant, 1);
    copy(number, from.number, 1);
    copy(evaluations, from.evaluations, 1);
    copy(escapes, from.escapes, 1);
    lane_of(known[0], lane) = sensitivities() > 0;  // an arrow's work stays behind
  }

  /// Objective and gradient of all lanes at their trial points.
  __attribute__((noinline)) void evaluate(const Real& mode_tolerance, bool with_moments) {
    zero(G, plan.m);
    zero(gradient, k + carried);
    if (with_moments) {
      zero(moments.T, plan.m);
      zero(moments.TT, plan.TT_size);
    }
    const Mask<Real> active = or_(phase[0] > 0.5, phase[0] < -0.5);
    move_point(bfgs.trial, known[0] > 0.5, k, evaluated, work.moved);
    const ProblemLanes<Real> problem{bfgs.trial.at, zy, u, xy, offset_y[0], constant[0], active, work.moved};
    value[0] = problems(plan, problem, work, mode_tolerance / predictor_scale(plan, bfgs.trial.at), G,
                        gradient, with_moments ? moments : Moments<Real>{});
    evaluations[0] += select_(active, Real(1.0), Real(0.0));
    known[0] = Real(1.0);
  }

  /// One lane's part.
  SearchLane search_lane(int lane) {
    const auto view = [&](const Lanes<Real>& all) { return lanes_of_one(all, lane); };
    SearchLane one{{},
                   view(gradient),
                   view(G),
                   view(moments.TT),
                   &lane_of(value[0], lane),
                   &lane_of(phase[0], lane),
                   &lane_of(evaluations[0], lane),
                   &lane_of(escapes[0], lane)};
    one.bfgs.place(view(bfgs.psi), k, plan.m, carried);
    return one;
  }

  /// Entries of BatchWork::sensitivity.
  Index sensitivities() const {
    return plan.shape == KernelShape::one_unit ? Index{plan.component_count} * k : 0;
  }
};

}  // namespace cuglmm
