#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <Eigen/Cholesky>

#include <cuglmm/error.hpp>
#include <cuglmm/plan.hpp>
#include <host/engine/engine.hpp>
#include <host/engine/parallel.hpp>
#include <host/fit/ordered_results.hpp>
#include <host/fit/replicate_start.hpp>
#include <host/fit/separation.hpp>
#include <host/fit/simulator.hpp>
#include <kernels/singular.hpp>

namespace cuglmm {
namespace {

/// True where some variance of the fit is not clearly above zero: replicates then find a better start from
/// their own score (design.md 1.7). Clearly: more than the standard error that a zero variance would have.
bool needs_score_start(const Fit& fit, const ProblemEvaluation& at, const Paths& paths) {
  Eigen::Index TT = 0;
  for (const TermView& t : paths.terms) {
    const int s = t.size * (t.size + 1) / 2;
    for (int c = 0; c < t.size; ++c) {
      const int entry = lower(c, c, t.size);
      const double theta = fit.theta[t.theta + entry], I = at.TT[TT + entry * s + entry];
      if (!(theta * theta > std::sqrt(2 / I))) return true;
    }
    TT += s * s;
  }
  return false;
}

/// f, but where it throws, no thread takes another replicate.
template <class F>
auto stopping(OrderedResults& results, F f) {
  return [&results, f = std::move(f)](auto& argument) {
    try {
      f(argument);
    } catch (...) {
      results.stop();
      throw;
    }
  };
}

/// Runs a batch of refits of one fit's model.
class Refits {
 public:
  Refits(const Fit& fit, const BootstrapOptions& options)
      : fit_(fit), options_(options), plan_(fit.plan->data()), threads_(thread_count(options.threads)) {
    if (!fit.ok())
      throw Error(fmt::format("refits start from a fit that has converged; this one's status is '{}'",
                              name(fit.status)));
    engine_ = make_engine(plan_, options.device, options.simd, threads_);
    psi_ = search_point(plan_.view, fit.theta, fit.beta);
    standard_error_ = fit.vcov_rx.diagonal().cwiseSqrt();
  }

  const PlanData& plan() const { return plan_; }

  int feed_width() const { return engine_->feed_width(); }

  /// Draws, or fills: one of the two (see BatchJob).
  BootstrapReport run(std::optional<Draws> draws, std::function<void(Feed&)> fill,
                      const std::function<void(const Fits&)>& sink) {
    const auto start = std::chrono::steady_clock::now();
    OrderedResults results(options_.first, options_.replicates, plan_.view.m, plan_.view.p, sink);
    std::mutex progress_mutex;
    BatchJob job;
    job.psi = psi_;
    // To the last bit: an update of one lane mirrors the lower triangles of all (kernels/bfgs.hpp), and a
    // replicate must not depend on its neighbours.
    job.inverse_hessian = (fit_.inverse_hessian + fit_.inverse_hessian.transpose()) / 2;
    job.score_start = score_start();
    job.tolerance = options_.tolerance;
    job.max_evaluations = options_.max_evaluations;
    job.threads = threads_;
    job.memory_limit = options_.memory_limit;
    job.count = options_.replicates;
    job.claim = [&](int wanted, std::int64_t& first) { return results.claim(wanted, first); };
    job.draws = std::move(draws);
    if (fill) job.fill = stopping(results, std::move(fill));
    job.modes = replicate_start(fit_, plan_);
    const auto tell = stopping(results, [&](const std::int64_t& done) {
      if (!options_.progress(done)) results.stop();
    });
    job.finished = stopping(results, [&, tell](const Finished& replicate) {
      results.finished(replicate, status_of(replicate));
      if (!options_.progress) return;
      const std::lock_guard lock(progress_mutex);
      if (results.stopped()) return;
      const std::int64_t done = results.done();
      tell(done);  // where it throws, no other thread comes so far
    });
    const std::uint64_t in_flight = engine_->problems_in_flight(job);
    try {
      engine_->optimise(job);
    } catch (const Error&) {  // the GPU's: what is done is kept
      results.pass_on_rest();
      throw;
    }
    results.pass_on_rest();
    return {engine_->device(),
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
            engine_->bytes_per_problem(), engine_->bytes_per_problem() * in_flight};
  }

 private:
  bool score_start() const {
    const auto problem = engine_->problem(plan_.sums(*fit_.model, fit_.model->y));
    return needs_score_start(fit_, problem->evaluate(fit_.theta, fit_.beta, true), plan_.paths);
  }

  /// Separation is looked for where an estimate is far off: eight standard errors of the original fit.
  Status status_of(const Finished& replicate) const {
    const Status status = static_cast<Status>(replicate.status);
    if (status == Status::failed || plan_.linear) return status;
    const Eigen::Map<const Eigen::VectorXd> beta(replicate.psi + plan_.view.m, plan_.view.p);
    if (((beta - fit_.beta).array().abs() <= 8 * standard_error_.array()).all()) return status;
    return separated_at(beta) ? Status::separation : status;
  }

  /// The information at u = 0 is not below the one with the random effects integrated out, so this errs
  /// towards "converged"; at a separated estimate both vanish.
  bool separated_at(const Eigen::VectorXd& beta) const {
    Eigen::MatrixXd information = Eigen::MatrixXd::Zero(plan_.p, plan_.p);
    for (std::int64_t i = 0; i < plan_.cells.size(); ++i) {
      const Eigen::Map<const Eigen::VectorXd> x(plan_.X.data() + i * plan_.p, plan_.p);
      const double eta = plan_.offset[i] + x.dot(beta), e = std::exp(-std::abs(eta));
      const double variance =
          plan_.view.family == KernelFamily::poisson_log ? std::exp(eta) : e / ((1 + e) * (1 + e));
      information += plan_.cells.weight[i] * variance * x * x.transpose();
    }
    return separated(plan_, information);
  }

  const Fit& fit_;
  const BootstrapOptions& options_;
  const PlanData& plan_;
  int threads_;
  std::unique_ptr<Engine> engine_;
  Eigen::VectorXd psi_, standard_error_;
};

/// Neighbours are joined pairwise, so that each replicate is copied few times.
Fits joined(std::vector<Fits> blocks, std::int64_t first) {
  if (blocks.empty())
    return Fits{.first = first,
                .status = {},
                .evaluations = {},
                .gradient_norm = {},
                .minus2_log_likelihood = {},
                .sigma = {},
                .theta = {},
                .beta = {}};
  for (std::size_t step = 1; step < blocks.size(); step *= 2)
    for (std::size_t i = 0; i + step < blocks.size(); i += 2 * step) blocks[i].append(blocks[i + step]);
  return std::move(blocks.front());
}

void check(const BootstrapOptions& options) {
  if (const auto why = options.invalid()) throw Error(*why);
}

/// A draw needs a whole number of trials.
void check_simulable(const Model& model) {
  if (model.family.kind != FamilyKind::binomial) return;
  for (std::int64_t i = 0; i < model.rows(); ++i)
    if (model.weights[i] != std::round(model.weights[i]))
      throw Error(fmt::format("cannot simulate: data row {} has {} trials, which is not a whole number",
                              model.row_numbers[i], model.weights[i]));
}

}  // namespace

BootstrapReport bootstrap(const Fit& fit, const BootstrapOptions& options,
                          const std::function<void(const Fits&)>& sink) {
  check(options);
  check_simulable(*fit.model);
  Refits refits(fit, options);
  const Simulator simulator(fit);
  return refits.run(simulator.draws(options.seed), {}, sink);
}

Fits bootstrap(const Fit& fit, const BootstrapOptions& options) {
  std::vector<Fits> blocks;
  bootstrap(fit, options, [&](const Fits& block) { blocks.push_back(block); });
  return joined(std::move(blocks), options.first);
}

Fits refit(const Fit& fit, const Eigen::MatrixXd& Y, const BootstrapOptions& options) {
  check(options);
  if (Y.rows() != fit.rows())
    throw Error(fmt::format("the responses have {} rows, the model has {}", Y.rows(), fit.rows()));
  BootstrapOptions all = options;
  all.replicates = Y.cols();
  Refits refits(fit, all);
  const int width = refits.feed_width();
  const PlanData& plan = refits.plan();
  std::vector<Fits> blocks;
  refits.run(
      std::nullopt,
      [&](Feed& feed) {
        std::fill(feed.u, feed.u + std::size_t(plan.view.u_total) * width, 0.0);
        const int effects = plan.arrow ? plan.view.arrow.effects : plan.view.u_total;
        for (int i = effects; i < plan.view.u_total; ++i)  // nAGQ = 0: beta stands behind u
          std::fill_n(feed.u + std::size_t(i) * width, width, fit.beta[i - effects]);
        for (int lane = 0; lane < feed.count; ++lane)
          fill_lane(plan.view, plan.sums(*fit.model, Y.col(feed.number[lane] - all.first)), feed, width,
                    lane);
      },
      [&](const Fits& block) { blocks.push_back(block); });
  return joined(std::move(blocks), all.first);
}

Eigen::MatrixXd simulate(const Fit& fit, std::int64_t replicates, std::uint64_t seed, std::int64_t first) {
  check_simulable(*fit.model);
  const Simulator simulator(fit);
  const auto engine = make_engine(simulator.plan(), "cpu", fit.options.simd, 1);
  const int width = engine->feed_width();
  FeedStorage storage(fit.plan->data().view, width);
  AlignedVector<double> drawn(std::size_t(fit.rows()) * width);
  Eigen::MatrixXd Y(fit.rows(), replicates);
  const bool binomial = fit.model->family.kind == FamilyKind::binomial;
  for (std::int64_t at = 0; at < replicates; at += width) {
    for (int lane = 0; lane < width; ++lane) storage.feed.number[lane] = first + at + lane;
    engine->simulate(simulator.draws(seed), storage.feed, drawn.data());
    for (std::int64_t c = at; c < std::min(replicates, at + width); ++c)
      for (std::int64_t i = 0; i < fit.rows(); ++i) {
        const double trials = binomial ? fit.model->weights[i] : 1;
        Y(i, c) = trials > 0 ? drawn[i * width + (c - at)] / trials : 0;
      }
  }
  return Y;
}

void Fits::append(const Fits& other) {
  if (other.size() == 0) return;
  const auto joined = [](const auto& a, const auto& b) {
    Eigen::MatrixXd all(b.rows(), a.cols() + b.cols());
    all << a, b;
    return all;
  };
  if (size() == 0) {
    *this = other;
    return;
  }
  theta = joined(theta, other.theta);
  beta = joined(beta, other.beta);
  const auto joined_vector = [](const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
    Eigen::VectorXd all(a.size() + b.size());
    all << a, b;
    return all;
  };
  gradient_norm = joined_vector(gradient_norm, other.gradient_norm);
  minus2_log_likelihood = joined_vector(minus2_log_likelihood, other.minus2_log_likelihood);
  sigma = joined_vector(sigma, other.sigma);
  status.insert(status.end(), other.status.begin(), other.status.end());
  evaluations.insert(evaluations.end(), other.evaluations.begin(), other.evaluations.end());
}

}  // namespace cuglmm
