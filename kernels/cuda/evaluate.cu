// Objective and gradient, by problem: the hot kernels of a batch.
#include <kernels/cuda/arrow.hpp>
#include <kernels/cuda/parts.hpp>
#include <kernels/cuda/sums.hpp>
#include <kernels/cuda/units.hpp>
#include <kernels/problem.hpp>
#include <kernels/search.hpp>

#include <algorithm>
#include <type_traits>

namespace cuglmm::cuda {
namespace {

/// What a part needs to evaluate its components: the sums that it leaves, and scratch.
struct EvaluationWork {
  Lanes<double> sums, moved;
  Work<double> work;
  Lanes<double> mode, variance;

  CUGLMM_HD EvaluationWork(Scratch<double>& scratch, const PlanView& plan)
      : sums(scratch.take(Sums(plan).size(true))),
        moved(scratch.take(plan.m + plan.p)),
        work(take_work(scratch, plan)),
        mode(scratch.take(plan.max_u)),
        variance(scratch.take(plan.max_u)) {}
};

template <class Family, class Shape, bool UnitWeights>
__global__ void evaluate_parts(const PlanView plan, const Problems problems, const int* list, int count,
                               double mode_tolerance) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at], part = blockIdx.y, k = plan.m + plan.p;
  const int begin = plan.parts.first[part], end = plan.parts.first[part + 1];
  const auto lane_of = [&](double* all) { return entries(all, lane, problems.lanes); };
  Scratch<double> scratch{PartScratch(plan, problems, lane).of(part)};
  const EvaluationWork here(scratch, plan);
  const Sums entry(plan);
  zero(here.sums, entry.size(true));
  const bool known = problems.evaluations[lane] > 0.5;  // where the modes were at another psi
  const double* psi = problems.psi + Index{lane} * k;
  const Lanes<double> evaluated = lane_of(problems.evaluated), sensitivity = lane_of(problems.sensitivity);
  for (int i = 0; i < k; ++i) here.moved[i] = known ? psi[i] - evaluated[i] : 0.0;
  if (Shape::unit_z && !known) zero(sensitivity.from(Index{begin} * k), Index{end - begin} * k);
  Moments<double> moments;
  if (needs_moments(problems.phase[lane]))
    moments = {here.sums.from(entry.T()), here.sums.from(entry.TT()), here.mode, here.variance};
  Evaluation<double> out{0.0, {}, here.sums.from(entry.G()), here.sums.from(entry.beta()), false};
  evaluate_components<double, Family, Shape, UnitWeights>(
      plan, begin, end, psi, lane_of(problems.zy), lane_of(problems.u), sensitivity, here.moved, true,
      here.work, mode_tolerance / predictor_scale(plan, psi), out, moments);
  here.sums[entry.objective()] = out.objective - out.log_inverse.value();
  here.sums[entry.failed()] = out.failed ? 1.0 : 0.0;
}

__global__ void sum_parts(const PlanView plan, const Problems problems, const int* list, int count) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at], k = plan.m + plan.p;
  const auto lane_of = [&](double* all) { return entries(all, lane, problems.lanes); };
  const PartScratch parts(plan, problems, lane);
  const auto totals = [&](int first, int size, const Lanes<double>& sums) {
    for (int i = 0; i < size; ++i) sums[i] = parts.total(first + i);
  };
  const Sums entry(plan);
  const double* psi = problems.psi + Index{lane} * k;
  double* gradient = problems.gradient + Index{lane} * k;
  Evaluation<double> out{parts.total(entry.objective()),
                         {},
                         lane_of(problems.G),
                         {gradient + plan.m},
                         parts.total(entry.failed()) > 0.5};
  totals(entry.G(), plan.m, out.G);
  totals(entry.beta(), plan.p, out.beta);
  if (needs_moments(problems.phase[lane])) {
    totals(entry.T(), plan.m, lane_of(problems.T));
    totals(entry.TT(), plan.TT_size, lane_of(problems.TT));
  }
  problems.objective[lane] = problem_value(plan, psi, out, lane_of(problems.xy), problems.offset_y[lane],
                                           problems.constant[lane], gradient);
  for (int i = 0; i < k; ++i) lane_of(problems.evaluated)[i] = psi[i];
  problems.evaluations[lane] += 1;
}

cudaError_t evaluate_all_parts(const PlanView& plan, const Problems& problems, const int* list, int count,
                               double mode_tolerance, cudaStream_t stream) {
  if (has_units(plan)) return evaluate_units(plan, problems, list, count, mode_tolerance, stream);
  return with_family(plan, [&](auto family, auto) {
    return with_shape(plan, [&](auto shape) {
      using Family = typename decltype(family)::type;
      using Shape = typename decltype(shape)::type;
      auto kernel = evaluate_parts<Family, Shape, false>;
      // Weights of 1 spare a logarithm per row.
      if constexpr (Shape::single && std::is_same_v<Family, BinomialLogit>)
        if (plan.unit_weights) kernel = evaluate_parts<Family, Shape, true>;
      return launch(kernel, part_blocks(plan, count), 0, stream, plan, problems, list, count, mode_tolerance);
    });
  });
}

}  // namespace

Index part_scratch(const PlanView& plan) {
  Scratch<double> scratch;
  if (has_units(plan))
    scratch.take(Sums(plan).size(true));
  else
    EvaluationWork(scratch, plan);
  return std::max(scratch.used, simulation_scratch(plan));
}

Index problem_scratch(const PlanView& plan) {
  return plan.separable ? plan.parts.count * plan.parts.stride : arrow_scratch(plan);
}

cudaError_t evaluate(const PlanView& plan, const Problems& problems, const int* list, int count,
                     double mode_tolerance, cudaStream_t stream) {
  if (!plan.separable) return evaluate_arrow(plan, problems, list, count, mode_tolerance, stream);
  const cudaError_t status = evaluate_all_parts(plan, problems, list, count, mode_tolerance, stream);
  if (status != cudaSuccess) return status;
  return launch(sum_parts, dim3(blocks(count)), 0, stream, plan, problems, list, count);
}

}  // namespace cuglmm::cuda
