/// The layout by component: the lanes of a slice are components of one problem; sums over lanes in a fixed
/// order.
#pragma once

#include <kernels/cpu/scratch.hpp>
#include <kernels/information.hpp>
#include <kernels/laplace.hpp>

namespace cuglmm {

/// What is done with one slice: objective and gradient, or information about beta.
template <class Real>
struct SliceFunctions {
  void (*laplace)(const PlanView&, const SliceView&, const LaneProblem<Real>&, const Work<Real>&,
                  const Real& mode_tolerance, Evaluation<Real>&, const Moments<Real>&);
  void (*information)(const PlanView&, const SliceView&, const LaneProblem<Real>&, const Work<Real>&,
                      const Lanes<Real>&);
};

template <class Real>
CUGLMM_INLINE Lanes<Real> as_lanes(const double* values) {
  return {reinterpret_cast<Real*>(const_cast<double*>(values))};
}

template <class Real>
CUGLMM_INLINE ByComponent<Real> slice_rows(const PlanView& plan, const SliceView& slice) {
  return {as_lanes<Real>(slice.X),
          as_lanes<Real>(slice.Z),
          as_lanes<Real>(slice.offset),
          as_lanes<Real>(slice.weights),
          plan.p,
          plan.Q};
}

template <class Real, class Family, class Shape>
void slice_laplace(const PlanView& plan, const SliceView& slice, const LaneProblem<Real>& problem,
                   const Work<Real>& work, const Real& mode_tolerance, Evaluation<Real>& out,
                   const Moments<Real>& moments) {
  const Shape shape = MakeShape<Shape>::from(plan);
  const ByComponent<Real> rows = slice_rows<Real>(plan, slice);
  Laplace<Real, Family, Shape, ByComponent<Real>> laplace(shape, slice.tree, rows, problem, work);
  laplace.evaluate(mode_tolerance, out, moments);
}

template <class Real, class Family>
void slice_beta_information(const PlanView& plan, const SliceView& slice, const LaneProblem<Real>& problem,
                            const Work<Real>& work, const Lanes<Real>& result) {
  const AnyShape shape = MakeShape<AnyShape>::from(plan);
  const ByComponent<Real> rows = slice_rows<Real>(plan, slice);
  Information<Real, Family, AnyShape, ByComponent<Real>> lane(shape, slice.tree, rows, problem, work);
  lane.evaluate(result);
}

template <class Real>
class Slices {
 public:
  static constexpr int width = Lane<Real>::width;

  CUGLMM_INLINE Slices(const PlanView& plan, const SliceFunctions<Real>& functions, void* memory)
      : plan_(plan), functions_(functions) {
    Scratch<Real> scratch{static_cast<Real*>(memory)};
    work_ = take_work<Real>(scratch, plan);
    theta_ = scratch.take(plan.m);
    beta_ = scratch.take(plan.p);
    G_ = scratch.take(plan.m);
    gradient_ = scratch.take(plan.p);
    T_ = scratch.take(plan.m);
    TT_ = scratch.take(plan.TT_size);
    information_ = scratch.take(Index{plan.p} * plan.p);
    bytes_ = scratch.bytes();
  }
  std::size_t bytes() const { return bytes_; }

  void evaluate(int begin, int end, const double* theta, const double* beta, const double* zy, double* u,
                double mode_tolerance, ProblemSums& sums) {
    broadcast(theta, beta);
    zero(G_, plan_.m);
    zero(gradient_, plan_.p);
    zero(T_, plan_.m);
    zero(TT_, plan_.TT_size);
    Evaluation<Real> out{Real(0.0), {}, G_, gradient_, Mask<Real>(false)};
    Real objective(0.0);
    const Real tolerance = mode_tolerance / predictor_scale(plan_, theta_.at);
    for (int s = begin; s < end; ++s) {
      const SliceView& slice = plan_.slices[s];
      const LaneProblem<Real> problem = make_problem(slice, zy, u);
      out.objective = Real(0.0);
      out.log_inverse = {};
      const Moments<Real> moments{T_, TT_, as_lanes<Real>(sums.mode).from(slice.u_first),
                                  as_lanes<Real>(sums.variance).from(slice.u_first)};
      functions_.laplace(plan_, slice, problem, work_, tolerance, out, sums.T ? moments : Moments<Real>{});
      objective += select_(problem.active, out.objective - out.log_inverse.value(), Real(0.0));
    }
    sums.objective = sum_lanes(objective);
    reduce(G_, plan_.m, sums.G);
    reduce(gradient_, plan_.p, sums.beta);
    if (sums.T) {
      reduce(T_, plan_.m, sums.T);
      reduce(TT_, plan_.TT_size, sums.TT);
    }
    sums.failed = any_(out.failed);
  }

  void information(int begin, int end, const double* theta, const double* beta, const double* zy, double* u,
                   double* result) {
    broadcast(theta, beta);
    zero(information_, Index{plan_.p} * plan_.p);
    for (int s = begin; s < end; ++s) {
      const SliceView& slice = plan_.slices[s];
      functions_.information(plan_, slice, make_problem(slice, zy, u), work_, information_);
    }
    reduce(information_, plan_.p * plan_.p, result);
  }

 private:
  CUGLMM_INLINE LaneProblem<Real> make_problem(const SliceView& slice, const double* zy, double* u) const {
    return {theta_.at, beta_.at, as_lanes<Real>(zy).from(slice.zy_first),
            as_lanes<Real>(u).from(slice.u_first), as_lanes<Real>(slice.active)[0] > 0.5};
  }
  void broadcast(const double* theta, const double* beta) {
    for (int i = 0; i < plan_.m; ++i) theta_[i] = Real(theta[i]);
    for (int i = 0; i < plan_.p; ++i) beta_[i] = Real(beta[i]);
  }
  static double sum_lanes(Real value) {
    double sum = 0;
    for (int lane = 0; lane < width; ++lane) sum += lane_of(value, lane);
    return sum;
  }
  static void reduce(const Lanes<Real>& values, int n, double* out) {
    for (int i = 0; i < n; ++i) out[i] = sum_lanes(values[i]);
  }

  const PlanView& plan_;
  const SliceFunctions<Real> functions_;
  std::size_t bytes_ = 0;
  Work<Real> work_;
  Lanes<Real> theta_, beta_, G_, gradient_, T_, TT_, information_;
};

}  // namespace cuglmm
