/// The layout by problem: a slice's lanes are problems, optimised from feed to Finished.
#pragma once

#include <kernels/bordered.hpp>
#include <kernels/cpu/problem_slice.hpp>
#include <kernels/gaussian.hpp>

namespace cuglmm {

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

/// What problems begin with, as many side by side as a slice has lanes. From where a replicate starts PIRLS
/// takes four or five passes, one or two when its search has come near: in a slice all lanes would take those
/// of each new problem.
template <class Real>
class Beginning {
 public:
  /// So many evaluations: few searches take less.
  static constexpr int kEvaluations = 5;

  /// Linear models have no PIRLS; the scratch of a large border is not taken twice.
  static bool serves(const PlanView& plan) {
    return plan.family != KernelFamily::gaussian &&
           (plan.separable || !(plan.arrow.border_functions() || plan.arrow.sparse()));
  }

  CUGLMM_INLINE Beginning(const PlanView& plan, EvaluateProblems<Real> problems) : slice_(plan, problems) {}

  CUGLMM_INLINE void lay_out(Scratch<Real>& scratch) {
    if (!serves(slice_.plan)) return;
    slice_.lay_out(scratch);
    converged_ = scratch.take(1);
    stalled_ = scratch.take(1);
  }

  /// The next problem's lane; -1: there is none left.
  int next(const BatchControl& control, Feed& feed) {
    if (next_ == count_) {
      fill(control, feed);
      if (count_ > 0) run(control);
    }
    return next_ < count_ ? next_++ : -1;
  }

  const ProblemSlice<Real>& slice() const { return slice_; }
  bool converged(int lane) const { return lane_of(converged_[0], lane) > 0.5; }
  bool stalled(int lane) const { return lane_of(stalled_[0], lane) > 0.5; }

 private:
  /// Lanes [0, count_) with problems of several feeds.
  void fill(const BatchControl& control, Feed& feed) {
    constexpr int kFeedWidth = Lane<Real>::register_width;
    slice_.clear(control.psi);
    slice_.bfgs.tolerance = control.tolerance;
    next_ = count_ = 0;
    while (count_ + kFeedWidth <= ProblemSlice<Real>::width) {
      control.refill(control.context, feed);
      if (feed.count == 0) return;
      for (int source = 0; source < feed.count; ++source, ++count_) {
        slice_.load(count_, feed, source, kFeedWidth);
        Search<Real>(slice_.plan, slice_.search_lane(count_), control.tolerance, control.max_evaluations,
                     control.inverse_hessian)
            .begin(control.psi, false);
      }
    }
  }

  __attribute__((noinline)) void run(const BatchControl& control) {
    zero(converged_, 1);
    zero(stalled_, 1);
    for (int i = 0; i < kEvaluations && i < control.max_evaluations; ++i) {
      const auto searching = slice_.phase[0] > 0.5;
      if (!any_(searching)) return;
      const Real least(control.mode_tolerance), decrease = slice_.bfgs.slope() * -0.5;  // 0: the first
      const Real tolerance = mode_tolerance(decrease, control.tolerance, least, least);
      slice_.evaluate(tolerance, false);
      const auto outcome = slice_.bfgs.advance(searching, slice_.value[0], slice_.gradient);
      const auto vague = and_(outcome.converged, tolerance > least);
      once_more(vague);
      const auto converged = and_(outcome.converged, not_(vague));
      converged_[0] = select_(converged, Real(1.0), Real(converged_[0]));
      stalled_[0] = select_(outcome.stalled, Real(1.0), Real(stalled_[0]));
      slice_.phase[0] = select_(or_(converged, outcome.stalled), Real(kIdle), Real(slice_.phase[0]));
    }
  }

  /// Lanes that have come to an end sooner than foreseen, for what is reported.
  void once_more(const Mask<Real>& lanes) const {
    const Bfgs<Real>& bfgs = slice_.bfgs;
    bfgs.fresh() = select_(lanes, Real(1.0), bfgs.fresh());
    for (int i = 0; i < bfgs.k; ++i) bfgs.trial[i] = select_(lanes, Real(bfgs.psi[i]), Real(bfgs.trial[i]));
  }

  ProblemSlice<Real> slice_;
  Lanes<Real> converged_, stalled_;
  int next_ = 0, count_ = 0;
};

/// Each lane is optimised from feed to Finished; a lane that ends is given another problem, so the slice
/// stays full.
template <class Real>
class Batch {
 public:
  static constexpr int width = Lane<Real>::width;

  /// optimises: scratch for more than evaluate_once().
  CUGLMM_INLINE Batch(const PlanView& plan, EvaluateProblems<Real> problems, bool optimises, void* memory)
      : plan_(plan), slice_(plan, problems), beginning_(plan, problems) {
    Scratch<Real> scratch{static_cast<Real*>(memory)};
    slice_.lay_out(scratch);
    if (optimises) beginning_.lay_out(scratch);
    estimate_ = scratch.take((plan_.m + plan_.p) / width + 1);
    bytes_ = scratch.bytes();
  }
  std::size_t bytes() const { return bytes_; }

  void optimise(const BatchControl& control, Feed& feed) {
    control_ = &control;
    feed_ = &feed;
    begins_together_ = !control.score_start && Beginning<Real>::serves(plan_);
    slice_.bfgs.tolerance = control.tolerance;
    slice_.clear(control.psi);
    for (int lane = 0; lane < width; ++lane) next_problem(lane);
    while (busy_ > 0) {
      slice_.evaluate(Real(control.mode_tolerance), special_ > 0);
      settle(slice_.bfgs.advance(and_(slice_.phase[0] > 0.5, slice_.phase[0] < 1.5), slice_.value[0],
                                 slice_.gradient));
    }
  }

  /// One evaluation of a feed's problems at psi (k x feed width).
  void evaluate_once(Feed& feed, int stride, const double* psi, double mode_tolerance, double* objective,
                     double* gradient) {
    const int k = plan_.k;
    for (int lane = 0; lane < width; ++lane) {
      const int source = lane < feed.count ? lane : 0;
      lane_of(slice_.phase[0], lane) = lane < feed.count ? kSearch : kIdle;
      for (int i = 0; i < k; ++i) lane_of(slice_.bfgs.trial[i], lane) = psi[i * stride + source];
      slice_.load(lane, feed, source, stride);
    }
    zero(slice_.work.sensitivity, slice_.sensitivities());
    slice_.evaluate(Real(mode_tolerance), false);
    for (int lane = 0; lane < feed.count; ++lane) {
      objective[lane] = lane_of(slice_.value[0], lane);
      for (int i = 0; i < k; ++i) gradient[i * stride + lane] = lane_of(slice_.gradient[i], lane);
      for (int i = 0; i < plan_.u_total; ++i) feed.u[i * stride + lane] = lane_of(slice_.u[i], lane);
    }
  }

 private:
  /// A feed is as wide as one register.
  static constexpr int kFeedWidth = Lane<Real>::register_width;

  /// What each lane does next, after an evaluation.
  void settle(const typename Bfgs<Real>::Outcome& outcome) {
    const Real& phase = slice_.phase[0];
    const auto spent = slice_.evaluations[0] >= double(control_->max_evaluations);
    const auto special = or_(phase > 1.5, phase < -0.5);
    const auto ends = and_(phase > 0.5, or_(or_(outcome.converged, outcome.stalled), spent));
    if (!any_(or_(ends, special))) return;
    Real converged = select_(outcome.converged, Real(1.0), Real(0.0));
    Real stalled = select_(outcome.stalled, Real(1.0), Real(0.0));
    for (int lane = 0; lane < width; ++lane)
      if (settle(lane, lane_of(converged, lane) > 0.5, lane_of(stalled, lane) > 0.5)) next_problem(lane);
  }
  /// True if the lane's problem has ended.
  bool settle(int lane, bool converged, bool stalled) {
    Ending ending = kGoesOn;
    with_search(lane, [&](Search<Real>& search) {
      ending = search.settle(converged, stalled);
      if (ending != kGoesOn) finish(lane, search, ending);
    });
    return ending != kGoesOn;
  }

  /// f(search) of a lane, whose change of phase is counted.
  template <class F>
  void with_search(int lane, F f) {
    const SearchLane one = slice_.search_lane(lane);
    Search<Real> search(plan_, one, control_->tolerance, control_->max_evaluations,
                        control_->inverse_hessian);
    const double before = *one.phase;
    f(search);
    busy_ += (*one.phase != kIdle) - (before != kIdle);
    special_ += needs_moments(*one.phase) - needs_moments(before);
  }

  void finish(int lane, const Search<Real>& search, Ending ending) {
    const int k = plan_.k;
    double* psi = reinterpret_cast<double*>(estimate_.at);
    ending = search.estimate(ending, psi);
    const auto gradient = [&](int i) { return lane_of(slice_.bfgs.gradient[i], lane); };
    double squares = 0, sigma = 1;
    for (int i = 0; i < k; ++i) squares += gradient(i) * gradient(i);
    if (plan_.carried > 0) {
      for (int j = 0; j < plan_.p; ++j) psi[k + j] = gradient(k + j);
      sigma = gradient(k + plan_.p);
    }
    control_->finished(control_->context,
                       {static_cast<std::int64_t>(lane_of(slice_.number[0], lane)), ending,
                        static_cast<int>(lane_of(slice_.evaluations[0], lane)), __builtin_sqrt(squares),
                        lane_of(slice_.bfgs.objective(), lane), psi, sigma});
    lane_of(slice_.phase[0], lane) = kIdle;
  }

  void next_problem(int lane) {
    if (!begins_together_) return load_problem(lane);
    for (int source; (source = beginning_.next(*control_, *feed_)) >= 0;) {
      slice_.take_over(lane, beginning_.slice(), source);
      with_search(lane, [&](Search<Real>&) { lane_of(slice_.phase[0], lane) = kSearch; });
      if (!settle(lane, beginning_.converged(source), beginning_.stalled(source))) return;
    }
  }
  /// Straight from the feed.
  void load_problem(int lane) {
    if (feed_->next == feed_->count) {
      feed_->next = feed_->count = 0;
      control_->refill(control_->context, *feed_);
    }
    if (feed_->count == 0) return;
    slice_.load(lane, *feed_, feed_->next++, kFeedWidth);
    with_search(lane, [&](Search<Real>& search) { search.begin(control_->psi, control_->score_start); });
  }

  const PlanView& plan_;
  ProblemSlice<Real> slice_;
  Beginning<Real> beginning_;
  std::size_t bytes_ = 0;
  bool begins_together_ = false;
  int busy_ = 0, special_ = 0;  ///< lanes with a problem; of those, lanes that need moments
  const BatchControl* control_ = nullptr;
  Feed* feed_ = nullptr;
  Lanes<Real> estimate_;  ///< one lane's theta and beta, as doubles
};

}  // namespace cuglmm
