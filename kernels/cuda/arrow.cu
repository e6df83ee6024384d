// Crossed random effects, linear models and nAGQ = 0, by problem: a block has some problems, each of them
// many threads (block.hpp).
#include <kernels/arrow_scratch.hpp>
#include <kernels/bordered.hpp>
#include <kernels/cuda/arrow.hpp>
#include <kernels/cuda/block.hpp>
#include <kernels/cuda/lanes.hpp>
#include <kernels/cuda/shared.hpp>
#include <kernels/gaussian.hpp>
#include <kernels/simulate_arrow.hpp>

namespace cuglmm::cuda {
namespace {

/// Most threads of a block and of a problem. Small models get fewer, and a multiprocessor more of them: what
/// one thread has to do then takes less of it.
#if defined(CUGLMM_EMULATED_CUDA)  // where every thread at a barrier costs time
constexpr unsigned kArrowBlock = 8, kArrowThreads = 4, kArrowLanes = 2;
#else
constexpr unsigned kArrowBlock = 512, kArrowThreads = 32, kArrowLanes = 32;
#endif

/// Problems of a block, and threads of each: one for each part, a power of two.
dim3 arrow_block(const PlanView& plan) {
  unsigned threads = 1;
  while (threads < kArrowThreads && threads < static_cast<unsigned>(plan.arrow.part_count)) threads *= 2;
  return {kArrowBlock / threads < kArrowLanes ? kArrowBlock / threads : kArrowLanes, threads};
}

/// The linear model's place among the families.
struct Linear {};

/// What the threads of a lane share: in their own memory it would be fetched from the GPU's all the time.
struct ArrowLane {
  ArrowWork<double> work;
  ProblemLanes<double> problem;
  Moments<double> moments;
};

__device__ ArrowLane arrow_lane(const PlanView& plan, const Problems& problems, int lane, bool idle) {
  const auto lane_of = [&](double* all) { return entries(all, lane, problems.lanes); };
  Scratch<double> scratch{lane_of(problems.scratch)};
  ArrowLane out;
  out.work = take_arrow_work(scratch, plan);
  out.problem = {problems.psi + Index{lane} * plan.k,
                 lane_of(problems.zy),
                 lane_of(problems.u),
                 lane_of(problems.xy),
                 problems.offset_y[lane],
                 problems.constant[lane],
                 !idle};
  if (!idle) out.moments = lane_moments(plan, problems, lane, scratch);
  return out;
}

template <class Family>
struct Evaluate {
  __device__ static double problem(const PlanView& plan, const ArrowLane& at, const Block& block,
                                   double tolerance, const Lanes<double>& G, const Lanes<double>& gradient) {
    return Bordered<double, Family, double, Block, kGpuColumns>(plan, at.problem, at.work, block)
        .evaluate(tolerance, G, gradient, at.moments);
  }
};
template <>
struct Evaluate<Linear> {
  __device__ static double problem(const PlanView& plan, const ArrowLane& at, const Block& block, double,
                                   const Lanes<double>& G, const Lanes<double>& gradient) {
    return Gaussian<double, Block, kGpuColumns>(plan, at.problem, at.work, block)
        .evaluate(G, gradient, at.moments);
  }
};

template <class Family>
__global__ void __launch_bounds__(kArrowBlock)
    evaluate_arrow_problems(const PlanView plan, const Problems problems, const int* list, int count,
                            double mode_tolerance) {
  ArrowLane* shared = shared_memory<ArrowLane>();
  ArrowLane& at = shared[threadIdx.x];
  const bool idle = thread() >= count;
  const Block block(reinterpret_cast<double*>(shared + blockDim.x), idle);
  const int lane = list[idle ? count - 1 : thread()];
  if (threadIdx.y == 0) new (&at) ArrowLane(arrow_lane(plan, problems, lane, idle));
  __syncthreads();
  const Lanes<double> G = entries(problems.G, lane, problems.lanes),
                      gradient{problems.gradient + Index{lane} * (plan.k + plan.carried)};
  block.once([&] {
    zero(G, plan.m);
    zero(gradient, plan.k + plan.carried);
  });
  const double tolerance = mode_tolerance / predictor_scale(plan, at.problem.psi);
  const double objective = Evaluate<Family>::problem(plan, at, block, tolerance, G, gradient);
  block.once([&] {
    problems.objective[lane] = objective;
    problems.evaluations[lane] += 1;
  });
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
    const dim3 block = arrow_block(plan);
    const std::size_t shared_bytes = block.x * (sizeof(ArrowLane) + block.y * sizeof(double));
    return launch_blocks(evaluate_arrow_problems<typename decltype(family)::type>,
                         dim3((count + block.x - 1) / block.x), block, shared_bytes, stream, plan, problems,
                         list, count, mode_tolerance);
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
