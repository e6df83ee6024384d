/// Sums over a problem's components, whose parts (PartsView) are different threads: each part leaves its own
/// in the problem's scratch, and a second kernel adds them in order.
#pragma once

#include <kernels/cuda/launch.hpp>
#include <kernels/cuda/problems.hpp>

namespace cuglmm::cuda {

/// A problem's scratch by parts.
struct PartScratch {
  Lanes<double> all;
  const PartsView& parts;

  __device__ PartScratch(const PlanView& plan, const Problems& problems, int lane)
      : all(entries(problems.scratch, lane, problems.lanes)), parts(plan.parts) {}
  __device__ Lanes<double> of(int part) const { return all.from(part * parts.stride); }
  /// The sum of an entry over parts.
  __device__ double total(Index entry) const {
    double sum = 0;
    for (int part = 0; part < parts.count; ++part) sum += of(part)[entry];
    return sum;
  }
};

/// Blocks for all parts of `count` lanes: lanes along x.
inline dim3 part_blocks(const PlanView& plan, int count) {
  return {blocks(count), static_cast<unsigned>(plan.parts.count), 1};
}

/// What a part needs to simulate, in doubles.
Index simulation_scratch(const PlanView& plan);

}  // namespace cuglmm::cuda
