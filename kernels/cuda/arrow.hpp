/// By-problem kernels of models on an arrow (kernels/arrow_view.hpp); see problems.hpp, whose functions call
/// these.
#pragma once

#include <kernels/cuda/problems.hpp>

namespace cuglmm::cuda {

cudaError_t evaluate_arrow(const PlanView& plan, const Problems& problems, const int* list, int count,
                           double mode_tolerance, cudaStream_t stream);
cudaError_t simulate_arrow_problems(const PlanView& plan, const double* psi, double sigma, std::uint64_t seed,
                                    const Problems& problems, const int* list, int count, double* responses,
                                    cudaStream_t stream);
Index arrow_scratch(const PlanView& plan);

}  // namespace cuglmm::cuda
