// Objective and gradient, by problem, of models with one random intercept: the hottest kernel.
#include <kernels/cuda/parts.hpp>
#include <kernels/cuda/units.hpp>
#include <kernels/problem.hpp>

namespace cuglmm::cuda {
namespace {

/// As ByProblem, but p is known to the compiler: up to 14 registers fewer.
template <int p, bool UnitWeights>
struct UnitRows {
  static constexpr bool unit_weights = UnitWeights;
  const double *X, *offset_, *weights_;
  __device__ double x(Index i, int j) const { return X[i * p + j]; }
  __device__ double offset(Index i) const { return offset_[i]; }
  __device__ double weight(Index i) const { return UnitWeights ? 1.0 : weights_[i]; }
};

template <class Family, int p, bool UnitWeights>
__global__ void evaluate_unit_parts(const PlanView plan, const Problems problems, const int* list, int count,
                                    double mode_tolerance) {
  using Rows = UnitRows<p, UnitWeights>;
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at], part = blockIdx.y;
  const auto lane_of = [&](double* all) { return entries(all, lane, problems.lanes); };
  const bool known = problems.evaluations[lane] > 0.5;  // where the modes were at another psi
  const Lanes<double> evaluated = lane_of(problems.evaluated), zy = lane_of(problems.zy),
                      u = lane_of(problems.u), sensitivities = lane_of(problems.sensitivity);
  double psi[1 + p], moved[1 + p];
  for (int i = 0; i <= p; ++i) {
    psi[i] = problems.psi[Index{lane} * (1 + p) + i];
    moved[i] = known ? psi[i] - evaluated[i] : 0.0;
  }
  const double tolerance = mode_tolerance / unit_predictor_scale(psi);
  UnitSums<double, p> sums;
  for (int i = plan.parts.first[part]; i < plan.parts.first[part + 1]; ++i) {
    const ComponentView& component = plan.components[i];
    const Rows rows{component.X, component.offset, component.weights};
    const Lanes<double> mode = u.from(component.u_first),
                        sensitivity = sensitivities.from(Index{i} * (1 + p));
    const double last = mode[0], start = known ? predicted_mode(last, sensitivity, moved, 1 + p) : last;
    UnitComponent<double, Family, p, Rows> unit(rows, component.tree.rows, psi, zy[component.zy_first], start,
                                                true);
    unit.evaluate(tolerance, sums);
    mode[0] = unit.u;
    for (int j = 0; j <= p; ++j) sensitivity[j] = unit.sensitivity[j];
  }
  keep(sums, Sums(plan), PartScratch(plan, problems, lane).of(part));
}

}  // namespace

cudaError_t evaluate_units(const PlanView& plan, const Problems& problems, const int* list, int count,
                           double mode_tolerance, cudaStream_t stream) {
  return with_family(plan, [&](auto family, auto) {
    return with_columns(plan, [&](auto columns) {
      using Family = typename decltype(family)::type;
      constexpr int p = decltype(columns)::value;
      auto kernel = evaluate_unit_parts<Family, p, false>;
      // Weights of 1 spare a logarithm per row.
      if constexpr (std::is_same_v<Family, BinomialLogit>)
        if (plan.unit_weights) kernel = evaluate_unit_parts<Family, p, true>;
      return launch(kernel, part_blocks(plan, count), 0, stream, plan, problems, list, count, mode_tolerance);
    });
  });
}

}  // namespace cuglmm::cuda
