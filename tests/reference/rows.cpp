#include <tests/reference/rows.hpp>

#include <cmath>
#include <stdexcept>

namespace cuglmm::reference {
namespace {

/// a log b with 0 log b = 0, also for b = 0.
double a_log(double a, double log_b) { return a > 0 ? a * log_b : 0; }
double x_log_x(double x) { return a_log(x, std::log(x)); }

/// log(1 / (1 + exp(-eta))), exact in both tails.
double log_logistic(double eta) {
  return eta < 0 ? eta - std::log1p(std::exp(eta)) : -std::log1p(std::exp(-eta));
}

/// The tail-safe form of design 1.1: A = m1/mu, B = m1/(1-mu), K = m2/m1.
RowTerms binomial_logit(double y, double p, double eta) {
  const double log_mu = log_logistic(eta), log_nu = log_logistic(-eta), log_m1 = log_mu + log_nu;
  const double K = -std::tanh(eta / 2), K1 = -2 * std::exp(log_m1);
  const double A = std::exp(log_m1 - log_mu), B = std::exp(log_m1 - log_nu);
  const double A1 = A * (K - A), B1 = B * (K + B);
  RowTerms t;
  t.mu = std::exp(log_mu);
  t.D = 2 * p * (x_log_x(y) - a_log(y, log_mu) + x_log_x(1 - y) - a_log(1 - y, log_nu));
  t.s = p * (y * A - (1 - y) * B);
  t.w = p * A * B;
  t.dw = t.w * (2 * K - A + B);
  t.o = -p * (y * A1 - (1 - y) * B1);
  t.do_ = -p * (y * (A1 * (K - A) + A * (K1 - A1)) - (1 - y) * (B1 * (K + B) + B * (K1 + B1)));
  return t;
}

/// The general form of design 1.1: link derivatives m1, m2 and variance V; canonical, so q1 = q2 = 0 and o =
/// w.
RowTerms poisson_log(double y, double p, double eta) {
  const double mu = std::exp(eta), m1 = mu, m2 = mu, V = mu, q0 = m1 / V;
  RowTerms t;
  t.mu = mu;
  t.D = 2 * p * (x_log_x(y) - a_log(y, eta) - (y - mu));
  t.s = p * (y - mu) * q0;
  t.o = t.w = p * m1 * q0;
  t.do_ = t.dw = p * m2 * q0;
  return t;
}

[[noreturn]] void unknown(const Family& family) {
  throw std::invalid_argument("reference: no row terms for " + family.name() + " " + family.link_name());
}

}  // namespace

RowTerms row_terms(const Family& family, double y, double p, double eta) {
  if (family.kind == FamilyKind::binomial && family.link == Link::logit) return binomial_logit(y, p, eta);
  if (family.kind == FamilyKind::poisson && family.link == Link::log) return poisson_log(y, p, eta);
  unknown(family);
}

double saturated(const Family& family, double y, double p) {
  switch (family.kind) {
    case FamilyKind::binomial:
      return -2 * (std::lgamma(p + 1) - std::lgamma(p * y + 1) - std::lgamma(p * (1 - y) + 1) +
                   p * (x_log_x(y) + x_log_x(1 - y)));
    case FamilyKind::poisson:
      return -2 * p * (x_log_x(y) - y - std::lgamma(y + 1));
    default:
      unknown(family);
  }
}

}  // namespace cuglmm::reference
