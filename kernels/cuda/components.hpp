/// The layout by component on a GPU: a thread is a lane is a component of one problem. Pointers are to device
/// memory; launched on a stream, waits for nothing.
#pragma once

#include <cuda_runtime_api.h>

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

/// The entries of Components::values, and of their sums over lanes.
struct Sums {
  int m, p, TT_size;
  CUGLMM_HD int objective() const { return 0; }
  CUGLMM_HD int failed() const { return 1; }  ///< 1 where PIRLS failed
  CUGLMM_HD int G() const { return 2; }
  CUGLMM_HD int beta() const { return G() + m; }
  CUGLMM_HD int T() const { return beta() + p; }
  CUGLMM_HD int TT() const { return T() + m; }
  CUGLMM_HD int size(bool moments) const { return moments ? TT() + TT_size : T(); }
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
