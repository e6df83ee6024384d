/// Intervals from bootstrap replicates.
#include <cuglmm/inference.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <cuglmm/error.hpp>
#include <host/inference/normal.hpp>
#include <host/inference/quantile.hpp>

namespace cuglmm {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> parameter_names(const Model& model) {
  std::vector<std::string> out;
  for (const std::string& term : model.fixed_names) out.push_back("beta." + term);
  for (const std::string& theta : model.theta_names()) out.push_back("theta." + theta);
  for (const std::string& sd : sd_and_correlation_names(model)) out.push_back(sd);
  if (model.is_linear()) out.push_back("sigma");
  return out;
}

double mean_of(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

double sd_of(const std::vector<double>& x, double mean) {
  double sum = 0;
  for (const double value : x) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(x.size() - 1));
}

/// `values` are consumed: sorted, NaN (correlations with a singular term) taken out.
Interval make_interval(const std::string& parameter, double estimate, std::vector<double> values,
                       double level) {
  Interval out{parameter, estimate, nan, nan, {nan, nan}, {nan, nan}, {nan, nan}};
  values.erase(std::remove_if(values.begin(), values.end(), [](double x) { return std::isnan(x); }),
               values.end());
  if (!values.empty()) out.mean = mean_of(values);
  if (values.size() < 2) return out;
  out.sd = sd_of(values, out.mean);
  std::sort(values.begin(), values.end());
  const double tail = (1 - level) / 2;
  const double low = quantile(values, tail), high = quantile(values, 1 - tail);
  const double centre = 2 * estimate - out.mean;  // the estimate less its bias
  const double reach = normal_quantile(1 - tail) * out.sd;
  out.percentile = {low, high};
  out.basic = {2 * estimate - high, 2 * estimate - low};
  out.normal = {centre - reach, centre + reach};
  return out;
}

}  // namespace

IntervalBuilder::IntervalBuilder(const Fit& fit) : fit_(fit), names_(parameter_names(*fit.model)) {
  const Eigen::VectorXd derived = sd_and_correlations(*fit.model, fit.theta, fit.sigma);
  for (const Eigen::VectorXd* part : {&fit.beta, &fit.theta, &derived})
    estimates_.insert(estimates_.end(), part->data(), part->data() + part->size());
  if (fit.is_linear()) estimates_.push_back(fit.sigma);
  values_.resize(names_.size());
}

void IntervalBuilder::add(const Fits& block) {
  for (std::int64_t c = 0; c < block.size(); ++c) {
    const Status status = block.status[static_cast<std::size_t>(c)];
    ++counts_[static_cast<std::size_t>(status)];
    if (status != Status::converged && status != Status::singular) continue;
    const Eigen::VectorXd theta = block.theta.col(c);
    const Eigen::VectorXd derived = sd_and_correlations(*fit_.model, theta, block.sigma(c));
    std::size_t k = 0;
    for (Eigen::Index i = 0; i < block.beta.rows(); ++i) values_[k++].push_back(block.beta(i, c));
    for (const double value : theta) values_[k++].push_back(value);
    for (const double value : derived) values_[k++].push_back(value);
    if (fit_.is_linear()) values_[k++].push_back(block.sigma(c));
  }
}

Intervals IntervalBuilder::intervals(double level) const {
  if (!(level > 0 && level < 1))
    throw Error(fmt::format("the level of an interval is between 0 and 1, such as 0.95; it was {}", level));
  Intervals out;
  out.level = level;
  out.counts = counts_;
  out.replicates = std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
  for (std::size_t k = 0; k < names_.size(); ++k)
    out.intervals.push_back(make_interval(names_[k], estimates_[k], values_[k], level));
  return out;
}

Intervals confint(const Fit& fit, const Fits& replicates, double level) {
  IntervalBuilder builder(fit);
  builder.add(replicates);
  return builder.intervals(level);
}

}  // namespace cuglmm
