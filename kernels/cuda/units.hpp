/// Models with one random intercept and few fixed effects (kernels/unit.hpp), by problem: problems.hpp's
/// evaluate() calls this.
#pragma once

#include <kernels/cuda/problems.hpp>
#include <kernels/cuda/sums.hpp>
#include <kernels/unit.hpp>

#include <type_traits>

namespace cuglmm::cuda {

/// kernels/unit.hpp serves the plan.
inline bool has_units(const PlanView& plan) {
  return plan.shape == KernelShape::one_unit && plan.p <= kMaxUnitColumns;
}

/// f(std::integral_constant<int, p>).
template <class F>
auto with_columns(const PlanView& plan, F f) {
  static_assert(kMaxUnitColumns == 4);
  if (plan.p <= 1) return f(std::integral_constant<int, 1>{});
  if (plan.p == 2) return f(std::integral_constant<int, 2>{});
  if (plan.p == 3) return f(std::integral_constant<int, 3>{});
  return f(std::integral_constant<int, 4>{});
}

/// The sums of a thread's components where they are added up; `values`: of Sums::size(true).
template <int p>
__device__ void keep(const UnitSums<double, p>& sums, const Sums& entry, const Lanes<double>& values) {
  values[entry.objective()] = sums.objective - sums.log_inverse.value();
  values[entry.failed()] = sums.failed ? 1.0 : 0.0;
  values[entry.G()] = sums.G;
  for (int j = 0; j < p; ++j) values[entry.beta() + j] = sums.beta[j];
  values[entry.T()] = sums.T;
  values[entry.TT()] = sums.TT;
}

/// The Sums of every part, each first in its scratch.
cudaError_t evaluate_units(const PlanView& plan, const Problems& problems, const int* list, int count,
                           double mode_tolerance, cudaStream_t stream);

}  // namespace cuglmm::cuda
