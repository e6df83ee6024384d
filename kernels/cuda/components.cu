// One problem by component: block (x, y) holds lanes of slice y.
#include <kernels/cuda/components.hpp>
#include <kernels/cuda/launch.hpp>
#include <kernels/cuda/shared.hpp>
#include <kernels/cuda/units.hpp>
#include <kernels/information.hpp>
#include <kernels/laplace.hpp>

namespace cuglmm::cuda {
namespace {

struct ComponentLane {
  Index lane, lanes;  ///< among all slices
  SliceView slice;
  ByComponent<double> rows;
  LaneProblem<double> problem;
};

__device__ ComponentLane component_lane(const PlanView& plan, const Components& components, int in_slice) {
  const Index width = components.width;
  const SliceView slice = plan.slices[blockIdx.y];
  const auto rows = [&](const double* values) {
    return entries(const_cast<double*>(values), in_slice, width);
  };
  return {blockIdx.y * width + in_slice,
          plan.slice_count * width,
          slice,
          {rows(slice.X), rows(slice.Z), rows(slice.offset), rows(slice.weights), plan.p, plan.Q},
          {components.theta, components.beta, entries(components.zy, in_slice, width).from(slice.zy_first),
           entries(components.u, in_slice, width).from(slice.u_first), slice.active[in_slice] > 0.5}};
}

template <class Family, class Shape>
__global__ void evaluate_components(const PlanView plan, const Components components, double mode_tolerance,
                                    bool with_moments) {
  const int in_slice = thread();
  if (in_slice >= components.width) return;
  const ComponentLane at = component_lane(plan, components, in_slice);
  Scratch<double> scratch{entries(components.scratch, at.lane, at.lanes)};
  const Work<double> work = take_work(scratch, plan);
  const Sums sums(plan);
  const Lanes<double> values = entries(components.values, at.lane, at.lanes);
  zero(values, sums.size(with_moments));
  const auto modes = [&](double* all) {
    return entries(all, in_slice, components.width).from(at.slice.u_first);
  };
  Moments<double> moments;
  if (with_moments)
    moments = {values.from(sums.T()), values.from(sums.TT()), modes(components.mode),
               modes(components.variance)};
  Evaluation<double> out{0.0, {}, values.from(sums.G()), values.from(sums.beta()), false};
  const Shape shape = MakeShape<Shape>::from(plan);
  Laplace<double, Family, Shape, ByComponent<double>> laplace(shape, at.slice.tree, at.rows, at.problem,
                                                              work);
  laplace.evaluate(mode_tolerance / predictor_scale(plan, components.theta), out, moments);
  values[sums.objective()] = at.problem.active ? out.objective - out.log_inverse.value() : 0.0;
  values[sums.failed()] = out.failed ? 1.0 : 0.0;
}

/// The same for one random intercept and few fixed effects.
template <class Family, int p>
__global__ void evaluate_unit_components(const PlanView plan, const Components components,
                                         double mode_tolerance, bool with_moments) {
  const int in_slice = thread();
  if (in_slice >= components.width) return;
  const ComponentLane at = component_lane(plan, components, in_slice);
  double psi[1 + p] = {components.theta[0]};
  for (int j = 0; j < p; ++j) psi[1 + j] = components.beta[j];
  const Lanes<double> u = at.problem.u;
  UnitComponent<double, Family, p, ByComponent<double>> unit(at.rows, at.slice.tree.rows, psi,
                                                             at.problem.zy[0], u[0], at.problem.active);
  UnitSums<double, p> sums;
  unit.evaluate(mode_tolerance / unit_predictor_scale(psi), sums);
  u[0] = unit.u;
  keep(sums, Sums(plan), entries(components.values, at.lane, at.lanes));
  if (!with_moments) return;
  const auto store = [&](double* all, double value) {
    entries(all, in_slice, components.width)[at.slice.u_first] = value;
  };
  store(components.mode, unit.mode);
  store(components.variance, unit.variance);
}

template <class Family, class Shape>
__global__ void component_information(const PlanView plan, const Components components) {
  const int in_slice = thread();
  if (in_slice >= components.width) return;
  const ComponentLane at = component_lane(plan, components, in_slice);
  Scratch<double> scratch{entries(components.scratch, at.lane, at.lanes)};
  const Work<double> work = take_work(scratch, plan);
  const Lanes<double> result = entries(components.values, at.lane, at.lanes);
  zero(result, Index{plan.p} * plan.p);
  const Shape shape = MakeShape<Shape>::from(plan);
  Information<double, Family, Shape, ByComponent<double>> lane(shape, at.slice.tree, at.rows, at.problem,
                                                               work);
  lane.evaluate(result);
}

/// A block sums one entry: every thread its lanes, then halves are folded together.
__global__ void sum_entries(const double* values, Index lanes, double* sums) {
  double* partial = shared_memory<double>();
  const int at = threadIdx.x;
  const double* entry = values + blockIdx.x * lanes;
  double sum = 0;
  for (Index lane = at; lane < lanes; lane += kBlock) sum += entry[lane];
  partial[at] = sum;
  for (int half = kBlock / 2; half > 0; half /= 2) {
    __syncthreads();
    if (at < half) partial[at] += partial[at + half];
  }
  if (at == 0) sums[blockIdx.x] = partial[0];
}

dim3 slices(const PlanView& plan, const Components& components) {
  return {blocks(components.width), static_cast<unsigned>(plan.slice_count), 1};
}

}  // namespace

Index component_scratch(const PlanView& plan) {
  Scratch<double> scratch;
  take_work(scratch, plan);
  return scratch.used;
}

cudaError_t evaluate(const PlanView& plan, const Components& components, double mode_tolerance, bool moments,
                     cudaStream_t stream) {
  return with_family(plan, [&](auto family, auto) {
    using Family = typename decltype(family)::type;
    if (has_units(plan))
      return with_columns(plan, [&](auto columns) {
        return launch(evaluate_unit_components<Family, decltype(columns)::value>, slices(plan, components), 0,
                      stream, plan, components, mode_tolerance, moments);
      });
    return with_shape(plan, [&](auto shape) {
      return launch(evaluate_components<Family, typename decltype(shape)::type>, slices(plan, components), 0,
                    stream, plan, components, mode_tolerance, moments);
    });
  });
}

cudaError_t information(const PlanView& plan, const Components& components, cudaStream_t stream) {
  return with_family(plan, [&](auto family, auto) {
    return with_path(plan, [&](auto shape) {
      return launch(component_information<typename decltype(family)::type, typename decltype(shape)::type>,
                    slices(plan, components), 0, stream, plan, components);
    });
  });
}

cudaError_t sum_lanes(const double* values, int entries, Index lanes, double* sums, cudaStream_t stream) {
  return launch(sum_entries, dim3(static_cast<unsigned>(entries)), kBlock * sizeof(double), stream, values,
                lanes, sums);
}

}  // namespace cuglmm::cuda
