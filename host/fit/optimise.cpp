#include <host/fit/optimise.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <host/fit/start.hpp>
#include <kernels/search.hpp>

namespace cuglmm {
namespace {

/// So many steps renew the inverse Hessian at their end. The first, a long one, tells less of the curvature
/// there than the expected value does; each later one corrects it: in a GLMM the curvature along the way to
/// the optimum is up to a fifth less than expected.
constexpr double kRenewals = 4;

class Optimiser {
 public:
  Optimiser(Problem& problem, const PlanData& plan, const OptimiseOptions& options)
      : problem_(problem),
        view_(plan.view),
        paths_(plan.paths),
        m_(plan.paths.m),
        k_(plan.view.k),
        max_evaluations_(options.max_evaluations),
        renewals_(options.inverse_hessian.size() > 0 ? 0 : kRenewals),
        given_(options.inverse_hessian),
        leave_(options.leave),
        state_(Bfgs<double>::reals(k_), 0.0),
        at_{0, Eigen::VectorXd(k_), Eigen::VectorXd(m_), Eigen::VectorXd(plan.view.TT_size), {}, {}, {}},
        lane_{{},
              Lanes<double>{at_.gradient.data()},
              Lanes<double>{at_.G.data()},
              Lanes<double>{at_.TT.data()},
              &at_.objective,
              &phase_,
              &evaluations_,
              &escapes_} {
    bfgs_.place(Lanes<double>{state_.data()}, k_, m_);
    bfgs_.tolerance = options.tolerance;
    if (given_.size() > 0) set_mode_tolerance(kReportedModeTolerance);  // the end is near
    search_ =
        std::make_unique<Search<double>>(plan.view, lane_, options.tolerance, max_evaluations_, nullptr);
  }

  Optimum run(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta) {
    Eigen::VectorXd psi = search_point(view_, theta, beta);
    start_ = beta;
    search_->begin(psi.data(), false);
    Ending ending = kGoesOn;
    while (ending == kGoesOn) {
      evaluate();
      ending = phase_ == kSearch ? advance() : search_->settle(false, false);
    }
    Optimum out;
    out.status = static_cast<Status>(search_->estimate(ending, psi.data()));
    if (to_all_digits_ && psi == evaluated_) out.at = std::move(at_);
    out.theta = psi.head(m_);
    out.beta = k_ > m_ ? psi.tail(k_ - m_) : start_;
    out.inverse_hessian = inverse_hessian();
    out.evaluations = static_cast<int>(evaluations_);
    out.early = early_;
    return out;
  }

 private:
  using Vector = Eigen::Map<Eigen::VectorXd>;
  Eigen::VectorXd theta() const { return Vector(bfgs_.trial.at, m_); }
  Eigen::VectorXd beta() const { return Vector(bfgs_.trial.at + m_, k_ - m_); }
  Eigen::Map<Eigen::MatrixXd> inverse_hessian() { return {bfgs_.B.at, k_, k_}; }

  /// Into the arrays that lane_ looks at.
  void evaluate() {
    to_all_digits_ = tight_;
    evaluated_ = Vector(bfgs_.trial.at, k_);
    const ProblemEvaluation at = problem_.evaluate(theta(), k_ > m_ ? beta() : start_, true);
    at_ = at;  // not moved: the arrays stay where they are
    evaluations_ += 1;
  }

  /// One step of BFGS, its inverse Hessian renewed at the start and with the first steps: design.md 1.7.
  Ending advance() {
    const double steps = bfgs_.accepted();
    const bool begins = bfgs_.fresh() > 0, renewed = steps > 0 && steps < renewals_;
    if (begins && given_.size() > 0)
      inverse_hessian() = std::exchange(given_, {});
    else if (std::isfinite(at_.objective) && (begins || renewed))
      renew();
    const auto outcome = bfgs_.advance(true, at_.objective, lane_.gradient);
    const double decrease = bfgs_.slope() * -0.5;
    if (outcome.accepted && decrease < leave_ && to_all_digits_ && regular()) {
      early_ = !outcome.converged;
      return kConverged;
    }
    if (outcome.accepted) set_mode_tolerance(mode_tolerance(decrease, std::max(bfgs_.tolerance, leave_)));
    const Ending ending = search_->settle(outcome.converged, outcome.stalled);
    if (ending == kGoesOn && phase_ == kSearch && outcome.accepted && !begins && steps == 0 &&
        renewals_ > 0) {
      Vector(bfgs_.trial.at, k_) = Vector(bfgs_.psi.at, k_);
      renew();
      bfgs_.new_direction(true);
      for (int i = 0; i < k_; ++i) bfgs_.trial[i] = bfgs_.psi[i] + bfgs_.alpha() * bfgs_.direction[i];
    }
    return ending;
  }

  /// No variance at psi is nearly zero.
  bool regular() const {
    for (const TermView& t : paths_.terms)
      for (int c = 0; c < t.size; ++c)
        if (std::abs(bfgs_.psi[t.theta + lower(c, c, t.size)]) < kNearlySingular) return false;
    return true;
  }

  void set_mode_tolerance(double tolerance) {
    problem_.set_mode_tolerance(tolerance);
    tight_ = tolerance == kReportedModeTolerance;
  }

  /// The expected inverse Hessian at the trial just evaluated; the information about beta, which hardly
  /// changes with later steps, of one of the first two.
  void renew() {
    if (k_ > m_ && bfgs_.accepted() < 2) information_ = problem_.information(theta(), beta());
    inverse_hessian() = expected_inverse_hessian(paths_, theta(), at_, information_);
  }

  Problem& problem_;
  const PlanView& view_;
  const Paths& paths_;
  const int m_, k_, max_evaluations_;
  const double renewals_;
  Eigen::MatrixXd given_;  ///< the first search's inverse Hessian, where that is known
  const double leave_;
  std::vector<double> state_;
  ProblemEvaluation at_;
  double phase_ = kIdle, evaluations_ = 0, escapes_ = 0;
  Eigen::MatrixXd information_{0, 0};  ///< about beta where that is searched for: p x p
  bool early_ = false;                 ///< the search was left
  bool tight_ = false;                 ///< the next evaluation has the reported mode tolerance
  bool to_all_digits_ = false;         ///< the last had
  Eigen::VectorXd start_;              ///< of beta
  Eigen::VectorXd evaluated_;          ///< k: psi of the last evaluation
  SearchLane lane_;
  Bfgs<double>& bfgs_ = lane_.bfgs;
  std::unique_ptr<Search<double>> search_;
};

}  // namespace

double mode_tolerance(double decrease, double tolerance) {
  return mode_tolerance<double>(decrease, tolerance, kReportedModeTolerance, kModeTolerance);
}

Optimum optimise(Problem& problem, const PlanData& plan, const Eigen::VectorXd& theta,
                 const Eigen::VectorXd& beta, const OptimiseOptions& options) {
  return Optimiser(problem, plan, options).run(theta, beta);
}

}  // namespace cuglmm
