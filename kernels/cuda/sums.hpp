/// What threads leave to be added up: each the sums over its own components.
#pragma once

#include <kernels/launch.hpp>

namespace cuglmm::cuda {

/// The entries of an evaluation's sums.
struct Sums {
  int m, p, TT_size;
  CUGLMM_HD explicit Sums(const PlanView& plan) : m(plan.m), p(plan.p), TT_size(plan.TT_size) {}
  CUGLMM_HD int objective() const { return 0; }  ///< with -log|H|
  CUGLMM_HD int failed() const { return 1; }     ///< 1 where PIRLS failed
  CUGLMM_HD int G() const { return 2; }
  CUGLMM_HD int beta() const { return G() + m; }
  CUGLMM_HD int T() const { return beta() + p; }
  CUGLMM_HD int TT() const { return T() + m; }
  CUGLMM_HD int size(bool moments) const { return moments ? TT() + TT_size : T(); }
};

}  // namespace cuglmm::cuda
