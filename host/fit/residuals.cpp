#include <host/fit/residuals.hpp>

#include <cmath>

namespace cuglmm {
namespace {

struct Row {
  double mu, variance, deviance;  ///< unit variance function and unit deviance
};

double x_log_x_over(double x, double m) { return x > 0 ? x * std::log(x / m) : 0; }

Row gaussian_row(double eta, double y) { return {eta, 1, (y - eta) * (y - eta)}; }

Row binomial_row(double eta, double y) {
  const double e = std::exp(-std::abs(eta)), one_e = 1 + e;
  const double large = 1 / one_e, small = e / one_e;  // mu and 1 - mu, without cancellation
  const double mu = eta >= 0 ? large : small, complement = eta >= 0 ? small : large;
  return {mu, large * small, 2 * (x_log_x_over(y, mu) + x_log_x_over(1 - y, complement))};
}

Row poisson_row(double eta, double y) {
  const double mu = std::exp(eta);
  return {mu, mu, 2 * (x_log_x_over(y, mu) - (y - mu))};
}

/// The families that require_supported() lets through.
Row row_of(FamilyKind family, double eta, double y) {
  switch (family) {
    case FamilyKind::gaussian:
      return gaussian_row(eta, y);
    case FamilyKind::poisson:
      return poisson_row(eta, y);
    default:
      return binomial_row(eta, y);
  }
}

}  // namespace

void add_residuals(Fit& fit) {
  const Model& model = *fit.model;
  fit.eta = model.X * fit.beta + model.offset;
  for (std::size_t j = 0; j < model.terms.size(); ++j) {
    const RandomTerm& term = model.terms[j];
    const std::vector<int>& level = model.factors[term.factor].codes;
    for (int c = 0; c < term.size(); ++c) {
      const auto z = term.Z.col(c);
      const auto mode = fit.modes[j].col(c);
      for (std::int64_t i = 0; i < model.rows(); ++i) fit.eta[i] += z[i] * mode[level[i]];
    }
  }
  fit.mu.resize(model.rows());
  fit.pearson.resize(model.rows());
  fit.deviance_residuals.resize(model.rows());
  for (std::int64_t i = 0; i < model.rows(); ++i) {
    const Row row = row_of(model.family.kind, fit.eta[i], model.y[i]);
    const double p = model.weights[i], error = model.y[i] - row.mu;
    fit.mu[i] = row.mu;
    fit.pearson[i] =
        p > 0 && row.variance > 0 ? std::sqrt(p / row.variance) * error : 0;  // 0/0 where mu is 0 or 1
    fit.deviance_residuals[i] = std::copysign(std::sqrt(std::max(p * row.deviance, 0.0)), error);
  }
}

}  // namespace cuglmm
