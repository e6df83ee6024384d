/// The lane functions of separable models on a GPU: a thread is a lane. Every pointer is to device memory, in
/// the plan's views too; entry i of lane c lies at [i * lanes + c], so that neighbouring threads read side by
/// side. A lane's parameters and gradient alone are columns, [c * k + i], as the lane functions take them
/// whole. Launched on a stream; nothing waits.
#pragma once

#include <cuda_runtime_api.h>

#include <kernels/launch.hpp>

namespace cuglmm::cuda {

/// Problems of one plan: the lanes of the layout by problem.
struct Problems {
  int count;
  double* psi;                 ///< k x count, columns: theta, then beta
  const double* active;        ///< 1, or 0: left alone
  const std::int64_t* number;  ///< which replicate; simulate only
  double *zy, *u;              ///< zy_total, u_total
  double* xy;                  ///< p
  double *offset_y, *constant;
  double* objective;  ///< NaN where PIRLS failed
  double* gradient;   ///< k x count, columns
  double* scratch;    ///< problem_reals(plan)
};

/// One problem whose components are the lanes (slice after slice, `width` lanes each): sums are left to the
/// caller.
struct Components {
  int width;  ///< lanes of a slice
  const double *theta, *beta;
  double *zy, *u;         ///< as slices lie: SliceView::zy_first and u_first, width lanes each
  double* objective;      ///< 1
  double* G;              ///< m
  double* beta_gradient;  ///< p
  double* information;    ///< p x p lower triangles, row-major
  double* failed;         ///< 1 where PIRLS failed, else 0
  double* scratch;        ///< component_reals(plan)
};

/// The optimizer's states of `Problems`.
struct Searches {
  double* state;  ///< Bfgs<double>::reals(k)
  double tolerance;
  double* outcome;  ///< 0 goes on, 1 converged, 2 stalled
};

/// Scratch per lane, in doubles.
Index problem_reals(const PlanView& plan);
Index component_reals(const PlanView& plan);

cudaError_t evaluate(const PlanView& plan, const Problems& problems, double mode_tolerance,
                     cudaStream_t stream);
cudaError_t evaluate(const PlanView& plan, const Components& components, double mode_tolerance,
                     cudaStream_t stream);
/// At the modes that evaluate() left in u.
cudaError_t information(const PlanView& plan, const Components& components, cudaStream_t stream);
/// Draws u, zy, xy, offset_y and constant of the active problems at their psi.
cudaError_t simulate(const PlanView& plan, const Problems& problems, std::uint64_t seed, cudaStream_t stream);
/// Objective and gradient, of the trial points that psi holds, to the optimizer; psi becomes the next trial
/// points.
cudaError_t advance(const PlanView& plan, const Problems& problems, const Searches& searches,
                    cudaStream_t stream);

}  // namespace cuglmm::cuda
