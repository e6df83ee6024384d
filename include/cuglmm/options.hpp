/// Options of a fit and of a bootstrap: plain structs that can explain themselves.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace cuglmm {

enum class StandardErrors { hessian, rx };  ///< design.md 1.6

/// How a model is laid out.
struct PlanOptions {
  enum class Evaluator { automatic, separable, bordered };
  enum class Border { automatic, dense, sparse };
  bool collapse = true;                        ///< merge rows (design.md 1.8); linear models do not need it
  bool reml = true;                            ///< linear models
  int nagq = 1;                                ///< 0: beta joins u
  Evaluator evaluator = Evaluator::automatic;  ///< for comparisons: both serve separable models
  Border border = Border::automatic;  ///< for comparisons: both serve crossed factors, a GPU dense ones
};

struct FitOptions {
  StandardErrors se = StandardErrors::hessian;  ///< lme4's default for GLMMs; linear models have one kind
  bool reml = true;                             ///< linear models (gaussian, identity): REML, else ML
  int nagq = 1;  ///< 1: Laplace; 0: beta jointly with u by penalised least squares (design.md 1.4)
  double tolerance = 1e-10;     ///< stop when the predicted decrease of the deviance is below; ten times that
                                ///< where crossed factors leave a dense matrix of 160 or more, else a
                                ///< hundredth in linear models and with nagq = 0 (design.md 1.7)
  int max_evaluations = 200;    ///< of objective and gradient; 5 to 20 are usual
  int threads = 0;              ///< 0: as many as the machine has
  std::string device = "auto";  ///< auto (a GPU if there is one), cpu, cuda, cuda:N
  std::string simd = "auto";    ///< auto, baseline, avx2, avx512: for comparisons
  bool collapse = true;         ///< merge rows that share X, Z, offset and levels (design.md 1.8)
  std::optional<Eigen::VectorXd> theta = {};  ///< start: both or none
  std::optional<Eigen::VectorXd> beta = {};

  /// What of them a plan needs.
  PlanOptions plan() const { return {.collapse = collapse, .reml = reml, .nagq = nagq}; }
  /// What is wrong with them, or nothing.
  std::optional<std::string> invalid() const;
};

struct BootstrapOptions {
  std::int64_t replicates = 1000;
  std::uint64_t seed = 1;
  std::int64_t first = 1;  ///< number of the first replicate: parts of a job can run anywhere
  double tolerance = 1e-8;
  int max_evaluations = 200;
  int threads = 0;
  std::string device = "auto";
  std::string simd = "auto";
  std::uint64_t memory_limit = 0;  ///< bytes for replicates in flight; 0: no limit
  /// Called now and then with the number of replicates done; returning false stops the run (what is done is
  /// kept).
  std::function<bool(std::int64_t done)> progress = {};

  std::optional<std::string> invalid() const;
};

}  // namespace cuglmm
