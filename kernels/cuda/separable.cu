// The __global__ functions find their lane, return if there is none, and call the lane function.
#include <kernels/bfgs.hpp>
#include <kernels/cuda/separable.hpp>
#include <kernels/information.hpp>
#include <kernels/laplace.hpp>
#include <kernels/scratch.hpp>

namespace cuglmm::cuda {
namespace {

constexpr int kBlock = 128;

/// Entries of a lane: neighbours lie `lanes` apart.
__device__ Lanes<double> entries(double* all, Index lane, Index lanes) { return {all + lane, lanes}; }

__device__ int thread() { return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); }

// ---- lanes are problems ----

template <class Family, class Shape, bool UnitWeights>
__global__ void evaluate_problem(const PlanView plan, const Problems problems, double mode_tolerance) {
  const int lane = thread(), lanes = problems.count, k = plan.m + plan.p;
  if (lane >= lanes || problems.active[lane] == 0.0) return;
  Scratch<double> scratch{entries(problems.scratch, lane, lanes)};
  const Work<double> work = take_work(scratch, plan);
  double* psi = problems.psi + Index{lane} * k;
  double* gradient = problems.gradient + Index{lane} * k;
  const Lanes<double> zy = entries(problems.zy, lane, lanes), u = entries(problems.u, lane, lanes);
  const Lanes<double> xy = entries(problems.xy, lane, lanes), G = scratch.take(plan.m);
  zero(G, plan.m);
  zero(Lanes<double>{gradient}, k);
  Evaluation<double> out{0.0, {}, G, {gradient + plan.m}, false, 0};
  const Shape shape = MakeShape<Shape>::from(plan);
  const double tolerance = mode_tolerance / predictor_scale(plan, psi);
  for (int i = 0; i < plan.component_count; ++i) {
    const ComponentView& component = plan.components[i];
    const ByProblem<double, UnitWeights> rows{component.X,       component.Z, component.offset,
                                              component.weights, plan.p,      plan.Q};
    const LaneProblem<double> problem{psi, psi + plan.m, zy.from(component.zy_first),
                                      u.from(component.u_first), true};
    Laplace<double, Family, Shape, ByProblem<double, UnitWeights>> laplace(shape, component.tree, rows,
                                                                           problem, work);
    laplace.evaluate(tolerance, out, nullptr);
  }
  theta_gradient(MakeShape<AnyShape>::from(plan), psi, G, gradient);
  double response = problems.offset_y[lane];
  for (int j = 0; j < plan.p; ++j) {
    response = fma_(xy[j], psi[plan.m + j], response);
    gradient[plan.m + j] -= 2.0 * xy[j];
  }
  problems.objective[lane] =
      out.failed ? nan("")
                 : out.objective - out.log_inverse.value() - 2.0 * response + problems.constant[lane];
}

template <class Family, class Draw>
__global__ void simulate_problem(const PlanView plan, const Problems problems, std::uint64_t seed) {
  const int lane = thread(), lanes = problems.count;
  if (lane >= lanes || problems.active[lane] == 0.0) return;
  const double* psi = problems.psi + Index{lane} * (plan.m + plan.p);
  const Lanes<double> zy = entries(problems.zy, lane, lanes), u = entries(problems.u, lane, lanes);
  const Lanes<double> xy = entries(problems.xy, lane, lanes), b = entries(problems.scratch, lane, lanes);
  zero(xy, plan.p);
  const PhiloxKey<double> key(seed);
  Simulated<double> out{zy, u, xy, 0.0, 0.0, nullptr};
  for (int i = 0; i < plan.component_count; ++i) {
    const ComponentView& component = plan.components[i];
    const ByProblem<double, false> rows{component.X,       component.Z, component.offset,
                                        component.weights, plan.p,      plan.Q};
    out.zy = zy.from(component.zy_first);
    out.u = u.from(component.u_first);
    simulate_component<double, Family, Draw>(MakeShape<AnyShape>::from(plan), component.tree, rows,
                                             component.original, component.u_number, psi, psi + plan.m, key,
                                             static_cast<std::uint64_t>(problems.number[lane]), b, out);
  }
  problems.offset_y[lane] = out.offset_y;
  problems.constant[lane] = out.constant;
}

__global__ void advance_problem(const PlanView plan, const Problems problems, const Searches searches) {
  const int lane = thread(), lanes = problems.count, k = plan.m + plan.p;
  if (lane >= lanes || problems.active[lane] == 0.0) return;
  Bfgs<double> bfgs;
  bfgs.tolerance = searches.tolerance;
  bfgs.place(entries(searches.state, lane, lanes), k, plan.m);
  bfgs.trial = {problems.psi + Index{lane} * k};  // where evaluate() reads it
  const Bfgs<double>::Outcome outcome =
      bfgs.advance(true, problems.objective[lane], {problems.gradient + Index{lane} * k});
  searches.outcome[lane] = outcome.converged ? 1.0 : outcome.stalled ? 2.0 : 0.0;
}

// ---- lanes are components: block (x, y) holds lanes of slice y ----

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
__global__ void evaluate_component(const PlanView plan, const Components components, double mode_tolerance) {
  const int in_slice = thread();
  if (in_slice >= components.width) return;
  const ComponentLane at = component_lane(plan, components, in_slice);
  Scratch<double> scratch{entries(components.scratch, at.lane, at.lanes)};
  const Work<double> work = take_work(scratch, plan);
  const Lanes<double> G = entries(components.G, at.lane, at.lanes);
  const Lanes<double> gradient = entries(components.beta_gradient, at.lane, at.lanes);
  zero(G, plan.m);
  zero(gradient, plan.p);
  Evaluation<double> out{0.0, {}, G, gradient, false, 0};
  const Shape shape = MakeShape<Shape>::from(plan);
  Laplace<double, Family, Shape, ByComponent<double>> laplace(shape, at.slice.tree, at.rows, at.problem,
                                                              work);
  laplace.evaluate(mode_tolerance / predictor_scale(plan, components.theta), out, nullptr);
  components.objective[at.lane] = at.problem.active ? out.objective - out.log_inverse.value() : 0.0;
  components.failed[at.lane] = out.failed ? 1.0 : 0.0;
}

template <class Family>
__global__ void component_information(const PlanView plan, const Components components) {
  const int in_slice = thread();
  if (in_slice >= components.width) return;
  const ComponentLane at = component_lane(plan, components, in_slice);
  Scratch<double> scratch{entries(components.scratch, at.lane, at.lanes)};
  const Work<double> work = take_work(scratch, plan);
  const Lanes<double> result = entries(components.information, at.lane, at.lanes);
  zero(result, Index{plan.p} * plan.p);
  const AnyShape shape = MakeShape<AnyShape>::from(plan);
  Information<double, Family, AnyShape, ByComponent<double>> lane(shape, at.slice.tree, at.rows, at.problem,
                                                                  work);
  lane.evaluate(result);
}

// ---- host ----

unsigned blocks(int lanes) { return static_cast<unsigned>((lanes + kBlock - 1) / kBlock); }

dim3 slices(const PlanView& plan, const Components& components) {
  return {blocks(components.width), static_cast<unsigned>(plan.slice_count), 1};
}

template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, cudaStream_t stream,
                   const Arguments&... arguments) {
  if (grid.x == 0 || grid.y == 0) return cudaSuccess;
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = dim3(kBlock);
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

template <class T>
struct Type {
  using type = T;
};

template <class F>
cudaError_t with_family(const PlanView& plan, F f) {
  if (plan.family == KernelFamily::poisson_log) return f(PoissonLog{}, PoissonDraw{});
  return f(BinomialLogit{}, BinomialDraw{});
}

template <class F>
cudaError_t with_shape(const PlanView& plan, F f) {
  switch (plan.shape) {
    case KernelShape::one_unit:
      return f(Type<OneTerm<1, true>>{});
    case KernelShape::one_2:
      return f(Type<OneTerm<2>>{});
    case KernelShape::one_3:
      return f(Type<OneTerm<3>>{});
    case KernelShape::any:
      break;
  }
  return f(Type<AnyShape>{});
}

}  // namespace

Index problem_reals(const PlanView& plan) {
  Scratch<double> scratch;
  take_work(scratch, plan);
  scratch.take(plan.m);
  return scratch.used;
}

Index component_reals(const PlanView& plan) {
  Scratch<double> scratch;
  take_work(scratch, plan);
  return scratch.used;
}

cudaError_t evaluate(const PlanView& plan, const Problems& problems, double mode_tolerance,
                     cudaStream_t stream) {
  return with_family(plan, [&](auto family, auto) {
    return with_shape(plan, [&](auto shape) {
      using Family = decltype(family);
      using Shape = typename decltype(shape)::type;
      const auto kernel =
          plan.unit_weights ? evaluate_problem<Family, Shape, true> : evaluate_problem<Family, Shape, false>;
      return launch(kernel, dim3(blocks(problems.count)), stream, plan, problems, mode_tolerance);
    });
  });
}

cudaError_t evaluate(const PlanView& plan, const Components& components, double mode_tolerance,
                     cudaStream_t stream) {
  return with_family(plan, [&](auto family, auto) {
    return with_shape(plan, [&](auto shape) {
      return launch(evaluate_component<decltype(family), typename decltype(shape)::type>,
                    slices(plan, components), stream, plan, components, mode_tolerance);
    });
  });
}

cudaError_t information(const PlanView& plan, const Components& components, cudaStream_t stream) {
  return with_family(plan, [&](auto family, auto) {
    return launch(component_information<decltype(family)>, slices(plan, components), stream, plan,
                  components);
  });
}

cudaError_t simulate(const PlanView& plan, const Problems& problems, std::uint64_t seed,
                     cudaStream_t stream) {
  return with_family(plan, [&](auto family, auto draw) {
    return launch(simulate_problem<decltype(family), decltype(draw)>, dim3(blocks(problems.count)), stream,
                  plan, problems, seed);
  });
}

cudaError_t advance(const PlanView& plan, const Problems& problems, const Searches& searches,
                    cudaStream_t stream) {
  return launch(advance_problem, dim3(blocks(problems.count)), stream, plan, problems, searches);
}

}  // namespace cuglmm::cuda
