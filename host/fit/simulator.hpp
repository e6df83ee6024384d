/// Replicates drawn from a fit.
#pragma once

#include <memory>
#include <string>

#include <cuglmm/fit.hpp>
#include <host/engine/engine.hpp>

namespace cuglmm {

/// Draws by cells of alike rows, whether the fit has collapsed them or not: so both see the same data.
class Simulator {
 public:
  Simulator(const Fit& fit, const std::string& simd);

  int feed_width() const { return engine_->feed_width(); }
  /// As Engine::simulate, at the fit's estimates. May be called from several threads at once.
  void draw(std::uint64_t seed, Feed& feed, double* responses) const {
    engine_->simulate(psi_, seed, feed, responses);
  }

 private:
  std::unique_ptr<const PlanData> collapsed_;  ///< null: the fit's own plan is
  std::unique_ptr<Engine> engine_;
  Eigen::VectorXd psi_;
};

}  // namespace cuglmm
