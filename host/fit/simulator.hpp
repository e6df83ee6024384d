/// Replicates drawn from a fit.
#pragma once

#include <memory>

#include <cuglmm/fit.hpp>
#include <host/engine/engine.hpp>

namespace cuglmm {

/// What an engine needs to draw: cells of alike rows, whether the fit has collapsed them or not, so that both
/// see the same data.
class Simulator {
 public:
  explicit Simulator(const Fit& fit);

  const PlanData& plan() const { return *plan_; }
  Draws draws(std::uint64_t seed) const { return {plan_, psi_, sigma_, seed}; }

 private:
  std::unique_ptr<const PlanData> collapsed_;  ///< null: the fit's own plan is
  const PlanData* plan_;
  Eigen::VectorXd psi_;
  double sigma_;
};

}  // namespace cuglmm
