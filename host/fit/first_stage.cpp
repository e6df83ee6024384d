#include <host/fit/first_stage.hpp>

#include <limits>

#include <host/fit/optimise.hpp>
#include <host/fit/start.hpp>
#include <kernels/bfgs.hpp>

namespace cuglmm {
namespace {

constexpr int kMostSteps = 8;

/// Predicted decrease that ends the stage once its step is done: what is left is less than the scores' error.
constexpr double kEnough = 1e-2;

/// A predicted decrease that grows by more than this from step to step leads nowhere.
constexpr double kMostGrowth = 10;

/// Where a problem is estimated, until the end of the scope.
class Estimated {
 public:
  explicit Estimated(Problem& problem) : problem_(problem), there_(problem.estimate(true)) {}
  ~Estimated() {
    if (!there_) return;
    problem_.estimate(false);
    problem_.set_mode_tolerance(kModeTolerance);
  }
  Estimated(const Estimated&) = delete;
  Estimated& operator=(const Estimated&) = delete;

  explicit operator bool() const { return there_; }

 private:
  Problem& problem_;
  const bool there_;
};

}  // namespace

std::optional<FirstStage> first_stage(Problem& problem, const PlanData& plan, const Eigen::VectorXd& theta,
                                      const Eigen::VectorXd& beta) {
  const Estimated estimated(problem);
  if (!estimated) return std::nullopt;
  problem.set_mode_tolerance(mode_tolerance(1, 0));
  const int m = plan.paths.m, k = plan.view.k;
  Eigen::VectorXd psi = search_point(plan.view, theta, beta), step, gradient;
  double last = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kMostSteps; ++i) {
    const Eigen::VectorXd at_theta = psi.head(m), at_beta = k > m ? Eigen::VectorXd(psi.tail(k - m)) : beta;
    const ProblemEvaluation at = problem.evaluate(at_theta, at_beta, true);
    if (!at.gradient.allFinite()) return std::nullopt;
    const Eigen::MatrixXd information =
        k > m ? problem.information(at_theta, at_beta) : Eigen::MatrixXd(0, 0);
    Eigen::MatrixXd B = expected_inverse_hessian(plan.paths, at_theta, at, information);
    if (i > 1) {  // the first step, a long one, tells little of the curvature here
      Eigen::VectorXd change = at.gradient - gradient, scratch(k);
      correct_inverse_hessian<double>({B.data()}, k, true, [&](int j) { return step[j]; }, {change.data()},
                                      {scratch.data()});
    }
    gradient = at.gradient;
    step = -B * gradient;
    const double decrease = -step.dot(gradient) / 2, longest = step.head(m).cwiseAbs().maxCoeff();
    if (!(decrease <= kMostGrowth * last)) return std::nullopt;
    last = decrease;
    problem.set_mode_tolerance(mode_tolerance(decrease, 0));
    if (longest > kLongestStep) step *= kLongestStep / longest;
    psi += step;
    if (decrease < kEnough) return FirstStage{psi.head(m), k > m ? psi.tail(k - m) : beta, B};
  }
  return std::nullopt;
}

}  // namespace cuglmm
