/// The layout by problem on a GPU: a lane is a problem, a thread has it or a part of its components
/// (PartsView). Every pointer is to device memory, in the plan's views too; entry i of lane c lies at
/// [i * lanes + c], so that neighbouring threads read side by side. A lane's parameters and gradient alone
/// are columns, [c * k + i], as the lane functions take them whole.
///
/// Every function takes a list of `count` lanes, is launched on a stream and waits for nothing.
#pragma once

#include <cuda_runtime_api.h>

#include <kernels/launch.hpp>

namespace cuglmm::cuda {

/// The problems in flight.
struct Problems {
  int lanes;
  // Data.
  std::int64_t* number;
  double *zy, *u, *xy, *offset_y, *constant;  ///< zy_total, u_total, p, 1, 1
  // Evaluation.
  double* psi;  ///< k x lanes, columns: theta, then beta unless plan.profiled
  double* objective;
  double* gradient;     ///< (k + carried) x lanes, columns
  double *G, *T, *TT;   ///< m, m, TT_size
  double* evaluated;    ///< k: the last point evaluated
  double* sensitivity;  ///< components x k (KernelShape::one_unit), else nothing
  double* scratch;      ///< problem_scratch(plan)
  // Optimizer (kernels/search.hpp).
  double* search;  ///< Bfgs<double>::reals(k, carried)
  double *phase, *evaluations, *escapes;
  int* ending;       ///< Ending of the last settle()
  double* estimate;  ///< (m + p) x lanes, columns: theta, beta
};

/// Scratch per lane, in doubles.
Index problem_scratch(const PlanView& plan);
/// Of a separable plan's part: PartsView::stride.
Index part_scratch(const PlanView& plan);

/// Replicates from their numbers, at psi (m + p) and sigma: u, zy, xy, offset_y, constant. `plan`: the one to
/// draw by (Draws). responses: null, or model rows x lanes, lane fastest.
cudaError_t simulate(const PlanView& plan, const double* psi, double sigma, std::uint64_t seed,
                     const Problems& problems, const int* list, int count, double* responses,
                     cudaStream_t stream);

/// Objective and gradient at psi; with moments in the phases that need them.
cudaError_t evaluate(const PlanView& plan, const Problems& problems, const int* list, int count,
                     double mode_tolerance, cudaStream_t stream);

/// Options of the search, the same for all problems.
struct SearchControl {
  const double *psi, *inverse_hessian;  ///< k; k x k
  bool score_start;
  double tolerance;
  int max_evaluations;
  const double *mode_u, *mode_factor, *mode_zy;  ///< zy_total each (see ModeStart), or null
};

/// Problem numbers[i] into lane list[i].
cudaError_t set_numbers(const Problems& problems, const int* list, int count, const std::int64_t* numbers,
                        cudaStream_t stream);
/// The data of a feed (kernels/launch.hpp, its pointers to device memory, `width` problems side by side) into
/// the lanes of the list.
cudaError_t place(const PlanView& plan, const Problems& problems, const int* list, int count,
                  const Feed& feed, int width, cudaStream_t stream);
/// First trial points, for problems whose data are there.
cudaError_t begin(const PlanView& plan, const Problems& problems, const int* list, int count,
                  const SearchControl& control, cudaStream_t stream);
/// One step of every optimizer, after an evaluation: next trial point or ending.
cudaError_t settle(const PlanView& plan, const Problems& problems, const int* list, int count,
                   const SearchControl& control, cudaStream_t stream);

/// A problem that has ended, as doubles: number, status, evaluations, norm of the gradient, objective, sigma,
/// theta and beta (m + p).
constexpr int kResultHead = 6;
cudaError_t collect(const PlanView& plan, const Problems& problems, const int* list, int count,
                    double* results, cudaStream_t stream);

}  // namespace cuglmm::cuda
