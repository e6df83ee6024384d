/// The layout by problem: a slice's lanes are problems, which share every component's rows. Each lane is
/// optimised from feed to Finished; a lane that ends is given another problem, so the slice stays full.
#pragma once

#include <kernels/arrow_scratch.hpp>
#include <kernels/bordered.hpp>
#include <kernels/cpu/scratch.hpp>
#include <kernels/gaussian.hpp>
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

template <class Real, class Family, class Shape, bool UnitWeights>
Real evaluate_separable(const PlanView& plan, const ProblemLanes<Real>& problem, const BatchWork<Real>& work,
                        const Real& mode_tolerance, const Lanes<Real>& G, const Lanes<Real>& gradient,
                        const Moments<Real>& moments) {
  Evaluation<Real> out{Real(0.0), {}, G, gradient.from(plan.m), Mask<Real>(false)};
  evaluate_components<Real, Family, Shape, UnitWeights>(
      plan, 0, plan.component_count, problem.psi, problem.zy, problem.u, work.sensitivity, work.moved,
      problem.active, work.components, mode_tolerance, out, moments);
  return problem_value(plan, problem.psi, out, problem.xy, problem.offset_y, problem.constant, gradient.at);
}

template <class Real, class Family>
Real evaluate_bordered(const PlanView& plan, const ProblemLanes<Real>& problem, const BatchWork<Real>& work,
                       const Real& mode_tolerance, const Lanes<Real>& G, const Lanes<Real>& gradient,
                       const Moments<Real>& moments) {
  const Alone alone;
  return Bordered<Real, Family, Real, Alone>(plan, problem, work.arrow, alone)
      .evaluate(mode_tolerance, G, gradient, moments);
}

template <class Real>
Real evaluate_gaussian(const PlanView& plan, const ProblemLanes<Real>& problem, const BatchWork<Real>& work,
                       const Real&, const Lanes<Real>& G, const Lanes<Real>& gradient,
                       const Moments<Real>& moments) {
  const Alone alone;
  return Gaussian<Real, Alone>(plan, problem, work.arrow, alone).evaluate(G, gradient, moments);
}

template <class Real>
class Batch {
 public:
  static constexpr int width = Lane<Real>::width;

  CUGLMM_INLINE Batch(const PlanView& plan, EvaluateProblems<Real> problems, void* memory)
      : plan_(plan), evaluate_(problems), k_(plan.k), carried_(plan.carried) {
    Scratch<Real> scratch{static_cast<Real*>(memory)};
    bytes_ = lay_out(scratch);
  }
  std::size_t bytes() const { return bytes_; }

  void optimise(const BatchControl& control, Feed& feed) {
    control_ = &control;
    feed_ = &feed;
    bfgs_.tolerance = control.tolerance;
    for (int lane = 0; lane < width; ++lane) {
      lane_of(phase_[0], lane) = kIdle;
      for (int i = 0; i < k_; ++i) lane_of(bfgs_.trial[i], lane) = control.psi[i];
    }
    zero(zy_, plan_.zy_total);
    zero(u_, plan_.u_total);
    zero(work_.sensitivity, sensitivities());
    zero(evaluations_, 1);
    zero(evaluated_, k_);
    for (int lane = 0; lane < width; ++lane) next_problem(lane);
    while (busy_ > 0) {
      evaluate(control.mode_tolerance, special_ > 0);
      settle(bfgs_.advance(and_(phase_[0] > 0.5, phase_[0] < 1.5), value_[0], gradient_));
    }
  }

  /// One evaluation of a feed's problems at psi (k x feed width).
  void evaluate_once(Feed& feed, int stride, const double* psi, double mode_tolerance, double* objective,
                     double* gradient) {
    feed_ = &feed;
    for (int lane = 0; lane < width; ++lane) {
      const int source = lane < feed.count ? lane : 0;
      lane_of(phase_[0], lane) = lane < feed.count ? kSearch : kIdle;
      for (int i = 0; i < k_; ++i) lane_of(bfgs_.trial[i], lane) = psi[i * stride + source];
      load(lane, source, stride);
    }
    zero(evaluations_, 1);  // nothing to predict from
    zero(work_.sensitivity, sensitivities());
    evaluate(mode_tolerance, false);
    for (int lane = 0; lane < feed.count; ++lane) {
      objective[lane] = lane_of(value_[0], lane);
      for (int i = 0; i < k_; ++i) gradient[i * stride + lane] = lane_of(gradient_[i], lane);
      for (int i = 0; i < plan_.u_total; ++i) feed.u[i * stride + lane] = lane_of(u_[i], lane);
    }
  }

 private:
  CUGLMM_INLINE std::size_t lay_out(Scratch<Real>& scratch) {
    if (!plan_.separable)
      work_.arrow = take_arrow_work<Real>(scratch, plan_);
    else
      work_.components = take_work<Real>(scratch, plan_);
    bfgs_.place(scratch.take(Bfgs<Real>::reals(k_, carried_)), k_, plan_.m, carried_);
    gradient_ = scratch.take(k_ + carried_);
    value_ = scratch.take(1);
    phase_ = scratch.take(1);
    evaluations_ = scratch.take(1);
    escapes_ = scratch.take(1);
    number_ = scratch.take(1);
    constant_ = scratch.take(1);
    offset_y_ = scratch.take(1);
    xy_ = scratch.take(plan_.p);
    zy_ = scratch.take(plan_.zy_total);
    u_ = scratch.take(plan_.u_total);
    G_ = scratch.take(plan_.m);
    work_.moved = scratch.take(k_);
    evaluated_ = scratch.take(k_);
    work_.sensitivity = scratch.take(sensitivities());
    moments_.T = scratch.take(plan_.m);
    moments_.TT = scratch.take(plan_.TT_size);
    moments_.mode = scratch.take(plan_.max_u);
    moments_.variance = scratch.take(plan_.max_u);
    estimate_ = scratch.take((plan_.m + plan_.p) / width + 1);
    return scratch.bytes();
  }

  /// Objective and gradient of all lanes at their trial points.
  __attribute__((noinline)) void evaluate(double mode_tolerance, bool with_moments) {
    zero(G_, plan_.m);
    zero(gradient_, k_ + carried_);
    if (with_moments) {
      zero(moments_.T, plan_.m);
      zero(moments_.TT, plan_.TT_size);
    }
    const Mask<Real> active = or_(phase_[0] > 0.5, phase_[0] < -0.5);
    move_point(bfgs_.trial, evaluations_[0] > 0.5, k_, evaluated_, work_.moved);
    const ProblemLanes<Real> problem{bfgs_.trial.at, zy_,          u_,     xy_,
                                     offset_y_[0],   constant_[0], active, work_.moved};
    value_[0] = evaluate_(plan_, problem, work_, mode_tolerance / predictor_scale(plan_, bfgs_.trial.at), G_,
                          gradient_, with_moments ? moments_ : Moments<Real>{});
    evaluations_[0] += Real(1.0);
  }

  /// What each lane does next, after an evaluation.
  void settle(const typename Bfgs<Real>::Outcome& outcome) {
    const auto spent = evaluations_[0] >= double(control_->max_evaluations);
    const auto special = or_(phase_[0] > 1.5, phase_[0] < -0.5);
    const auto ends = and_(phase_[0] > 0.5, or_(or_(outcome.converged, outcome.stalled), spent));
    if (!any_(or_(ends, special))) return;
    Real converged = select_(outcome.converged, Real(1.0), Real(0.0));
    Real stalled = select_(outcome.stalled, Real(1.0), Real(0.0));
    for (int lane = 0; lane < width; ++lane) {
      Ending ending = kGoesOn;
      with_search(lane, [&](Search<Real>& search) {
        ending = search.settle(lane_of(converged, lane) > 0.5, lane_of(stalled, lane) > 0.5);
        if (ending != kGoesOn) finish(lane, search, ending);
      });
      if (ending != kGoesOn) next_problem(lane);
    }
  }

  /// f(search) of a lane, whose change of phase is counted.
  template <class F>
  void with_search(int lane, F f) {
    const auto view = [&](const Lanes<Real>& all) { return lanes_of_one(all, lane); };
    SearchLane one{{},
                   view(gradient_),
                   view(G_),
                   view(moments_.TT),
                   &lane_of(value_[0], lane),
                   &lane_of(phase_[0], lane),
                   &lane_of(evaluations_[0], lane),
                   &lane_of(escapes_[0], lane)};
    one.bfgs.place(view(bfgs_.psi), k_, plan_.m, carried_);
    Search<Real> search(plan_, one, control_->tolerance, control_->max_evaluations,
                        control_->inverse_hessian);
    const double before = *one.phase;
    f(search);
    busy_ += (*one.phase != kIdle) - (before != kIdle);
    special_ += needs_moments(*one.phase) - needs_moments(before);
  }

  void finish(int lane, const Search<Real>& search, Ending ending) {
    double* psi = reinterpret_cast<double*>(estimate_.at);
    ending = search.estimate(ending, psi);
    double squares = 0, sigma = 1;
    for (int i = 0; i < k_; ++i)
      squares += lane_of(bfgs_.gradient[i], lane) * lane_of(bfgs_.gradient[i], lane);
    if (carried_ > 0) {
      for (int j = 0; j < plan_.p; ++j) psi[k_ + j] = lane_of(bfgs_.gradient[k_ + j], lane);
      sigma = lane_of(bfgs_.gradient[k_ + plan_.p], lane);
    }
    control_->finished(control_->context,
                       {static_cast<std::int64_t>(lane_of(number_[0], lane)), ending,
                        static_cast<int>(lane_of(evaluations_[0], lane)), __builtin_sqrt(squares),
                        lane_of(bfgs_.objective(), lane), psi, sigma});
    lane_of(phase_[0], lane) = kIdle;
  }

  void next_problem(int lane) {
    if (feed_->next == feed_->count) {
      feed_->next = feed_->count = 0;
      control_->refill(control_->context, *feed_);
    }
    if (feed_->count == 0) return;
    const int source = feed_->next++;
    load(lane, source, kFeedWidth);
    lane_of(number_[0], lane) = static_cast<double>(feed_->number[source]);
    with_search(lane, [&](Search<Real>& search) { search.begin(control_->psi, control_->score_start); });
  }

  /// A feed is as wide as one register.
  static constexpr int kFeedWidth = Lane<Real>::register_width;

  void load(int lane, int source, int stride) {
    for (int i = 0; i < plan_.zy_total; ++i) lane_of(zy_[i], lane) = feed_->zy[i * stride + source];
    for (int i = 0; i < plan_.u_total; ++i) lane_of(u_[i], lane) = feed_->u[i * stride + source];
    for (int i = 0; i < plan_.p; ++i) lane_of(xy_[i], lane) = feed_->xy[i * stride + source];
    lane_of(offset_y_[0], lane) = feed_->offset_y[source];
    lane_of(constant_[0], lane) = feed_->constant[source];
  }

  /// Entries of BatchWork::sensitivity.
  Index sensitivities() const {
    return plan_.shape == KernelShape::one_unit ? Index{plan_.component_count} * k_ : 0;
  }

  const PlanView& plan_;
  const EvaluateProblems<Real> evaluate_;
  const int k_, carried_;  ///< parameters of the search; values that come with its gradient
  std::size_t bytes_ = 0;
  int busy_ = 0, special_ = 0;  ///< lanes with a problem; of those, lanes that need moments
  const BatchControl* control_ = nullptr;
  Feed* feed_ = nullptr;
  BatchWork<Real> work_;
  Bfgs<Real> bfgs_;
  Moments<Real> moments_;
  Lanes<Real> gradient_, value_, phase_, evaluations_, escapes_, number_, constant_, offset_y_, xy_, zy_, u_,
      G_;
  Lanes<Real> evaluated_;  ///< k: the last point evaluated
  Lanes<Real> estimate_;   ///< one lane's theta and beta, as doubles
};

}  // namespace cuglmm
