/// Where PIRLS starts for a replicate or another response.
#pragma once

#include <vector>

#include <cuglmm/fit.hpp>
#include <host/plan/plan_data.hpp>

namespace cuglmm {

/// One Newton step from the original mode with stored sums, u + theta (Z'y - Z'y_original) / H, for models of
/// one random intercept whose effects are small on the scale of eta; elsewhere the u already in the feed
/// stands (design.md 2).
class ReplicateStart {
 public:
  ReplicateStart(const Fit& fit, const PlanData& plan);
  void apply(Feed& feed, int width) const;

 private:
  std::vector<double> u_, zy_,
      factor_;  ///< per component: u, Z'y and theta / H of the original fit; empty: not used
};

}  // namespace cuglmm
