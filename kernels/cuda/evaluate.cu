// Objective and gradient, by problem: the hot kernels of a batch.
#include <kernels/cuda/arrow.hpp>
#include <kernels/cuda/lanes.hpp>
#include <kernels/problem.hpp>

#include <type_traits>

namespace cuglmm::cuda {
namespace {

template <class Family, class Shape, bool UnitWeights>
__global__ void evaluate_problems(const PlanView plan, const Problems problems, const int* list, int count,
                                  double mode_tolerance) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at], lanes = problems.lanes, k = plan.m + plan.p;
  const auto lane_of = [&](double* all) { return entries(all, lane, lanes); };
  Scratch<double> scratch{lane_of(problems.scratch)};
  const Work<double> work = take_work(scratch, plan);
  const Moments<double> moments = lane_moments(plan, problems, lane, scratch);
  const Lanes<double> G = lane_of(problems.G), moved = lane_of(problems.moved);
  double* psi = problems.psi + Index{lane} * k;
  double* gradient = problems.gradient + Index{lane} * k;
  zero(G, plan.m);
  zero(Lanes<double>{gradient}, k);
  move_point(Lanes<double>{psi}, problems.evaluations[lane] > 0.5, k, lane_of(problems.evaluated), moved);
  Evaluation<double> out{0.0, {}, G, {gradient + plan.m}, false};
  all_components<double, Family, Shape, UnitWeights>(
      plan, psi, lane_of(problems.zy), lane_of(problems.u), lane_of(problems.sensitivity), moved, true, work,
      mode_tolerance / predictor_scale(plan, psi), out, moments);
  problems.objective[lane] = problem_value(plan, psi, out, lane_of(problems.xy), problems.offset_y[lane],
                                           problems.constant[lane], gradient);
  problems.evaluations[lane] += 1;
}

}  // namespace

Index problem_scratch(const PlanView& plan) {
  if (!plan.separable) return arrow_scratch(plan);
  Scratch<double> scratch;
  take_work(scratch, plan);
  scratch.take(Index{2} * plan.max_u);
  return scratch.used;
}

cudaError_t evaluate(const PlanView& plan, const Problems& problems, const int* list, int count,
                     double mode_tolerance, cudaStream_t stream) {
  if (!plan.separable) return evaluate_arrow(plan, problems, list, count, mode_tolerance, stream);
  return with_family(plan, [&](auto family, auto) {
    return with_shape(plan, [&](auto shape) {
      using Family = typename decltype(family)::type;
      using Shape = typename decltype(shape)::type;
      auto kernel = evaluate_problems<Family, Shape, false>;
      // Weights of 1 spare a logarithm per row.
      if constexpr (Shape::single && std::is_same_v<Family, BinomialLogit>)
        if (plan.unit_weights) kernel = evaluate_problems<Family, Shape, true>;
      return launch(kernel, dim3(blocks(count)), 0, stream, plan, problems, list, count, mode_tolerance);
    });
  });
}

}  // namespace cuglmm::cuda
