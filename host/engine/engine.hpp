/// Engine: evaluates and optimises problems of one plan. Nothing above this seam knows which device it is.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cuglmm/status.hpp>
#include <host/engine/parallel.hpp>
#include <host/plan/plan_data.hpp>

namespace cuglmm {

/// The SIMD level in use: "baseline", "avx2" or "avx512"; `wanted` "auto": the widest the machine has.
/// Throws Error if the machine does not have the level asked for.
std::string simd_level(const std::string& wanted = "auto");

/// The levels this machine has, the widest last.
std::vector<std::string> simd_levels();

/// PIRLS ends when a component's g' H^-1 g is below; the last step is a correction (design.md 1.7), which
/// leaves about 0.01 times this in the deviance.
constexpr double kModeTolerance = 1e-7;

/// Objective (-2 log L), gradient and more of one problem at one (theta, beta).
struct ProblemEvaluation {
  double objective = 0;            ///< NaN where it could not be evaluated
  Eigen::VectorXd gradient;        ///< k
  Eigen::VectorXd G;               ///< m: dd/dSigma_j, lower triangles by columns (design.md 1.2)
  Eigen::VectorXd TT;              ///< with moments: per term s x s (kernels/laplace.hpp)
  Eigen::VectorXd mode, variance;  ///< with moments: of b, in lme4's order of random effects
  Eigen::VectorXd beta;            ///< where beta is profiled (PlanView): p
  double sigma = 1;
};

/// One problem, its modes kept from evaluation to evaluation.
class Problem {
 public:
  virtual ~Problem() = default;
  /// beta: where it is profiled, no more than a start of the first evaluation, and may be empty.
  virtual ProblemEvaluation evaluate(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta,
                                     bool moments = false) = 0;
  /// Information about beta at the present modes: p x p.
  virtual Eigen::MatrixXd information(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta) = 0;
  /// u in lme4's order.
  virtual Eigen::VectorXd u() const = 0;
  virtual void set_mode_tolerance(double tolerance) = 0;
  /// While on, evaluations are estimates that take a fraction of the time (host/engine/probes.hpp): gradient
  /// and G have an error of their own, as if the parameters were off by a fraction of a standard error, and
  /// the objective is none. False: this problem has no such thing.
  virtual bool estimate(bool /*on*/) { return false; }
};

/// Replicates that the engine draws itself.
struct Draws {
  const PlanData* plan;  ///< collapsed, whether the engine's is or not: rows are drawn cell by cell
  Eigen::VectorXd psi;   ///< m + p: theta, beta
  double sigma;
  std::uint64_t seed;
};

/// Where PIRLS starts, u + factor (Z'y - zy); empty: the u already in the feed stands. Each by component
/// (KernelShape::one_unit).
struct ModeStart {
  std::vector<double> u, factor, zy;
  void apply(Feed& feed, int width) const;
};

/// Problems to be optimised, all from one start.
struct BatchJob {
  Eigen::VectorXd psi;              ///< k: theta, and beta unless that is profiled
  Eigen::MatrixXd inverse_hessian;  ///< k x k, symmetric to the last bit
  bool score_start = false;
  double tolerance = 1e-8;
  int max_evaluations = 200;
  int threads = 0;
  std::uint64_t memory_limit = 0;  ///< bytes for the problems in flight; 0: as much as is sensible
  std::int64_t count = 0;          ///< problems that claim() will give, at most
  /// Up to `wanted` numbers of problems that nobody has taken, consecutive from `first`; returns how many, 0
  /// when none are left. Called from several threads at once, as are the next two.
  std::function<int(int wanted, std::int64_t& first)> claim;
  std::optional<Draws> draws;
  std::function<void(Feed&)> fill;  ///< without draws: the data of the problems whose numbers a feed has
  ModeStart modes;
  /// Called once per problem.
  std::function<void(const Finished&)> finished;
};

class Engine {
 public:
  virtual ~Engine() = default;
  /// "cpu (avx512, 2 threads)".
  virtual std::string device() const = 0;
  virtual std::unique_ptr<Problem> problem(const ResponseSums& sums) = 0;

  /// Problems side by side in a feed.
  virtual int feed_width() const = 0;
  virtual void optimise(const BatchJob& job) = 0;
  /// Replicates number[0 .. count) of a feed; responses: null, or model rows x feed_width, lane fastest.
  virtual void simulate(const Draws& draws, Feed& feed, double* responses) = 0;
  /// A feed's problems at psi (k x count): objectives, and gradients k x count. By-problem layout.
  virtual Eigen::VectorXd evaluate(Feed& feed, const Eigen::MatrixXd& psi, Eigen::MatrixXd& gradient,
                                   double mode_tolerance = kModeTolerance) = 0;

  /// Bytes of one problem in flight, and how many will be. Throws Error if the memory limit is too small.
  virtual std::uint64_t bytes_per_problem() const = 0;
  virtual std::uint64_t problems_in_flight(const BatchJob& job) const = 0;

  /// A^-1, A symmetric; nothing where A is not positive definite.
  virtual std::optional<Eigen::MatrixXd> inverse(const Eigen::MatrixXd& A) const = 0;
};

/// What the two layouts' sums over components make: objective with the part of the responses, and gradient.
ProblemEvaluation assemble(const PlanView& view, const ResponseSums& responses, const Eigen::VectorXd& theta,
                           const Eigen::VectorXd& beta, double objective, Eigen::VectorXd G,
                           const Eigen::VectorXd& beta_gradient);

/// Arrays of a feed.
struct FeedStorage {
  FeedStorage(const PlanView& view, int width);
  Feed feed{};

 private:
  AlignedVector<double> zy_, u_, xy_, offset_y_, constant_;
  std::vector<std::int64_t> number_;
};

/// Parameters of the search: theta, and beta unless that is profiled.
Eigen::VectorXd search_point(const PlanView& view, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta);

/// A response into one lane of a feed; u is left alone.
void fill_lane(const PlanView& view, const ResponseSums& sums, Feed& feed, int width, int lane);

/// All lanes of a feed with one response, its modes (in lme4's order) where PIRLS starts.
void fill_feed(const PlanData& plan, const ResponseSums& sums, const Eigen::VectorXd& u, Feed& feed,
               int width);

/// Throws Error where make_engine() would: the device is not there, or not known.
void require_device(const std::string& device);

/// device: "auto", "cpu", "cuda" or "cuda:N" (Error of Kind::device where it is not there); simd as in
/// FitOptions.
std::unique_ptr<Engine> make_engine(const PlanData& plan, const std::string& device, const std::string& simd,
                                    int threads);

}  // namespace cuglmm
