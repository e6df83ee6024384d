/// A replicate's data: u ~ N(0, I) and y given u, for the lanes of a slice whose lanes are replicates
/// (design.md 5).
#pragma once

#include <kernels/covariance.hpp>
#include <kernels/family.hpp>
#include <kernels/philox.hpp>
#include <kernels/small_matrix.hpp>
#include <kernels/views.hpp>

namespace cuglmm {

/// Quantile of the standard normal distribution: M. J. Wichura, algorithm AS 241 (PPND16), Applied Statistics
/// 37 (1988); relative error about 1e-16. 0 < p < 1.
template <class Real>
CUGLMM_LANE Real normal_quantile(const Real& p) {
  const Real q = p - 0.5;
  const Real c = 0.180625 - q * q;
  const Real central =
      q *
      (((((((c * 2509.0809287301226727 + 33430.575583588128105) * c + 67265.770927008700853) * c +
           45921.953931549871457) *
              c +
          13731.693765509461125) *
             c +
         1971.5909503065514427) *
            c +
        133.14166789178437745) *
           c +
       3.387132872796366608) /
      (((((((c * 5226.495278852545925 + 28729.085735721942674) * c + 39307.89580009271061) * c +
           21213.794301586595867) *
              c +
          5394.1960214247511077) *
             c +
         687.1870074920579083) *
            c +
        42.313330701600911252) *
           c +
       1.0);
  const auto in_centre = abs_(q) <= 0.425;
  if (all_(in_centre)) return central;
  const Real tail = sqrt_(-log_(min_(p, 1.0 - p)));
  const Real r = tail - 1.6;
  const Real middle =
      (((((((r * 7.7454501427834140764e-4 + .0227238449892691845833) * r + .24178072517745061177) * r +
           1.27045825245236838258) *
              r +
          3.64784832476320460504) *
             r +
         5.7694972214606914055) *
            r +
        4.6303378461565452959) *
           r +
       1.42343711074968357734) /
      (((((((r * 1.05075007164441684324e-9 + 5.475938084995344946e-4) * r + .0151986665636164571966) * r +
           .14810397642748007459) *
              r +
          .68976733498510000455) *
             r +
         1.6763848301838038494) *
            r +
        2.05319162663775882187) *
           r +
       1.0);
  const auto in_middle = or_(in_centre, tail <= 5.0);
  const auto outer = [&](const Real& x) { return select_(in_centre, central, select_(q < 0.0, -x, x)); };
  if (all_(in_middle)) return outer(middle);
  const Real s = tail - 5.0;
  const Real far =
      (((((((s * 2.01033439929228813265e-7 + 2.71155556874348757815e-5) * s + .0012426609473880784386) * s +
           .026532189526576123093) *
              s +
          .29656057182850489123) *
             s +
         1.7848265399172913358) *
            s +
        5.4637849111641143699) *
           s +
       6.6579046435011037772) /
      (((((((s * 2.04426310338993978564e-15 + 1.4215117583164458887e-7) * s + 1.8463183175100546818e-5) * s +
           7.868691311456132591e-4) *
              s +
          .0148753612908506148525) *
             s +
         .13692988092273580531) *
            s +
        .59983220655588793769) *
           s +
       1.0);
  return outer(select_(in_middle, middle, far));
}

/// log k! for whole k >= 0: Stirling's series at k + 9, absolute error below 1e-13 (relative for large k).
template <class Real>
CUGLMM_LANE Real log_factorial(const Real& k) {
  const Real z = k + 9.0;
  const Real down =
      ((k + 1.0) * (k + 2.0)) * ((k + 3.0) * (k + 4.0)) * (((k + 5.0) * (k + 6.0)) * ((k + 7.0) * (k + 8.0)));
  const Real i = 1.0 / z, i2 = i * i;
  const Real series =
      i * (1.0 / 12 - i2 * (1.0 / 360 - i2 * (1.0 / 1260 - i2 * (1.0 / 1680 - i2 * (1.0 / 1188)))));
  return (z - 0.5) * log_(z) - z + 0.91893853320467274178 + series - log_(down);
}

/// log k! for whole k from 0, of a plan: a table, and beyond it Stirling's series.
struct LogFactorials {
  const double* table = nullptr;
  int size = 0;
  static constexpr int kMost = 1 << 16;  ///< entries of a table: half a megabyte

  /// largest: no lane's k is above.
  template <class Real>
  CUGLMM_HD Real operator()(const Real& k, double largest) const {
    return largest < size ? lookup_(table, k) : log_factorial(k);
  }
};

/// Inversion by chop-down from the mode (A. W. Kemp 1986): the outcomes mode, mode + 1, mode - 1, mode + 2,
/// .. are taken off the uniform in turn. up(k) = P(k + 1) / P(k), down(k) = P(k - 1) / P(k). Exact up to the
/// rounding of the probabilities; O(sd) steps.
template <class Real, class Up, class Down>
CUGLMM_LANE Real chop_down(const Real& uniform, const Real& mode, const Real& p_mode, const Real& largest,
                           Up up, Down down) {
  Real left = uniform - p_mode, above = mode, below = mode, p_above = p_mode, p_below = p_mode, result = mode;
  auto open = left > 0.0;
  while (any_(open)) {
    p_above = select_(above < largest, p_above * up(above), Real(0.0));
    above += 1.0;
    left -= p_above;
    const auto at_above = and_(open, left <= 0.0);
    result = select_(at_above, above, result);
    open = and_(open, not_(at_above));
    p_below = select_(below > 0.0, p_below * down(below), Real(0.0));
    below -= 1.0;
    left -= p_below;
    const auto at_below = and_(open, left <= 0.0);
    result = select_(at_below, below, result);
    open = and_(open, not_(at_below));
    open = and_(open, max_(p_above, p_below) > 1e-20);  // what is left is rounding: the mode stands
  }
  return result;
}

/// Rows of the data as they were before collapse, grouped by collapsed row ("cell").
struct OriginalRows {
  const int* first;            ///< cells + 1
  const std::int64_t* number;  ///< per original row: its row in the model, the index of its random number
  const double* trials;        ///< per original row: number of trials (binomial), else 1
  const double* weight;  ///< per original row: factor of the draw in p y: 1 (binomial), else the prior weight
  const int* alike;      ///< cells: their number of rows where these are drawn together, else 0
  LogFactorials log_factorials;

  /// From so many single trials with one probability on, their sum is drawn at once.
  static constexpr int kFewest = 8;
};

/// Draws, and the constant of the likelihood that a draw brings: -2 times the log of what does not depend on
/// eta.
struct BinomialDraw {
  static constexpr bool single_trials = true;

  /// Number of successes in `trials`; `constant` gains -2 log C(trials, successes).
  template <class Real>
  CUGLMM_LANE static Real draw(const Real& mu, double trials, double, const Real& uniform,
                               const LogFactorials& log_factorials, Real& constant) {
    if (trials == 0.0) return Real(0.0);
    if (trials == 1.0) return select_(uniform < mu, Real(1.0), Real(0.0));
    const Real k = successes(mu, trials, uniform, log_factorials);
    constant -= 2.0 * log_choose(trials, k, log_factorials);
    return k;
  }
  template <class Real>
  CUGLMM_LANE static Real successes(const Real& mu, double trials, const Real& uniform,
                                    const LogFactorials& log_factorials) {
    const Real n(trials), odds = mu / (1.0 - mu);
    const Real mode = min_(floor_((n + 1.0) * mu), n);
    const Real failure = 1.0 - mu;
    const auto sure = or_(mu <= 0.0, failure <= 0.0);
    const Real log_p = select_(sure, Real(0.0),
                               log_choose(trials, mode, log_factorials) + mode * log_(max_(mu, 1e-300)) +
                                   (n - mode) * log_(max_(failure, 1e-300)));
    return chop_down(
        uniform, mode, exp_(log_p), n, [&](const Real& k) { return (n - k) / (k + 1.0) * odds; },
        [&](const Real& k) { return k / ((n - k + 1.0) * odds); });
  }

 private:
  template <class Real>
  CUGLMM_LANE static Real log_choose(double n, const Real& k, const LogFactorials& log_factorials) {
    return log_factorials(Real(n), n) - log_factorials(k, n) - log_factorials(n - k, n);
  }
};

struct PoissonDraw {
  static constexpr bool single_trials = false;

  template <class Real>
  CUGLMM_LANE static Real draw(const Real& mu, double, double weight, const Real& uniform,
                               const LogFactorials&, Real& constant) {
    const Real mode = floor_(mu);
    const Real log_p = mode * log_(max_(mu, 1e-300)) - mu - log_factorial(mode);
    const Real k = chop_down(
        uniform, mode, exp_(log_p), Real(1e300), [&](const Real& at) { return mu / (at + 1.0); },
        [&](const Real& at) { return at / mu; });
    constant += (2.0 * weight) * log_factorial(k);
    return k;
  }
};

/// The uniforms of responses. A single trial needs 32 random bits but for one case in 2^32, so four rows
/// share a block.
template <class Real>
struct ResponseUniforms {
  const PhiloxKey<Real>& key;
  const Word<Real>& replicate;
  std::int64_t block = -1;  ///< of `random`
  Philox<Real> random;

  /// 1 with probability mu.
  CUGLMM_HD Real trial(const Real& mu, std::int64_t row) {
    if (row >> 2 != block) random = Philox<Real>(key, replicate, kTrials, block = row >> 2);
    const Real threshold = mu * 0x1p32, w = random.whole(row & 3);
    auto success = w + 1.0 <= threshold;
    const auto open = and_(w < threshold, not_(success));  // the bits behind the point decide
    if (any_(open)) {
      const Real v = Philox<Real>(key, replicate, kTrialsTies, row).uniform(0);
      success = or_(success, and_(open, v < threshold - w));
    }
    return select_(success, Real(1.0), Real(0.0));
  }
  CUGLMM_HD Real uniform(std::int64_t row) const {
    return Philox<Real>(key, replicate, kResponses, row).uniform(0);
  }
  /// Successes of all rows of a cell, which goes by its first row's number.
  CUGLMM_HD Real sum_uniform(std::int64_t first_row) const {
    return Philox<Real>(key, replicate, kSums, first_row).uniform(0);
  }
};

/// Where a component's simulated data go.
template <class Real>
struct Simulated {
  Lanes<Real> zy;         ///< leaves x Q: Z'(p y)
  Lanes<Real> u;          ///< u_count: the u drawn, a good start for PIRLS
  Lanes<Real> xy;         ///< p: X'(p y), added to
  Real offset_y;          ///< offset'(p y), added to
  Real constant;          ///< of -2 log L, added to
  Lanes<Real> responses;  ///< null, or rows of the model: the successes or counts drawn
};

/// The responses of one cell at its mean; returns sum p y.
template <class Real, class Draw>
struct SimulateCell {
  const OriginalRows& original;
  ResponseUniforms<Real>& uniforms;
  Simulated<Real>& out;

  CUGLMM_LANE Real operator()(int cell, const Real& mu) const {
    const int begin = original.first[cell], end = original.first[cell + 1];
    if constexpr (Draw::single_trials)
      if (original.alike[cell] > 0) return together(begin, end, mu);
    Real sum(0.0);
    for (int k = begin; k < end; ++k) {
      const std::int64_t row = original.number[k];
      const double trials = original.trials[k];
      const Real y = Draw::single_trials && trials == 1.0
                         ? uniforms.trial(mu, row)
                         : Draw::draw(mu, trials, original.weight[k], uniforms.uniform(row),
                                      original.log_factorials, out.constant);
      sum = fma_(Real(original.weight[k]), y, sum);
      set_response(row, y);
    }
    return sum;
  }

 private:
  /// Single trials: their sum is binomial; given the sum, which rows are successes is a draw without
  /// replacement, made only where somebody asks.
  CUGLMM_LANE Real together(int begin, int end, const Real& mu) const {
    const Real sum = Draw::successes(mu, end - begin, uniforms.sum_uniform(original.number[begin]),
                                     original.log_factorials);
    if (!out.responses.at) return sum;
    Real left = sum;
    for (int k = begin; k < end; ++k) {
      const std::int64_t row = original.number[k];
      const double rows = end - k;
      const auto success = or_(uniforms.uniform(row) * rows < left, left >= rows);
      set_response(row, select_(success, Real(1.0), Real(0.0)));
      left = select_(success, left - 1.0, left);
    }
    return sum;
  }
  CUGLMM_HD void set_response(std::int64_t row, const Real& y) const {
    if (out.responses.at) out.responses[row] = y;
  }
};

/// One component of the replicates of a slice. u_number: for each random effect its number in lme4's order.
template <class Real, class Family, class Draw, class Shape, class Design>
CUGLMM_LANE void simulate_component(const Shape& shape, const TreeView& tree, const Design& rows,
                                    const OriginalRows& original, const std::int64_t* u_number,
                                    const Real* theta, const Real* beta, const PhiloxKey<Real>& key,
                                    const Word<Real>& replicate, const Lanes<Real>& b, Simulated<Real>& out) {
  constexpr int C = Shape::capacity;
  const int Q = shape.size(), p = shape.p();
  for (int i = 0; i < tree.u_count; ++i)
    out.u[i] = normal_quantile(Philox<Real>(key, replicate, kRandomEffects, u_number[i]).uniform(0));
  Real Lambda[C * C], u[C], scaled[C], path[C], zy[C];
  ResponseUniforms<Real> uniforms{key, replicate, -1, {}};
  const SimulateCell<Real, Draw> draw_cell{original, uniforms, out};
  for (int n = 0; n < (Shape::single ? 1 : tree.node_count); ++n) {
    const Node& node = tree.nodes[n];
    const int q = shape.own(node.level);
    level_lambda(shape, node.level, theta, Lambda);
    for (int c = 0; c < q; ++c) u[c] = out.u[node.u + c];
    multiply_lower<false>(Lambda, q, u, scaled);
    for (int c = 0; c < q; ++c) b[node.u + c] = scaled[c];
  }
  for (int n = 0; n < (Shape::single ? 1 : tree.node_count); ++n) {
    const Node& node = tree.nodes[n];
    if (node.level > 0) continue;
    for (int c = 0; c < Q; ++c) {
      path[c] = b[tree.path[node.leaf * Q + c]];
      zy[c] = Real(0.0);
    }
    for (int i = node.rows_begin; i < node.rows_end; ++i) {
      Real eta = rows.offset(i);
      for (int j = 0; j < p; ++j) eta = fma_(rows.x(i, j), beta[j], eta);
      for (int c = 0; c < Q; ++c) eta = fma_(rows.z(i, c), path[c], eta);
      const Real sum = draw_cell(i, Family::mean(eta));
      for (int j = 0; j < p; ++j) out.xy[j] = fma_(rows.x(i, j), sum, out.xy[j]);
      for (int c = 0; c < Q; ++c) zy[c] = fma_(rows.z(i, c), sum, zy[c]);
      out.offset_y = fma_(rows.offset(i), sum, out.offset_y);
    }
    for (int c = 0; c < Q; ++c) out.zy[node.leaf * Q + c] = zy[c];
  }
}

}  // namespace cuglmm
