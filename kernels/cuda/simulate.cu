// Replicates' data.
#include <kernels/cuda/arrow.hpp>
#include <kernels/cuda/lanes.hpp>
#include <kernels/cuda/parts.hpp>
#include <kernels/problem.hpp>

namespace cuglmm::cuda {
namespace {

__global__ void number_problems(const Problems problems, const int* list, int count,
                                const std::int64_t* numbers) {
  const int at = thread();
  if (at < count) problems.number[list[at]] = numbers[at];
}

__global__ void place_problems(const PlanView plan, const Problems problems, const int* list, int count,
                               const Feed feed, int width) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at];
  const auto copy = [&](double* to, const double* from, int n) {
    for (int i = 0; i < n; ++i) to[Index{i} * problems.lanes + lane] = from[Index{i} * width + at];
  };
  copy(problems.zy, feed.zy, plan.zy_total);
  copy(problems.u, feed.u, plan.u_total);
  copy(problems.xy, feed.xy, plan.p);
  copy(problems.offset_y, feed.offset_y, 1);
  copy(problems.constant, feed.constant, 1);
}

/// What a part of the components needs: its X'y and other sums, and b of a component.
struct DrawEntries {
  int p, max_u;
  CUGLMM_HD int offset_y() const { return p; }
  CUGLMM_HD int constant() const { return p + 1; }
  CUGLMM_HD int b() const { return p + 2; }
  CUGLMM_HD int size() const { return b() + max_u; }
};

template <class Family, class Draw, class Shape>
__global__ void simulate_problems(const PlanView plan, const double* psi, std::uint64_t seed,
                                  const Problems problems, const int* list, int count, double* responses) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at], part = blockIdx.y;
  Simulated<double> out = simulated_lane(problems, lane, responses);
  const DrawEntries entry{plan.p, plan.max_u};
  const Lanes<double> sums = PartScratch(plan, problems, lane).of(part);
  out.xy = sums;
  simulate_components<double, Family, Draw, Shape>(
      plan, psi, psi + plan.m, PhiloxKey<double>(seed), static_cast<std::uint64_t>(problems.number[lane]),
      plan.parts.first[part], plan.parts.first[part + 1], sums.from(entry.b()), out);
  sums[entry.offset_y()] = out.offset_y;
  sums[entry.constant()] = out.constant;
}

__global__ void sum_draws(const PlanView plan, const Problems problems, const int* list, int count) {
  const int at = thread();
  if (at >= count) return;
  const int lane = list[at];
  const DrawEntries entry{plan.p, plan.max_u};
  const PartScratch parts(plan, problems, lane);
  for (int j = 0; j < plan.p; ++j) entries(problems.xy, lane, problems.lanes)[j] = parts.total(j);
  problems.offset_y[lane] = parts.total(entry.offset_y());
  problems.constant[lane] = parts.total(entry.constant());
}

}  // namespace

Index simulation_scratch(const PlanView& plan) { return DrawEntries{plan.p, plan.max_u}.size(); }

cudaError_t set_numbers(const Problems& problems, const int* list, int count, const std::int64_t* numbers,
                        cudaStream_t stream) {
  return launch(number_problems, dim3(blocks(count)), 0, stream, problems, list, count, numbers);
}

cudaError_t place(const PlanView& plan, const Problems& problems, const int* list, int count,
                  const Feed& feed, int width, cudaStream_t stream) {
  return launch(place_problems, dim3(blocks(count)), 0, stream, plan, problems, list, count, feed, width);
}

cudaError_t simulate(const PlanView& plan, const double* psi, double sigma, std::uint64_t seed,
                     const Problems& problems, const int* list, int count, double* responses,
                     cudaStream_t stream) {
  if (!plan.separable)
    return simulate_arrow_problems(plan, psi, sigma, seed, problems, list, count, responses, stream);
  const cudaError_t status = with_family(plan, [&](auto family, auto draw) {
    return with_path(plan, [&](auto shape) {
      return launch(simulate_problems<typename decltype(family)::type, typename decltype(draw)::type,
                                      typename decltype(shape)::type>,
                    part_blocks(plan, count), 0, stream, plan, psi, seed, problems, list, count, responses);
    });
  });
  if (status != cudaSuccess) return status;
  return launch(sum_draws, dim3(blocks(count)), 0, stream, plan, problems, list, count);
}

}  // namespace cuglmm::cuda
