/// What becomes of one problem between evaluations (design.md 1.2, 1.7): a score start, the search itself,
/// the check of a singular end, the end.
///
///     score  -> search -> [snapped -> search ..] -> ended
///
/// All lanes of a slice advance their BFGS together (bfgs.hpp); what is here happens now and then to one of
/// them, so it is written for one, on views with the slice's stride.
#pragma once

#include <kernels/bfgs.hpp>
#include <kernels/launch.hpp>
#include <kernels/singular.hpp>

namespace cuglmm {

/// Phases, stored beside a lane's numbers. kScore: the evaluation at theta = 0 that gives a score start;
/// kSearch: BFGS; kSnapped: the trial is the optimum with tiny variances set to zero.
constexpr double kScore = -1, kIdle = 0, kSearch = 1, kSnapped = 2;

/// An evaluation in this phase needs moments.
CUGLMM_HD bool needs_moments(double phase) { return phase == kScore || phase == kSnapped; }

/// As Status, and kGoesOn.
enum Ending : int { kGoesOn = -1, kConverged = 0, kSingularEnding = 1, kNotConverged = 2, kFailed = 4 };

/// One problem's part of a slice.
struct SearchLane {
  Bfgs<double> bfgs;
  Lanes<double> gradient, G, TT;  ///< of the last evaluation: k, m, moments (kernels/laplace.hpp)
  double *value, *phase, *evaluations, *escapes;
};

/// capacity: at least the largest term's columns. Real: as for Singular.
template <class Real, int capacity = kMaxPath>
class Search {
 public:
  /// inverse_hessian: k x k, where a search begins; null: the caller sets it.
  CUGLMM_LANE Search(const PlanView& plan, const SearchLane& lane, double tolerance, int max_evaluations,
                     const double* inverse_hessian)
      : plan_(plan),
        lane_(lane),
        bfgs_(lane_.bfgs),
        tolerance_(tolerance),
        max_evaluations_(max_evaluations),
        inverse_hessian_(inverse_hessian) {}

  Search(const Search&) = delete;

  /// The first trial of a problem: psi, or theta = 0 for a score start.
  CUGLMM_LANE void begin(const double* psi, bool score_start) {
    *lane_.evaluations = 0;
    *lane_.escapes = 0;
    for (int i = 0; i < bfgs_.k; ++i) {
      bfgs_.trial[i] = score_start && i < bfgs_.m ? 0 : psi[i];
      bfgs_.direction[i] = 0;
      bfgs_.gradient[i] = NAN;
      bfgs_.psi[i] = bfgs_.trial[i];
    }
    for (int i = bfgs_.k; i < bfgs_.k + bfgs_.carried; ++i) bfgs_.gradient[i] = NAN;
    if (!score_start) return start_search();
    bfgs_.objective() = 1e308;
    *lane_.phase = kScore;
  }

  /// After an evaluation, in phase kSearch also after Bfgs::advance(), whose outcome it takes: the next trial
  /// is set, or the problem has ended. The estimate is bfgs.psi.
  CUGLMM_LANE Ending settle(bool converged, bool stalled) {
    if (*lane_.phase == kScore) return score_started();
    if (*lane_.phase == kSnapped) return snapped();
    return *lane_.phase == kSearch ? searched(converged, stalled) : kGoesOn;
  }

  /// The estimate with non-negative diagonals of theta into psi (k), and the ending, which a singular theta
  /// changes.
  CUGLMM_LANE Ending estimate(Ending ending, double* psi) const {
    for (int i = 0; i < bfgs_.k; ++i) psi[i] = bfgs_.psi[i];
    for (int j = 0; j < plan_.terms; ++j) {
      const TermView& t = plan_.term[j];
      S::canonical_theta(psi + t.theta, t.size);
      if (ending == kConverged && S::has_small_diagonal(psi + t.theta, t.size)) ending = kSingularEnding;
    }
    return ending;
  }

 private:
  using S = Singular<Real, capacity>;

  CUGLMM_LANE bool spent() const { return *lane_.evaluations >= max_evaluations_; }

  CUGLMM_LANE Ending searched(bool converged, bool stalled) {
    if (!converged && !stalled && !spent()) return kGoesOn;
    const bool has_point = bfgs_.objective() < 1e300;
    // No step helps: at the limit of rounding that is convergence.
    if (stalled && has_point && bfgs_.slope() * -0.5 < 1e-6) converged = true;
    if (!converged) return has_point ? kNotConverged : kFailed;
    return snap() || doubt() ? kGoesOn : kConverged;
  }

  /// For each term: theta of `from`, changed by change(q, theta, G, TT), into the trial. True if any change
  /// was.
  template <class Change>
  CUGLMM_LANE bool change_theta(const Lanes<double>& from, Change change) {
    double theta[capacity * (capacity + 1) / 2];
    bool any = false;
    Index TT = 0;
    for (int j = 0; j < plan_.terms; ++j) {
      const TermView& t = plan_.term[j];
      const int s = t.size * (t.size + 1) / 2;
      for (int i = 0; i < s; ++i) theta[i] = from[t.theta + i];
      any = change(t.size, theta, lane_.G.from(t.theta), lane_.TT.from(TT)) || any;
      for (int i = 0; i < s; ++i) bfgs_.trial[t.theta + i] = theta[i];
      TT += s * s;
    }
    return any;
  }

  /// If the optimum has a tiny variance: evaluate next with that variance zero, and return true.
  CUGLMM_LANE bool snap() {
    if (spent()) return false;
    const bool any =
        change_theta(bfgs_.psi, [](int q, double* theta, const Lanes<double>&, const Lanes<double>&) {
          S::canonical_theta(theta, q);
          return S::has_small_diagonal(theta, q) && S::snap_to_singular(theta, q);
        });
    if (!any) return false;
    for (int i = bfgs_.m; i < bfgs_.k; ++i) bfgs_.trial[i] = bfgs_.psi[i];
    *lane_.phase = kSnapped;
    return true;
  }

  /// No more evaluations, or too many new searches: what is there is taken.
  CUGLMM_LANE bool exhausted() const { return spent() || *lane_.escapes > 2 * plan_.terms; }
  /// The least predicted decrease that a search begins anew for.
  CUGLMM_LANE double gain() const { return 10 * tolerance_; }

  /// Terms of so many columns can be doubted (doubt()): local arrays hold their Hessian.
  static constexpr int kDoubted = 3 < capacity ? 3 : capacity;
  static constexpr int kDoubtedEntries = kDoubted * (kDoubted + 1) / 2;

  /// f(term, its s, its place in TT) for the terms that can be doubted.
  template <class F>
  CUGLMM_LANE void each_doubted(F f) const {
    Index TT = 0;
    for (int j = 0; j < plan_.terms; ++j) {
      const TermView& t = plan_.term[j];
      const int s = t.size * (t.size + 1) / 2;
      if (t.size > 1 && t.size <= kDoubted) f(t, s, TT);
      TT += s * s;
    }
  }

  /// theta is a poor chart of nearly singular covariances: (0, 0, s) is stationary whatever G_12, (0, s, 0)
  /// of the same Sigma is not, and BFGS's inverse Hessian can collapse near either (sim_null, x | g: 3e-3 of
  /// deviance in 3 of 500 replicates). The same point is evaluated once more, with moments, for the expected
  /// Hessian there.
  CUGLMM_LANE bool doubt() {
    if (exhausted()) return false;
    bool any = false;
    each_doubted([&](const TermView& t, int, Index) {
      for (int c = 0; c < t.size; ++c)
        any = any || fabs(bfgs_.psi[t.theta + lower(c, c, t.size)]) < kNearlySingular;
    });
    if (!any) return false;
    for (int i = 0; i < bfgs_.k; ++i) bfgs_.trial[i] = bfgs_.psi[i];
    *lane_.phase = kSnapped;
    return true;
  }

  /// After an evaluation with moments at psi: if the expected Hessian predicts a decrease, the search goes on
  /// from psi with its inverse for these terms.
  CUGLMM_LANE bool refuted() {
    if (exhausted()) return false;
    double inverse[kDoubtedEntries * kDoubtedEntries], decrease = 0;
    each_doubted([&](const TermView& t, int s, Index TT) {
      expected_inverse(t, lane_.TT.from(TT), inverse);
      for (int a = 0; a < s; ++a)
        for (int b = 0; b < s; ++b)
          decrease += 0.5 * inverse[a * s + b] * bfgs_.gradient[t.theta + a] * bfgs_.gradient[t.theta + b];
    });
    if (!(decrease > gain())) return false;
    for (int i = 0; i < bfgs_.k; ++i) bfgs_.trial[i] = bfgs_.psi[i];
    *lane_.escapes += 1;
    start_search();
    each_doubted([&](const TermView& t, int, Index TT) {
      expected_inverse(t, lane_.TT.from(TT), inverse);
      set_block(t, inverse);
    });
    return true;
  }

  /// The inverse of a term's expected Hessian at psi, s x s; directions without curvature are left alone.
  CUGLMM_LANE void expected_inverse(const TermView& t, const Lanes<double>& TT, double* inverse) const {
    using Block = Singular<Real, kDoubtedEntries>;
    const int s = t.size * (t.size + 1) / 2;
    double theta[kDoubtedEntries] = {}, H[kDoubtedEntries * kDoubtedEntries],
           V[kDoubtedEntries * kDoubtedEntries];
    double largest = 0;
    for (int i = 0; i < s; ++i) theta[i] = bfgs_.psi[t.theta + i];
    S::theta_information(theta, t.size, TT, lane_.G.from(t.theta), H);
    Block::jacobi_eigen(H, V, s);
    for (int c = 0; c < s; ++c) largest = fmax(largest, H[c * s + c]);
    for (int a = 0; a < s; ++a)
      for (int b = 0; b < s; ++b) {
        double sum = 0;
        for (int c = 0; c < s; ++c)
          if (H[c * s + c] > 1e-6 * largest) sum += V[a * s + c] * V[b * s + c] / H[c * s + c];
        inverse[a * s + b] = sum;
      }
  }

  /// B of a term, free of the other parameters.
  CUGLMM_LANE void set_block(const TermView& t, const double* block) {
    const int s = t.size * (t.size + 1) / 2;
    for (int a = 0; a < s; ++a) {
      for (int i = 0; i < bfgs_.k; ++i)
        if (i < t.theta || i >= t.theta + s)
          bfgs_.B[(t.theta + a) * bfgs_.k + i] = bfgs_.B[i * bfgs_.k + t.theta + a] = 0;
      for (int b = 0; b < s; ++b) bfgs_.B[(t.theta + a) * bfgs_.k + t.theta + b] = block[a * s + b];
    }
  }

  /// The snapped or doubted point has been evaluated: accepted if it is as good; left again if it is a
  /// saddle, or not the optimum.
  CUGLMM_LANE Ending snapped() {
    if (!(*lane_.value <= bfgs_.objective() + 1e-6)) return kConverged;
    bfgs_.objective() = *lane_.value;
    for (int i = 0; i < bfgs_.k; ++i) bfgs_.psi[i] = bfgs_.trial[i];
    for (int i = 0; i < bfgs_.k + bfgs_.carried; ++i) bfgs_.gradient[i] = lane_.gradient[i];
    if (refuted()) return kGoesOn;
    const double least = gain();
    const bool saddle = change_theta(
        bfgs_.psi, [least](int q, double* theta, const Lanes<double>& G, const Lanes<double>& TT) {
          return S::has_small_diagonal(theta, q) && S::escape_singular(theta, q, G, TT, least);
        });
    if (!saddle || exhausted()) return kConverged;
    *lane_.escapes += 1;
    start_search();
    return kGoesOn;
  }

  /// theta = 0 has been evaluated.
  CUGLMM_LANE Ending score_started() {
    if (!(*lane_.value < 1e300)) return kFailed;
    change_theta(bfgs_.trial, [](int q, double* theta, const Lanes<double>& G, const Lanes<double>& TT) {
      S::score_start(G, TT, q, theta);
      return true;
    });
    start_search();
    return kGoesOn;
  }

  /// BFGS from the trial point.
  CUGLMM_LANE void start_search() {
    if (inverse_hessian_)
      for (int i = 0; i < bfgs_.k * bfgs_.k; ++i) bfgs_.B[i] = inverse_hessian_[i];
    bfgs_.fresh() = 1;
    bfgs_.accepted() = 0;
    bfgs_.alpha() = 1;
    bfgs_.slope() = 0;
    bfgs_.objective() = 1e308;
    for (int i = 0; i < bfgs_.k; ++i) bfgs_.psi[i] = bfgs_.trial[i];
    *lane_.phase = kSearch;
  }

  const PlanView& plan_;
  const SearchLane lane_;
  const Bfgs<double>& bfgs_;
  const double tolerance_;
  const int max_evaluations_;
  const double* inverse_hessian_;
};

}  // namespace cuglmm
