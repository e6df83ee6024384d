#include <host/fit/covariances.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <Eigen/Cholesky>

#include <host/fit/hessian.hpp>
#include <host/fit/start.hpp>

namespace cuglmm {
namespace {

/// Predicted decrease from which and up to which a Newton step is taken: below, estimates are within 3e-6 of
/// a standard error, its square root; beyond, the step may not be trusted.
constexpr double kNoGain = 1e-11, kNewton = 1e-4;
constexpr int kMostSteps = 3;

Eigen::MatrixXd inverse_or_nan(const Engine& engine, const Eigen::MatrixXd& A) {
  return engine.inverse(A).value_or(Eigen::MatrixXd::Constant(A.rows(), A.cols(), NAN));
}

void add_vcov_rx(Fit& fit, FitWork& work) {
  work.information = work.problem.information(fit.theta, fit.beta);
  fit.vcov_rx = inverse_or_nan(work.engine, work.information);
}

/// Step sizes for the Hessian: about a standard error; theta, which may be singular, at most 1.
Eigen::VectorXd parameter_scale(const Optimum& optimum, const Eigen::MatrixXd& vcov_rx) {
  const Eigen::Index m = optimum.theta.size(), p = optimum.beta.size();
  Eigen::VectorXd scale(m + p);
  for (Eigen::Index i = 0; i < m + p; ++i) {
    const double variance = i < m ? 2 * optimum.inverse_hessian(i, i) : vcov_rx(i - m, i - m);
    scale[i] = std::isfinite(variance) && variance > 0 ? std::sqrt(variance) : 0.01;
    if (i < m) scale[i] = std::min(scale[i], 1.0);
  }
  return scale;
}

/// Trees: central differences, since one of their evaluations takes next to nothing. Borders: half as many
/// evaluations, for digits nobody sees; side by side where the border is small.
Eigen::MatrixXd find_hessian(const Fit& fit, const FitWork& work, const Eigen::VectorXd& scale) {
  const PlanData& plan = work.plan;
  const Eigen::VectorXd& gradient = work.at.gradient;
  Engine& engine = work.engine;
  if (plan.view.separable || engine.feed_width() == 1)
    return hessian(work.problem, fit.theta, fit.beta, gradient, scale, Differences::central);
  if (plan.view.arrow.border >= kDenseBorder)
    return hessian(work.problem, fit.theta, fit.beta, gradient, scale, Differences::forward);
  FeedStorage lanes(plan.view, engine.feed_width());
  fill_feed(plan, work.sums, work.problem.u(), lanes.feed, engine.feed_width());
  return hessian(engine, lanes.feed, search_point(plan.view, fit.theta, fit.beta), gradient, scale,
                 kReportedModeTolerance);
}

/// Newton's steps, to below `tolerance` of predicted decrease; the first as far as it gains anything: in a
/// long flat valley (guPrenat: 70 evaluations) the optimizer's own inverse Hessian ends the search short of
/// the digits lme4's polished fits have. Returns what is predicted in the end.
double newton(Fit& fit, FitWork& work, const Eigen::MatrixXd& inverse_hessian, double tolerance) {
  const Eigen::Index m = fit.theta.size(), p = fit.beta.size();
  for (int steps = 0;; ++steps) {
    const Eigen::VectorXd step = inverse_hessian * work.at.gradient;
    const double decrease = step.dot(work.at.gradient) / 2;
    if (!(decrease > (steps == 0 ? kNoGain : tolerance) && decrease < kNewton) || steps == kMostSteps)
      return decrease;
    const Eigen::VectorXd theta = fit.theta - step.head(m), beta = fit.beta - step.tail(p);
    ProblemEvaluation there = work.problem.evaluate(theta, beta, true);
    fit.evaluations += 1;
    if (!(there.gradient.norm() < work.at.gradient.norm())) return decrease;
    work.at = std::move(there);
    fit.theta = theta;
    fit.beta = beta;
    fit.u_squared = work.problem.u().squaredNorm();
  }
}

/// A covariance matrix of beta from one point to another nearby, as RX's changes between them. Their ratio,
/// near 1, changes too: by a hundredth on the way of a standard error (InstEval, y > 3).
Eigen::MatrixXd carried(const Eigen::MatrixXd& vcov, const Eigen::MatrixXd& rx_from,
                        const Eigen::MatrixXd& rx_to) {
  const Eigen::LLT<Eigen::MatrixXd> from(rx_from), to(rx_to);
  if (from.info() != Eigen::Success || to.info() != Eigen::Success) return vcov;
  const Eigen::MatrixXd L_inverse = from.matrixL().solve(Eigen::MatrixXd::Identity(vcov.rows(), vcov.cols()));
  const Eigen::MatrixXd change = to.matrixL() * L_inverse;
  return change * vcov * change.transpose();
}

}  // namespace

void take(Fit& fit, FitWork& work, const Optimum& optimum) {
  fit.status = optimum.status;
  fit.evaluations += optimum.evaluations;
  fit.theta = optimum.theta;
  fit.beta = optimum.beta;
  work.problem.set_mode_tolerance(kReportedModeTolerance);
  work.at = optimum.at ? *optimum.at : work.problem.evaluate(fit.theta, fit.beta, true);
  fit.u_squared = work.problem.u().squaredNorm();
  if (work.plan.view.profiled) {
    fit.beta = work.at.beta;
    fit.sigma = work.at.sigma;
  }
  add_vcov_rx(fit, work);
}

void add_covariances(Fit& fit, FitWork& work, const Optimum& optimum, const OptimiseOptions& search) {
  if (work.plan.view.profiled) {
    fit.vcov = fit.vcov_rx;
    fit.inverse_hessian = optimum.inverse_hessian;
    return;
  }
  const Eigen::Index p = fit.beta.size();
  const Eigen::MatrixXd H = find_hessian(fit, work, parameter_scale(optimum, fit.vcov_rx)), rx = fit.vcov_rx;
  const Eigen::MatrixXd inverse =
      H.allFinite() ? inverse_or_nan(work.engine, H) : Eigen::MatrixXd::Constant(H.rows(), H.cols(), NAN);
  const bool usable = inverse.allFinite();
  double left = NAN;
  if (usable && fit.status == Status::converged) {
    const Eigen::VectorXd theta = fit.theta;
    left = newton(fit, work, inverse, search.tolerance);
    if (theta != fit.theta) add_vcov_rx(fit, work);
  }
  if (optimum.early && !(left <= search.tolerance)) {
    OptimiseOptions rest = search;
    rest.leave = 0;
    if (usable) rest.inverse_hessian = inverse;
    const Optimum found = optimise(work.problem, work.plan, fit.theta, fit.beta, rest);
    take(fit, work, found);
    return add_covariances(fit, work, found, rest);
  }
  fit.inverse_hessian = usable ? inverse : optimum.inverse_hessian;
  if (fit.options.se == StandardErrors::rx) {
    fit.vcov = fit.vcov_rx;
  } else if (usable) {
    fit.vcov = carried(2 * inverse.bottomRightCorner(p, p), rx, fit.vcov_rx);
  } else {
    fit.vcov = fit.vcov_rx;
    fit.messages.push_back(
        "the Hessian is not positive definite at the estimate: standard errors are RX-based (--se rx)");
  }
}

}  // namespace cuglmm
