/// What a thread takes from the problems in flight: a lane's data to draw, and its moments.
#pragma once

#include <kernels/cuda/launch.hpp>
#include <kernels/cuda/problems.hpp>
#include <kernels/laplace.hpp>
#include <kernels/search.hpp>
#include <kernels/simulate.hpp>

namespace cuglmm::cuda {

/// Where the simulated data of a lane go; responses: null, or model rows x lanes.
__device__ inline Simulated<double> simulated_lane(const Problems& problems, int lane, double* responses) {
  const auto lane_of = [&](double* all) { return entries(all, lane, problems.lanes); };
  return {lane_of(problems.zy),
          lane_of(problems.u),
          lane_of(problems.xy),
          0.0,
          0.0,
          responses ? lane_of(responses) : Lanes<double>{}};
}
__device__ inline void keep_sums(const Simulated<double>& drawn, const Problems& problems, int lane) {
  problems.offset_y[lane] = drawn.offset_y;
  problems.constant[lane] = drawn.constant;
}

/// Moments, set to zero, in the phases that need them; else none. Takes 2 max_u entries of the scratch.
__device__ inline Moments<double> lane_moments(const PlanView& plan, const Problems& problems, int lane,
                                               Scratch<double>& scratch) {
  const Lanes<double> mode = scratch.take(plan.max_u), variance = scratch.take(plan.max_u);
  if (!needs_moments(problems.phase[lane])) return {};
  const Lanes<double> T = entries(problems.T, lane, problems.lanes),
                      TT = entries(problems.TT, lane, problems.lanes);
  zero(T, plan.m);
  zero(TT, plan.TT_size);
  return {T, TT, mode, variance};
}

}  // namespace cuglmm::cuda
