/// Fit: one fitted model. Fits: many, in columns.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <cuglmm/model.hpp>
#include <cuglmm/options.hpp>
#include <cuglmm/status.hpp>

namespace cuglmm {

class Plan;

/// The covariance of one random-effects term, as lme4's VarCorr.
struct VarCorr {
  std::string group;                 ///< factor; a second term on it is "Subject.1", as lme4 names it
  std::vector<std::string> columns;  ///< q_j names
  Eigen::VectorXd sd;                ///< q_j
  Eigen::MatrixXd correlation;       ///< q_j x q_j; NaN where an sd is 0
};

/// Seconds spent, for the summary and the JSON.
struct Seconds {
  double plan = 0, fit = 0, total = 0;
};

/// A fitted model. Everything a summary shows; const once made.
struct Fit {
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Plan> plan;
  FitOptions options;
  std::string device;  ///< "cpu (avx512, 2 threads)"

  Status status = Status::failed;
  std::vector<std::string> messages;
  int evaluations = 0;       ///< exact ones of objective and gradient, from the start to the estimate
  double gradient_norm = 0;  ///< Euclidean norm of d(-2 log L)/d(theta, beta) at the estimate
  Seconds seconds;

  Eigen::VectorXd theta;             ///< m, lme4's order, diagonals of Lambda_j not negative
  Eigen::VectorXd beta;              ///< p
  double sigma = 1;                  ///< 1 where the family has no free dispersion
  double minus2_log_likelihood = 0;  ///< the REML criterion where is_reml()
  Eigen::MatrixXd vcov;              ///< p x p, of beta, as options.se asks
  Eigen::MatrixXd vcov_rx;           ///< p x p (design.md 1.6)
  Eigen::MatrixXd inverse_hessian;   ///< k x k: inverse of the Hessian of -2 log L in (theta, beta)

  /// Per term j: levels x q_j. Conditional modes b and their conditional standard deviations.
  std::vector<Eigen::MatrixXd> modes, modes_sd;
  std::vector<VarCorr> varcorr;  ///< per term
  double u_squared = 0;          ///< |u|^2 of the spherical random effects

  Eigen::VectorXd eta, mu;             ///< n, at the conditional modes; mu on the response scale
  Eigen::VectorXd pearson;             ///< n: sqrt(p) (y - mu) / sqrt(V); by sigma: "scaled residuals"
  Eigen::VectorXd deviance_residuals;  ///< n, signed

  std::int64_t rows() const { return model->rows(); }
  bool is_linear() const { return model->is_linear(); }
  bool is_reml() const { return is_linear() && options.reml; }
  /// Number of parameters: theta, beta (and sigma where free).
  int df() const { return static_cast<int>(theta.size() + beta.size()) + (is_linear() ? 1 : 0); }
  std::int64_t df_residual() const { return rows() - df(); }
  double log_likelihood() const { return -minus2_log_likelihood / 2; }
  double aic() const { return minus2_log_likelihood + 2 * df(); }
  double bic() const;
  double pearson_sum_of_squares() const { return pearson.squaredNorm(); }
  /// sqrt((pearson_ss + |u|^2) / n): "Estimated scale (compare to 1)" of older lme4.
  double scale() const;
  bool ok() const { return status == Status::converged || status == Status::singular; }
};

/// Fits the model, which the Fit keeps. Throws Error only for what a person must mend; a fit that fails says
/// so in its status.
Fit fit(std::shared_ptr<const Model> model, const FitOptions& options = {});
Fit fit(Model model, const FitOptions& options = {});

/// Many fits of one model, in columns; column c belongs to replicate first + c.
struct Fits {
  std::int64_t first = 1;
  std::vector<Status> status;
  std::vector<int> evaluations;
  Eigen::VectorXd gradient_norm, minus2_log_likelihood;  ///< R; NaN where failed
  Eigen::VectorXd sigma;                                 ///< R; 1 where the family has no free dispersion
  Eigen::MatrixXd theta;                                 ///< m x R; NaN where failed
  Eigen::MatrixXd beta;                                  ///< p x R; NaN where failed

  std::int64_t size() const { return static_cast<std::int64_t>(status.size()); }
  void append(const Fits& other);
};

/// Facts about a bootstrap run beside its fits.
struct BootstrapReport {
  std::string device;
  double seconds = 0;
  std::uint64_t bytes_per_replicate = 0;  ///< of one replicate in flight
  std::uint64_t bytes_in_flight = 0;      ///< of all replicates in flight
};

/// Simulates from the fit and refits, `options.replicates` times. Replicate r depends on the seed and r
/// alone. `sink` receives the replicates in order, in blocks, each once; it is called from one thread at a
/// time.
BootstrapReport bootstrap(const Fit& fit, const BootstrapOptions& options,
                          const std::function<void(const Fits& block)>& sink);

/// The same, collected.
Fits bootstrap(const Fit& fit, const BootstrapOptions& options = {});

/// Responses simulated from the fit: n x m, on the scale of Model::y; column c is what replicate first + c of
/// a bootstrap with this seed is fitted to.
Eigen::MatrixXd simulate(const Fit& fit, std::int64_t replicates, std::uint64_t seed = 1,
                         std::int64_t first = 1);

/// The model fitted to other responses: Y is n x R, on the scale of Model::y. Starts from the fit.
Fits refit(const Fit& fit, const Eigen::MatrixXd& Y, const BootstrapOptions& options = {});

/// Standard deviations and correlations that belong to a theta: term by term, in the order of sd_names().
Eigen::VectorXd sd_and_correlations(const Model& model, const Eigen::VectorXd& theta, double sigma = 1);
/// lme4's names: "sd_(Intercept)|school", "cor_standLRT.(Intercept)|school".
std::vector<std::string> sd_and_correlation_names(const Model& model);

}  // namespace cuglmm
