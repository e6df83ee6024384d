/// One problem on an arrow, the functions of the family in packs of rows.
#pragma once

#include <kernels/arrow_scratch.hpp>
#include <kernels/bordered.hpp>
#include <kernels/cpu/scratch.hpp>
#include <kernels/cpu/single.hpp>
#include <kernels/gaussian.hpp>

namespace cuglmm {

/// A: the instruction set.
template <class A>
struct SingleArrow {
  using Real = Single<A>;

  static std::size_t bytes(const PlanView& plan) {
    Scratch<Real> scratch{};
    take_arrow_work<Real>(scratch, plan);
    return scratch.bytes();
  }

  static void evaluate(const PlanView& plan, ArrowProblem& problem, const Team& team, void* memory) {
    Moments<Real> moments{};
    if (problem.T)
      moments = {lanes(problem.T), lanes(problem.TT), lanes(problem.mode), lanes(problem.variance)};
    const Lanes<Real> G = lanes(problem.G), gradient = lanes(problem.gradient);
    zero(G, plan.m);
    with_evaluator(plan, problem, team, memory, [&](auto& evaluator) {
      if constexpr (requires { evaluator.evaluate(G, gradient, moments); })
        problem.objective = evaluator.evaluate(G, gradient, moments);
      else
        problem.objective = evaluator.evaluate(
            problem.mode_tolerance / predictor_scale(plan, lanes(problem.psi).at), G, gradient, moments);
    });
  }

  static void information(const PlanView& plan, const ArrowProblem& problem, const Team& team, double* out,
                          void* memory) {
    const Lanes<Real> information = lanes(out);
    zero(information, Index{plan.p} * plan.p);
    with_evaluator(plan, problem, team, memory, [&](auto& evaluator) { evaluator.information(information); });
  }

 private:
  static Lanes<Real> lanes(const double* values) {
    return {reinterpret_cast<Real*>(const_cast<double*>(values))};
  }

  template <class F>
  static void with_evaluator(const PlanView& plan, const ArrowProblem& problem, const Team& team,
                             void* memory, F f) {
    Scratch<Real> scratch{{static_cast<Real*>(memory)}};
    const ArrowWork<Real> work = take_arrow_work<Real>(scratch, plan);
    const ProblemLanes<Real> one{lanes(problem.psi).at,
                                 lanes(problem.zy),
                                 lanes(problem.u),
                                 lanes(problem.xy),
                                 problem.offset_y,
                                 problem.constant,
                                 true,
                                 lanes(problem.moved)};
    if (plan.family == KernelFamily::gaussian) {
      Gaussian<Real, Team> evaluator(plan, one, work, team);
      f(evaluator);
    } else if (plan.family == KernelFamily::poisson_log) {
      Bordered<Real, PoissonLog, Pack<A>, Team> evaluator(plan, one, work, team);
      f(evaluator);
    } else {
      Bordered<Real, BinomialLogit, Pack<A>, Team> evaluator(plan, one, work, team);
      f(evaluator);
    }
  }
};

}  // namespace cuglmm
