/// Intervals from a bootstrap.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <cuglmm/fit.hpp>

namespace cuglmm {

struct Interval {
  std::string parameter;    ///< "beta.schavg", "theta.school.(Intercept)", "sd_(Intercept)|school", "sigma"
  double estimate = 0;      ///< of the original fit
  double mean = 0, sd = 0;  ///< of the replicates used
  std::array<double, 2> percentile{}, basic{}, normal{};  ///< NaN where there are fewer than two replicates
};

struct Intervals {
  double level = 0.95;
  std::int64_t replicates = 0;
  std::array<std::int64_t, 5> counts{};  ///< by Status
  std::vector<Interval> intervals;       ///< beta, theta, standard deviations, correlations, sigma
};

/// Collects replicates as they come (8 bytes per parameter and replicate) and gives the intervals.
/// percentile: quantiles of the replicates (R's type 7); basic: 2 estimate - those, reversed; normal:
/// estimate - bias +- z sd, as R's boot.ci. Singular replicates are used, failed and not converged ones are
/// not.
class IntervalBuilder {
 public:
  explicit IntervalBuilder(const Fit& fit);
  void add(const Fits& block);
  Intervals intervals(double level = 0.95) const;
  const std::array<std::int64_t, 5>& counts() const { return counts_; }  ///< by Status

 private:
  const Fit& fit_;
  std::array<std::int64_t, 5> counts_{};
  std::vector<std::vector<double>> values_;  ///< per parameter, replicates used
  std::vector<std::string> names_;
  std::vector<double> estimates_;
};

Intervals confint(const Fit& fit, const Fits& replicates, double level = 0.95);

}  // namespace cuglmm
