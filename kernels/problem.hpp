/// Whole problems, for the lanes of a slice by problem: one evaluation, the sum over their components, and
/// their simulation.
#pragma once

#include <kernels/laplace.hpp>
#include <kernels/scratch.hpp>

namespace cuglmm {

/// A better start of PIRLS: the mode u moved along with psi (moved: k, by how much, 0 in a lane with a new
/// problem).
template <class Real, class Moved>
CUGLMM_HD Real predicted_mode(const Real& u, const Lanes<Real>& sensitivity, const Moved& moved, int k) {
  Real predicted = u;
  for (int i = 0; i < k; ++i) predicted = fma_(Real(sensitivity[i]), Real(moved[i]), predicted);
  return select_(finite_(predicted), predicted, u);
}

/// Components [begin, end) of the problems of a slice.
template <class Real, class Family, class Shape, bool UnitWeights>
CUGLMM_LANE void evaluate_components(const PlanView& plan, int begin, int end, const Real* psi,
                                     const Lanes<Real>& zy, const Lanes<Real>& u,
                                     const Lanes<Real>& sensitivity, const Lanes<Real>& moved,
                                     const Mask<Real>& active, const Work<Real>& work,
                                     const Real& mode_tolerance, Evaluation<Real>& out,
                                     const Moments<Real>& moments) {
  const int k = plan.m + plan.p;
  const Shape shape = MakeShape<Shape>::from(plan);
  for (int i = begin; i < end; ++i) {
    const ComponentView& component = plan.components[i];
    const ByProblem<Real, UnitWeights> rows{component.X,       component.Z, component.offset,
                                            component.weights, plan.p,      plan.Q};
    LaneProblem<Real> problem{psi, psi + plan.m, zy.from(component.zy_first), u.from(component.u_first),
                              active};
    if constexpr (Shape::unit_z) {
      problem.sensitivity = sensitivity.from(Index{i} * k);
      problem.u[0] = predicted_mode(Real(problem.u[0]), problem.sensitivity, moved, k);
    }
    Laplace<Real, Family, Shape, ByProblem<Real, UnitWeights>> laplace(shape, component.tree, rows, problem,
                                                                       work);
    laplace.evaluate(mode_tolerance, out, moments);
  }
}

/// The data of components [begin, end) of whole problems, drawn at (theta, beta): out's lanes hold all
/// components, its sums those of the range. b: max_u, scratch.
template <class Real, class Family, class Draw, class Shape>
CUGLMM_LANE void simulate_components(const PlanView& plan, const Real* theta, const Real* beta,
                                     const PhiloxKey<Real>& key, const Word<Real>& replicate, int begin,
                                     int end, const Lanes<Real>& b, Simulated<Real>& out) {
  const Lanes<Real> zy = out.zy, u = out.u;
  const Shape shape = MakeShape<Shape>::from(plan);
  zero(out.xy, plan.p);
  for (int i = begin; i < end; ++i) {
    const ComponentView& component = plan.components[i];
    const ByProblem<Real, false> rows{component.X,       component.Z, component.offset,
                                      component.weights, plan.p,      plan.Q};
    out.zy = zy.from(component.zy_first);
    out.u = u.from(component.u_first);
    simulate_component<Real, Family, Draw>(shape, component.tree, rows, component.original,
                                           component.u_number, theta, beta, key, replicate, b, out);
  }
}

/// From the last point evaluated (none: a new problem, which has not moved) to this one.
template <class Real>
CUGLMM_LANE void move_point(const Lanes<Real>& trial, const Mask<Real>& has_last, int k,
                            const Lanes<Real>& evaluated, const Lanes<Real>& moved) {
  for (int i = 0; i < k; ++i) {
    moved[i] = select_(has_last, trial[i] - evaluated[i], Real(0.0));
    evaluated[i] = trial[i];
  }
}

/// -2 log L from the sums over components, NaN where PIRLS failed; completes the gradient (k: theta, beta),
/// which holds X'r of beta.
template <class Real>
CUGLMM_LANE Real problem_value(const PlanView& plan, const Real* psi, const Evaluation<Real>& out,
                               const Lanes<Real>& xy, const Real& offset_y, const Real& constant,
                               Real* gradient) {
  theta_gradient(MakeShape<AnyShape>::from(plan), psi, out.G, gradient);
  Real response = offset_y;
  for (int j = 0; j < plan.p; ++j) {
    response = fma_(xy[j], psi[plan.m + j], response);
    gradient[plan.m + j] -= 2.0 * xy[j];
  }
  const Real value = out.objective - out.log_inverse.value() - 2.0 * response + constant;
  return select_(out.failed, Real(NAN), value);
}

}  // namespace cuglmm
