#include <cuglmm/fit.hpp>

#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <Eigen/Cholesky>

#include <cuglmm/error.hpp>
#include <cuglmm/plan.hpp>
#include <host/engine/engine.hpp>
#include <host/fit/first_stage.hpp>
#include <host/fit/glm.hpp>
#include <host/fit/hessian.hpp>
#include <host/fit/optimise.hpp>
#include <host/fit/residuals.hpp>
#include <host/fit/separation.hpp>
#include <host/fit/start.hpp>
#include <host/fit/varcorr.hpp>

namespace cuglmm {
namespace {

/// Predicted decrease from which and up to which an optimum is corrected by a Newton step: below, estimates
/// are within 3e-6 of a standard error, its square root; beyond, the step may not be trusted.
constexpr double kNoGain = 1e-11, kPolish = 1e-4;

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void check_start(const Model& model, const FitOptions& options) {
  if (options.theta && options.theta->size() != model.theta_size())
    throw Error(fmt::format("the start has {} values of theta, the model {}", options.theta->size(),
                            model.theta_size()));
  if (options.beta && options.beta->size() != model.X.cols())
    throw Error(
        fmt::format("the start has {} values of beta, the model {}", options.beta->size(), model.X.cols()));
}

/// Where beta is not profiled out altogether.
Eigen::VectorXd start_of_beta(const Model& model, const PlanData& plan) {
  return plan.linear ? Eigen::VectorXd() : glm_start(model, plan);
}

/// Where a large border makes evaluations dear, there are many rows: estimates within 3e-5 of a standard
/// error then have an error of about 1e-7. Where beta is profiled, no Newton step follows (polish()), so the
/// search itself goes as far.
double search_tolerance(const PlanData& plan, const FitOptions& options) {
  if (plan.view.arrow.border >= kDenseBorder) return 10 * options.tolerance;
  return plan.view.profiled ? 0.01 * options.tolerance : options.tolerance;
}

/// From the optimum with the better of the given and the data's own start.
Optimum find_optimum(Problem& problem, const Model& model, const PlanData& plan, const FitOptions& options) {
  OptimiseOptions how{search_tolerance(plan, options), options.max_evaluations};
  Eigen::VectorXd beta = options.beta ? *options.beta : start_of_beta(model, plan);
  if (options.theta) return optimise(problem, plan, *options.theta, beta, how);
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(plan.paths.m);
  ProblemEvaluation at_zero = problem.evaluate(zero, beta, true);
  if (!std::isfinite(at_zero.objective))
    at_zero = problem.evaluate(zero, beta = Eigen::VectorXd::Zero(plan.p), true);
  Eigen::VectorXd theta = score_theta(plan.paths, at_zero);
  if (auto near = first_stage(problem, plan, theta, beta)) {
    theta = near->theta;
    beta = near->beta;
    how.inverse_hessian = near->inverse_hessian;
  }
  return optimise(problem, plan, theta, beta, how);
}

/// Modes and conditional standard deviations, term by term.
void add_modes(Fit& fit, const ProblemEvaluation& at) {
  Eigen::Index first = 0;
  for (const RandomTerm& term : fit.model->terms) {
    const auto levels = static_cast<Eigen::Index>(fit.model->factors[term.factor].levels.size());
    using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    fit.modes.push_back(Eigen::Map<const RowMatrix>(at.mode.data() + first, levels, term.size()));
    fit.modes_sd.push_back(
        Eigen::Map<const RowMatrix>(at.variance.data() + first, levels, term.size()).cwiseSqrt());
    first += levels * term.size();
  }
}

Eigen::MatrixXd inverse_or_nan(const Engine& engine, const Eigen::MatrixXd& A) {
  return engine.inverse(A).value_or(Eigen::MatrixXd::Constant(A.rows(), A.cols(), NAN));
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

/// One Newton step, where it gains anything. The optimizer stops where its own inverse Hessian predicts no
/// decrease, but in a long flat valley (guPrenat: 70 evaluations) that is not yet the optimum to all digits
/// lme4's polished fits have.
void polish(Fit& fit, Problem& problem, ProblemEvaluation& at, const Eigen::MatrixXd& inverse_hessian) {
  const Eigen::Index m = fit.theta.size(), p = fit.beta.size();
  const Eigen::VectorXd step = inverse_hessian * at.gradient;
  const double decrease = step.dot(at.gradient) / 2;
  if (!(decrease > kNoGain && decrease < kPolish)) return;
  const Eigen::VectorXd theta = fit.theta - step.head(m), beta = fit.beta - step.tail(p);
  ProblemEvaluation polished = problem.evaluate(theta, beta, true);
  if (!(polished.gradient.norm() < at.gradient.norm())) return;
  at = std::move(polished);
  fit.theta = theta;
  fit.beta = beta;
  fit.u_squared = problem.u().squaredNorm();
}

/// Trees: central differences, since one of their evaluations takes next to nothing. Borders: half as many
/// evaluations, for digits nobody sees; side by side where the border is small.
Eigen::MatrixXd find_hessian(const Fit& fit, Engine& engine, Problem& problem, const ResponseSums& sums,
                             const Eigen::VectorXd& gradient, const Eigen::VectorXd& scale) {
  const PlanData& plan = fit.plan->data();
  if (plan.view.separable || engine.feed_width() == 1)
    return hessian(problem, fit.theta, fit.beta, gradient, scale, Differences::central);
  if (plan.view.arrow.border >= kDenseBorder)
    return hessian(problem, fit.theta, fit.beta, gradient, scale, Differences::forward);
  FeedStorage lanes(plan.view, engine.feed_width());
  fill_feed(plan, sums, problem.u(), lanes.feed, engine.feed_width());
  return hessian(engine, lanes.feed, search_point(plan.view, fit.theta, fit.beta), gradient, scale,
                 kReportedModeTolerance);
}

void add_covariances(Fit& fit, Engine& engine, Problem& problem, const ResponseSums& sums,
                     const Optimum& optimum, ProblemEvaluation& at) {
  const Eigen::Index m = fit.theta.size(), p = fit.beta.size();
  const Eigen::MatrixXd H =
      find_hessian(fit, engine, problem, sums, at.gradient, parameter_scale(optimum, fit.vcov_rx));
  const Eigen::MatrixXd inverse =
      H.allFinite() ? inverse_or_nan(engine, H) : Eigen::MatrixXd::Constant(m + p, m + p, NAN);
  const bool usable = inverse.allFinite();
  if (usable && fit.status == Status::converged) polish(fit, problem, at, inverse);
  fit.inverse_hessian = usable ? inverse : optimum.inverse_hessian;
  if (fit.options.se == StandardErrors::rx) {
    fit.vcov = fit.vcov_rx;
  } else if (usable) {
    fit.vcov = 2 * inverse.bottomRightCorner(p, p);
  } else {
    fit.vcov = fit.vcov_rx;
    fit.messages.push_back(
        "the Hessian is not positive definite at the estimate: standard errors are RX-based (--se rx)");
  }
}

/// What is reported of the estimate, at the modes to all digits.
void add_estimate(Fit& fit, const ProblemEvaluation& at) {
  fit.minus2_log_likelihood = at.objective;
  fit.gradient_norm = at.gradient.norm();
  fit.varcorr = make_varcorr(*fit.model, fit.theta, fit.sigma);
  add_modes(fit, at);
  add_residuals(fit);
}

void add_messages(Fit& fit) {
  if (fit.status == Status::singular)
    fit.messages.push_back("boundary (singular) fit: see help('isSingular')");
  if (fit.status == Status::not_converged)
    fit.messages.push_back(
        fmt::format("the optimizer has not converged after {} evaluations (gradient norm {:.3g})",
                    fit.evaluations, fit.gradient_norm));
  if (fit.status == Status::separation)
    fit.messages.push_back(
        "separation: a linear combination of the fixed effects predicts some responses perfectly, so its "
        "estimate runs to "
        "infinity; the estimates and standard errors shown do not exist");
  if (fit.status == Status::failed) fit.messages.push_back("the deviance could not be evaluated");
}

}  // namespace

double Fit::bic() const { return minus2_log_likelihood + std::log(static_cast<double>(rows())) * df(); }

double Fit::scale() const {
  return std::sqrt((pearson_sum_of_squares() + u_squared) / static_cast<double>(rows()));
}

Fit fit(const Model& model, const FitOptions& options) {
  if (const auto why = options.invalid()) throw Error(*why);
  require_supported(model.family);
  check_start(model, options);
  const Clock total;
  Fit fit;
  fit.model = std::make_shared<const Model>(model);
  fit.options = options;
  fit.plan = std::make_shared<const Plan>(*fit.model, options.plan());
  const PlanData& plan = fit.plan->data();
  const auto engine = make_engine(plan, options.device, options.simd, options.threads);
  fit.device = engine->device();
  fit.seconds.plan = total.seconds();

  const ResponseSums sums = plan.sums(*fit.model, fit.model->y);
  const auto problem = engine->problem(sums);
  const Optimum optimum = find_optimum(*problem, *fit.model, plan, options);
  fit.status = optimum.status;
  fit.evaluations = optimum.evaluations;
  fit.theta = optimum.theta;
  fit.beta = optimum.beta;
  problem->set_mode_tolerance(kReportedModeTolerance);
  ProblemEvaluation at = optimum.at ? *optimum.at : problem->evaluate(fit.theta, fit.beta, true);
  fit.u_squared = problem->u().squaredNorm();
  if (plan.view.profiled) {
    fit.beta = at.beta;
    fit.sigma = at.sigma;
  }
  const Eigen::MatrixXd information = problem->information(fit.theta, fit.beta);
  fit.vcov_rx = inverse_or_nan(*engine, information);
  if (!plan.linear && separated(plan, information)) fit.status = Status::separation;
  if (plan.view.profiled) {
    fit.vcov = fit.vcov_rx;
    fit.inverse_hessian = optimum.inverse_hessian;
  } else {
    add_covariances(fit, *engine, *problem, sums, optimum, at);
  }
  add_estimate(fit, at);
  add_messages(fit);
  fit.seconds.total = total.seconds();
  fit.seconds.fit = fit.seconds.total - fit.seconds.plan;
  return fit;
}

}  // namespace cuglmm
