// Crossed random effects, linear models and nAGQ = 0, by problem: a thread is a problem.
#include <kernels/arrow_scratch.hpp>
#include <kernels/bordered.hpp>
#include <kernels/cuda/arrow.hpp>
#include <kernels/cuda/lanes.hpp>
#include <kernels/gaussian.hpp>
#include <kernels/simulate_arrow.hpp>

namespace cuglmm::cuda {
namespace {

/// The linear model's place among the families.
struct Linear {};

template <class Family>
struct Evaluate {
  __device__ static double problem(const PlanView& plan, const ProblemLanes<double>& problem,
                                   const ArrowWork<double>& work, double tolerance, const Lanes<double>& G,
                                   const Lanes<double>& gradient, const Moments<double>& moments) {
    const Alone alone;
    return Bordered<double, Family, double, Alone, kGpuColumns>(plan, problem, work, alone)
        .evaluate(tolerance, G, gradient, moments);
  }
};
template <>
struct Evaluate<Linear> {
  __device__ static double problem(const PlanView& plan, const ProblemLanes<double>& problem,
                                   const ArrowWork<double>& work, double, const Lanes<double>& G,
                                   const Lanes<double>& gradient, const Moments<double>& moments) {
    const Alone alone;
    return Gaussian<double, Alone, kGpuColumns>(plan, problem, work, alone).evaluate(G, gradient, moments);
  }
};

template <class Family>
__global__ void evaluate_arrow_problems(const PlanView plan, const Problems problems, const int* list,
                                        int count, double mode_tolerance) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at], lanes = problems.lanes;
  const auto lane_of = [&](double* all) { return entries(all, lane, lanes); };
  Scratch<double> scratch{lane_of(problems.scratch)};
  const ArrowWork<double> work = take_arrow_work(scratch, plan);
  const Moments<double> moments = lane_moments(plan, problems, lane, scratch);
  const Lanes<double> G = lane_of(problems.G);
  const double* psi = problems.psi + Index{lane} * plan.k;
  const Lanes<double> gradient{problems.gradient + Index{lane} * (plan.k + plan.carried)};
  zero(G, plan.m);
  zero(gradient, plan.k + plan.carried);
  const ProblemLanes<double> problem{psi,
                                     lane_of(problems.zy),
                                     lane_of(problems.u),
                                     lane_of(problems.xy),
                                     problems.offset_y[lane],
                                     problems.constant[lane],
                                     true};
  problems.objective[lane] = Evaluate<Family>::problem(
      plan, problem, work, mode_tolerance / predictor_scale(plan, psi), G, gradient, moments);
  problems.evaluations[lane] += 1;
}

template <class Family, class Draw>
__global__ void simulate_arrow_kernel(const PlanView plan, const double* psi, double sigma,
                                      std::uint64_t seed, const Problems problems, const int* list, int count,
                                      double* responses) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at];
  Simulated<double> out = simulated_lane(problems, lane, responses);
  const Lanes<double> beta{const_cast<double*>(psi + plan.m)},
      b = entries(problems.scratch, lane, problems.lanes);
  const PhiloxKey<double> key(seed);
  const std::uint64_t replicate = static_cast<std::uint64_t>(problems.number[lane]);
  if constexpr (std::is_same_v<Family, Linear>)
    simulate_gaussian(plan, psi, beta, sigma, key, replicate, b, out);
  else
    simulate_arrow<double, Family, Draw>(plan, psi, beta, key, replicate, b, out);
  keep_sums(out, problems, lane);
}

/// f(Type<Family>, Type<Draw>), linear models among the families.
template <class F>
auto with_model(const PlanView& plan, F f) {
  if (plan.family == KernelFamily::gaussian) return f(Type<Linear>{}, Type<Linear>{});
  return with_family(plan, f);
}

}  // namespace

Index arrow_scratch(const PlanView& plan) {
  Scratch<double> scratch;
  take_arrow_work(scratch, plan);
  scratch.take(Index{2} * plan.max_u);
  return scratch.used;
}

cudaError_t evaluate_arrow(const PlanView& plan, const Problems& problems, const int* list, int count,
                           double mode_tolerance, cudaStream_t stream) {
  return with_model(plan, [&](auto family, auto) {
    return launch(evaluate_arrow_problems<typename decltype(family)::type>, dim3(blocks(count)), 0, stream,
                  plan, problems, list, count, mode_tolerance);
  });
}

cudaError_t simulate_arrow_problems(const PlanView& plan, const double* psi, double sigma, std::uint64_t seed,
                                    const Problems& problems, const int* list, int count, double* responses,
                                    cudaStream_t stream) {
  return with_model(plan, [&](auto family, auto draw) {
    return launch(simulate_arrow_kernel<typename decltype(family)::type, typename decltype(draw)::type>,
                  dim3(blocks(count)), 0, stream, plan, psi, sigma, seed, problems, list, count, responses);
  });
}

}  // namespace cuglmm::cuda
