/// How a fit or a replicate ended.
#pragma once

#include <string_view>

namespace cuglmm {

enum class Status : int {
  converged = 0,      ///< the predicted decrease fell below the tolerance
  singular = 1,       ///< converged, with a singular covariance (a diagonal of theta below 1e-4)
  not_converged = 2,  ///< evaluations used up, or no progress while the gradient is not small
  separation = 3,     ///< some linear predictor runs to infinity: the estimates do not exist (design.md 1.7)
  failed = 4,         ///< the objective could not be evaluated
};

constexpr std::string_view name(Status status) {
  constexpr std::string_view names[] = {"converged", "singular", "not_converged", "separation", "failed"};
  return names[static_cast<int>(status)];
}

}  // namespace cuglmm
