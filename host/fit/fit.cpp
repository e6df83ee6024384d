#include <cuglmm/fit.hpp>

#include <chrono>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <cuglmm/error.hpp>
#include <cuglmm/plan.hpp>
#include <host/engine/engine.hpp>
#include <host/fit/covariances.hpp>
#include <host/fit/first_stage.hpp>
#include <host/fit/glm.hpp>
#include <host/fit/optimise.hpp>
#include <host/fit/residuals.hpp>
#include <host/fit/separation.hpp>
#include <host/fit/start.hpp>
#include <host/fit/varcorr.hpp>

namespace cuglmm {
namespace {

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

/// With a border, the search leaves the last steps to the Hessian (covariances.hpp), where there is one. It
/// should be the optimum's: that is within a ten-thousandth of a standard error, and within a thousandth
/// where the border is large and evaluations are dear.
constexpr double kLeave = 1e-8, kLeaveDear = 1e-6;

/// With a large border there are many rows: estimates within 3e-5 of a standard error then have an error of
/// about 1e-7. Where beta is profiled, no Newton step follows, so the search itself goes as far.
OptimiseOptions search_options(const PlanData& plan, const FitOptions& options) {
  OptimiseOptions out{options.tolerance, options.max_evaluations};
  const bool dear = plan.view.arrow.border >= kDenseBorder, hessian = !plan.view.profiled;
  if (dear)
    out.tolerance *= 10;
  else if (!hessian)
    out.tolerance *= 0.01;
  if (hessian && !plan.view.separable) out.leave = dear ? kLeaveDear : kLeave;
  return out;
}

/// The score start of theta; a beta for which it does not exist becomes 0.
Eigen::VectorXd start_of_theta(Problem& problem, const PlanData& plan, const ResponseSums& sums,
                               Eigen::VectorXd& beta) {
  if (plan.linear) return score_theta(plan, sums);
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(plan.paths.m);
  ProblemEvaluation at_zero = problem.evaluate(zero, beta, true);
  if (!std::isfinite(at_zero.objective))
    at_zero = problem.evaluate(zero, beta = Eigen::VectorXd::Zero(plan.p), true);
  return score_theta(plan.paths, at_zero);
}

/// From the given start, or the data's own.
Optimum find_optimum(const FitWork& work, const Model& model, const FitOptions& options,
                     OptimiseOptions how) {
  const PlanData& plan = work.plan;
  Problem& problem = work.problem;
  Eigen::VectorXd beta = options.beta ? *options.beta : start_of_beta(model, plan);
  if (options.theta) return optimise(problem, plan, *options.theta, beta, how);
  Eigen::VectorXd theta = start_of_theta(problem, plan, work.sums, beta);
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
    fit.modes.push_back(Eigen::Map<const RowMatrix>(at.mode.data() + first, levels, term.size()));
    fit.modes_sd.push_back(
        Eigen::Map<const RowMatrix>(at.variance.data() + first, levels, term.size()).cwiseSqrt());
    first += levels * term.size();
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

Fit fit(std::shared_ptr<const Model> model, const FitOptions& options) {
  if (const auto why = options.invalid()) throw Error(*why);
  require_supported(model->family);
  check_start(*model, options);
  const Clock total;
  Fit fit;
  fit.model = std::move(model);
  fit.options = options;
  fit.plan = std::make_shared<const Plan>(*fit.model, options.plan());
  const PlanData& plan = fit.plan->data();
  const auto engine = make_engine(plan, options.device, options.simd, options.threads);
  fit.device = engine->device();
  fit.seconds.plan = total.seconds();

  const ResponseSums sums = plan.sums(*fit.model, fit.model->y);
  const auto problem = engine->problem(sums);
  const OptimiseOptions search = search_options(plan, options);
  FitWork work{plan, *engine, *problem, sums};
  const Optimum optimum = find_optimum(work, *fit.model, options, search);
  take(fit, work, optimum);
  add_covariances(fit, work, optimum, search);
  if (!plan.linear && separated(plan, work.information)) fit.status = Status::separation;
  add_estimate(fit, work.at);
  add_messages(fit);
  fit.seconds.total = total.seconds();
  fit.seconds.fit = fit.seconds.total - fit.seconds.plan;
  return fit;
}

Fit fit(Model model, const FitOptions& options) {
  return fit(std::make_shared<const Model>(std::move(model)), options);
}

}  // namespace cuglmm
