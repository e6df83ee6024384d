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

/// Most threads of a block and of a problem, most problems of a block; half as many if there are so few
/// problems that not every multiprocessor would have some. A thread keeps much on its stack: more of them on
/// a multiprocessor crowd the problems' data out of its cache.
#if defined(CUGLMM_EMULATED_CUDA)  // where every thread at a barrier costs time
constexpr unsigned kArrowBlock = 8, kArrowThreads = 4, kArrowLanes = 4;
constexpr int kFewProblems = 1;
#else
constexpr unsigned kArrowBlock = 512, kArrowThreads = 32, kArrowLanes = 32;
constexpr int kFewProblems = 2048;
#endif

/// Problems of a block, and threads of each: one for each part, a power of two.
dim3 arrow_block(const PlanView& plan, int count) {
  unsigned threads = 1;
  while (threads < kArrowThreads && threads < static_cast<unsigned>(plan.arrow.part_count)) threads *= 2;
  const unsigned lanes = kArrowBlock / threads < kArrowLanes ? kArrowBlock / threads : kArrowLanes;
  return {count > kFewProblems ? lanes : lanes / 2, threads};
}

/// The linear model's place among the families.
struct Linear {};

/// What the threads of a lane share.
struct ArrowLane {
  ArrowWork<double> work;
  ProblemLanes<double> problem;
  Moments<double> moments;

  __device__ ArrowLane(const PlanView& plan, const Problems& problems, int lane, bool idle)
      : problem{problems.psi + Index{lane} * plan.k,
                entries(problems.zy, lane, problems.lanes),
                entries(problems.u, lane, problems.lanes),
                entries(problems.xy, lane, problems.lanes),
                problems.offset_y[lane],
                problems.constant[lane],
                !idle} {
    Scratch<double> scratch{entries(problems.scratch, lane, problems.lanes)};
    work = take_arrow_work(scratch, plan);
    if (!idle) moments = lane_moments(plan, problems, lane, scratch);
  }
};

template <class Family>
__global__ void __launch_bounds__(kArrowBlock)
    evaluate_arrow_problems(const PlanView plan, const Problems problems, const int* list, int count,
                            double mode_tolerance) {
  ArrowLane* lanes = shared_memory<ArrowLane>();
  ArrowLane& at = lanes[threadIdx.x];
  const bool idle = thread() >= count;
  const Block block(reinterpret_cast<double*>(lanes + blockDim.x), idle);
  const int lane = list[idle ? count - 1 : thread()];
  if (threadIdx.y == 0) new (&at) ArrowLane(plan, problems, lane, idle);
  __syncthreads();
  const Lanes<double> G = entries(problems.G, lane, problems.lanes),
                      gradient{problems.gradient + Index{lane} * (plan.k + plan.carried)};
  block.once([&] {
    zero(G, plan.m);
    zero(gradient, plan.k + plan.carried);
  });
  double objective = 0;
  if constexpr (std::is_same_v<Family, Linear>)
    objective = Gaussian<double, Block, kGpuColumns>(plan, at.problem, at.work, block)
                    .evaluate(G, gradient, at.moments);
  else
    objective =
        Bordered<double, Family, double, Block, kGpuColumns>(plan, at.problem, at.work, block)
            .evaluate(mode_tolerance / predictor_scale(plan, at.problem.psi), G, gradient, at.moments);
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
    const dim3 block = arrow_block(plan, count);
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
