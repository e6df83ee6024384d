#include <host/fit/optimise.hpp>

#include <cmath>
#include <vector>

#include <host/fit/start.hpp>
#include <kernels/bfgs.hpp>
#include <kernels/singular.hpp>

namespace cuglmm {
namespace {

class Optimiser {
 public:
  Optimiser(Problem& problem, const Paths& paths, int p, const OptimiseOptions& options)
      : problem_(problem),
        paths_(paths),
        options_(options),
        m_(paths.m),
        k_(paths.m + p),
        state_(Bfgs<double>::reals(k_), 0.0) {
    bfgs_.tolerance = options.tolerance;
    bfgs_.place(Lanes<double>{state_.data()}, k_, m_);
  }

  Optimum run(const Eigen::VectorXd& theta, const Eigen::VectorXd& beta) {
    point() << theta, beta;
    for (std::size_t escapes = 0;; ++escapes) {
      search();
      if (status_ != Status::converged || !snap()) break;
      if (escapes > 2 * paths_.terms.size() || spent() || !escape()) break;
    }
    return result();
  }

 private:
  using Vector = Eigen::Map<Eigen::VectorXd>;
  Vector point() { return {bfgs_.trial.at, k_}; }
  Vector psi() { return {bfgs_.psi.at, k_}; }
  Eigen::VectorXd theta_of(const Vector& x) const { return x.head(m_); }
  Eigen::VectorXd beta_of(const Vector& x) const { return x.tail(k_ - m_); }
  bool spent() const { return evaluations_ >= options_.max_evaluations; }

  void evaluate() {
    at_ = problem_.evaluate(theta_of(point()), beta_of(point()), true);
    ++evaluations_;
  }

  /// The expected inverse Hessian at the point just evaluated.
  void renew() {
    const Eigen::VectorXd theta = theta_of(point()), beta = beta_of(point());
    Eigen::Map<Eigen::MatrixXd>(bfgs_.B.at, k_, k_) =
        expected_inverse_hessian(paths_, theta, at_, problem_.information(theta, beta));
  }

  /// BFGS from the trial point.
  void search() {
    bfgs_.fresh() = 1;
    bfgs_.accepted() = bfgs_.slope() = 0;
    bfgs_.alpha() = 1;
    psi() = point();
    bfgs_.objective() = INFINITY;
    int renewals = 0;
    for (;;) {
      evaluate();
      if (std::isfinite(at_.objective) && renewals == 0 && bfgs_.fresh() > 0) renew();
      const auto outcome = bfgs_.advance(true, at_.objective, Lanes<double>{at_.gradient.data()});
      if (outcome.accepted) accepted_ = at_;
      if (outcome.stalled || outcome.converged || spent()) return conclude(outcome.converged);
      if (outcome.accepted && bfgs_.accepted() > 0 && renewals < 2) {  // two: design.md 1.7
        ++renewals;
        renew_at_psi();
      }
    }
  }

  void renew_at_psi() {
    point() = psi();
    renew();
    bfgs_.new_direction(true);
    for (int i = 0; i < k_; ++i) bfgs_.trial[i] = bfgs_.psi[i] + bfgs_.alpha() * bfgs_.direction[i];
  }

  void conclude(bool converged) {
    const bool has_point = std::isfinite(bfgs_.objective());
    // No step helps: at the limit of rounding that is convergence.
    converged = converged || (has_point && bfgs_.slope() * -0.5 < 1e-6);
    status_ = converged ? Status::converged : has_point ? Status::not_converged : Status::failed;
  }

  template <class Change>
  bool change_theta(Change change) {
    point() = psi();
    bool any = false;
    Eigen::Index TT = 0;
    for (const TermView& t : paths_.terms) {
      const int s = t.size * (t.size + 1) / 2;
      any =
          change(bfgs_.trial.at + t.theta, t.size, accepted_.G.data() + t.theta, accepted_.TT.data() + TT) ||
          any;
      TT += s * s;
    }
    return any;
  }

  /// If the optimum has a tiny variance and is as good without it: moves there and returns true.
  bool snap() {
    const bool any = change_theta([](double* theta, int q, const double*, const double*) {
      Singular<double>::canonical_theta(theta, q);
      return Singular<double>::has_small_diagonal(theta, q) && Singular<double>::snap_to_singular(theta, q);
    });
    if (!any || spent()) return false;
    evaluate();
    if (!(at_.objective <= bfgs_.objective() + 1e-6)) return false;
    bfgs_.objective() = at_.objective;
    psi() = point();
    Vector(bfgs_.gradient.at, k_) = at_.gradient;
    accepted_ = at_;
    return true;
  }

  /// If the singular point is a saddle: the trial leaves it.
  bool escape() {
    const double gain = 10 * options_.tolerance;
    return change_theta([gain](double* theta, int q, const double* G, const double* TT) {
      return Singular<double>::has_small_diagonal(theta, q) &&
             Singular<double>::escape_singular(theta, q, G, TT, gain);
    });
  }

  Optimum result() {
    Optimum out;
    out.theta = theta_of(psi());
    out.beta = beta_of(psi());
    out.status = status_;
    for (const TermView& t : paths_.terms) {
      Singular<double>::canonical_theta(out.theta.data() + t.theta, t.size);
      if (out.status == Status::converged &&
          Singular<double>::has_small_diagonal(out.theta.data() + t.theta, t.size))
        out.status = Status::singular;
    }
    out.inverse_hessian = Eigen::Map<Eigen::MatrixXd>(bfgs_.B.at, k_, k_);
    out.evaluations = evaluations_;
    return out;
  }

  Problem& problem_;
  const Paths& paths_;
  const OptimiseOptions options_;
  const int m_, k_;
  std::vector<double> state_;
  Bfgs<double> bfgs_;
  ProblemEvaluation at_, accepted_;
  Status status_ = Status::failed;
  int evaluations_ = 0;
};

}  // namespace

Optimum optimise(Problem& problem, const Paths& paths, const Eigen::VectorXd& theta,
                 const Eigen::VectorXd& beta, const OptimiseOptions& options) {
  return Optimiser(problem, paths, static_cast<int>(beta.size()), options).run(theta, beta);
}

}  // namespace cuglmm
