/// The layout by component on a GPU: a thread is a lane is a component of one problem. Pointers are to device
/// memory; launched on a stream, waits for nothing.
#pragma once

#include <cuda_runtime_api.h>

#include <kernels/cuda/sums.hpp>
#include <kernels/launch.hpp>

namespace cuglmm::cuda {

/// One problem, its components slice by slice, `width` lanes each.
struct Components {
  int width;
  const double *theta, *beta;
  double *zy, *u;           ///< as slices lie: SliceView::zy_first and u_first, width lanes each
  double *mode, *variance;  ///< like u; with moments
  double* values;           ///< what each lane adds to the sums, entries x lanes: see Sums
  double* scratch;          ///< component_scratch(plan)
};

/// Scratch per lane, in doubles.
Index component_scratch(const PlanView& plan);

cudaError_t evaluate(const PlanView& plan, const Components& components, double mode_tolerance, bool moments,
                     cudaStream_t stream);
/// p x p lower triangles, row-major, into `values`, at the modes that evaluate() left in u.
cudaError_t information(const PlanView& plan, const Components& components, cudaStream_t stream);
/// sums[i] = sum of values[i * lanes .. + lanes), in an order that depends on `lanes` only.
cudaError_t sum_lanes(const double* values, int entries, Index lanes, double* sums, cudaStream_t stream);

}  // namespace cuglmm::cuda
