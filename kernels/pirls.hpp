/// The mode of one component by penalised iteratively reweighted least squares (design.md 1.7), eliminated
/// leaf first.
///
/// H = Lambda' Z' W Z Lambda + I of a component whose factors are nested is factored node by node, each by a
/// dense *front* over its own random effects (o) and those of its ancestors (a), all that its rows touch.
/// Ancestors stay on the scale of b, so that Lambda enters once, where a node eliminates its own effects:
///
///        own                          ancestors
///     [  Lambda' R_oo Lambda + I      .      ]     R = Z' W Z with all descendants integrated out
///     [  R_ao Lambda                  R_aa   ]     own block = L D L',  Y = R_ao Lambda L^-T D^-1
///
///     R_aa - Y D Y'   is what the parent's front receives; there is no fill.
#pragma once

#include <kernels/covariance.hpp>
#include <kernels/family.hpp>
#include <kernels/small_matrix.hpp>
#include <kernels/team.hpp>
#include <kernels/views.hpp>

namespace cuglmm {

/// What the elimination of a node leaves: offsets into Work::node from Node::storage, for q own and f = own +
/// ancestors.
struct Elimination {
  int q, f;
  CUGLMM_HD int L_inverse() const { return 0; }  ///< q x q lower, its diagonal 1 / D
  CUGLMM_HD int D_inverse(int c) const { return c * q + c; }
  CUGLMM_HD int Y() const { return q * q; }              ///< (f - q) x q
  CUGLMM_HD int R() const { return Y() + (f - q) * q; }  ///< f x q: own columns of the front, scale of b
  CUGLMM_HD int y() const { return R() + f * q; }        ///< q: D^-1 L^-1 g, g the gradient -dF/du / 2
  CUGLMM_HD int size() const { return y() + q; }
};

/// F of design.md 1.1, up to terms free of u.
template <class Real>
struct PenalisedDeviance {
  Real F, noise;  ///< F is known to about 1e-16 times noise

  CUGLMM_HD Mask<Real> not_above(const PenalisedDeviance& before) const {
    return F <= before.F + 1e-12 * abs_(before.F) + 1e-14 * noise;
  }
};

/// PIRLS until g' H^-1 g < tolerance, when the last step is left to Laplace's correction (design.md 1.7). F
/// is convex (canonical link): a step that more than halves g' H^-1 g leads to the mode, and only where it
/// does not is F itself compared; of all steps, once there were many, for far from the mode the two can take
/// turns for ever (guPrenat's theta of 24). A lane that has converged is frozen. Returns the lanes that
/// failed. `at`: a component, or a whole problem (bordered.hpp); its sweep(tolerance, last) finds the Newton
/// step at the present u, last being g' H^-1 g before the step that led there.
template <class Real, class Problem, class Threads = Alone>
CUGLMM_LANE Mask<Real> find_mode(Problem& at, const Mask<Real>& active, const Real& tolerance,
                                 const Threads& threads = {}) {
  constexpr int kMaxPasses = 200, kMaxHalvings = 30, kMany = 10;
  const auto all = [&](const Mask<Real>& lanes) { return !threads.any(not_(lanes)); };
  Mask<Real> done = not_(active);
  Real last(1.7e308), halvings(0.0);
  for (int pass = 0;; ++pass) {
    at.sweep(tolerance, last);
    const auto usable = and_(finite_(at.decrement), at.positive);
    done = or_(done, and_(usable, at.decrement < tolerance));
    if (all(done) || pass == kMaxPasses) break;
    auto good = and_(usable, at.decrement < (pass < kMany ? 0.5 : 0.0) * last);
    const auto doubtful = and_(usable, not_(or_(good, done)));
    if (threads.any(doubtful)) good = or_(good, and_(doubtful, at.descended()));
    if (pass == 0) at.restart_at_zero(not_(or_(good, done)));
    halvings = select_(good, Real(0.0), halvings + 1.0);
    const auto lost = halvings > double(kMaxHalvings);
    if (all(or_(done, lost))) break;
    at.move(and_(good, not_(done)), and_(not_(good), not_(done)));
    last = select_(good, at.decrement, last);
  }
  return not_(done);
}

template <class Real, class Family, class Shape, class Design>
struct Component {
  static constexpr int C = Shape::capacity;

  const Shape& shape;
  const TreeView& tree;
  const Design& rows;
  const LaneProblem<Real>& problem;
  const Work<Real>& work;

  CUGLMM_HD Component(const Shape& shape_, const TreeView& tree_, const Design& rows_,
                      const LaneProblem<Real>& problem_, const Work<Real>& work_)
      : shape(shape_), tree(tree_), rows(rows_), problem(problem_), work(work_) {}

  // ---- results of one upward sweep ----
  Real decrement;       ///< g' H^-1 g
  Mask<Real> positive;  ///< all pivots are

  CUGLMM_HD Elimination elimination(int level) const {
    return {shape.own(level), shape.size() - shape.first(level)};
  }
  CUGLMM_HD Lanes<Real> front_of(int level) const {
    return work.front.from(Index{level} * shape.size() * (shape.size() + 2));
  }

  /// offset + X beta, once per evaluation.
  CUGLMM_LANE void linear_predictor() const {
    const int p = shape.p();
    for (int i = 0; i < tree.rows; ++i) {
      Real eta = rows.offset(i);
      for (int j = 0; j < p; ++j) eta = fma_(rows.x(i, j), problem.beta[j], eta);
      work.fixed[i] = eta;
    }
  }

  /// Where something is evaluated: at u, or where u was before its last step.
  enum Where { kHere, kBeforeStep };

  /// b = Lambda u of every node.
  CUGLMM_LANE void scale_modes(Where where = kHere) const {
    Real Lambda[C * C], u[C], b[C];
    int level = -1;
    for (int n = 0; n < nodes(); ++n) {
      const Node& node = tree.nodes[n];
      const int q = shape.own(level_of(node));
      if (level_of(node) != level) level_lambda(shape, level = level_of(node), problem.theta, Lambda);
      for (int c = 0; c < q; ++c) u[c] = u_at(where, node.u + c);
      multiply_lower<false>(Lambda, q, u, b);
      for (int c = 0; c < q; ++c) work.b[node.u + c] = b[c];
    }
  }

  CUGLMM_HD Real u_at(Where where, Index i) const {
    return where == kHere ? problem.u[i] : problem.u[i] - work.step[i];
  }
  CUGLMM_HD int nodes() const { return Shape::single ? 1 : tree.node_count; }
  CUGLMM_HD int level_of(const Node& node) const { return Shape::single ? 0 : node.level; }
  CUGLMM_HD int leaf_of(const Node& node) const { return Shape::single ? 0 : node.leaf; }
  CUGLMM_HD bool is_leaf(const Node& node) const { return Shape::single || node.level == 0; }
  CUGLMM_HD int u_of_path(const Node& node, int c) const {
    return Shape::single ? c : tree.path[leaf_of(node) * shape.size() + c];
  }

  /// Rows of a leaf: A = Z'WZ (lower), g = Z's.
  CUGLMM_HD void leaf_rows(const Node& node, Real* A, Real* g) const {
    const int Q = shape.size();
    Real b[C], z[C];
    for (int c = 0; c < Q; ++c) {
      b[c] = work.b[u_of_path(node, c)];
      g[c] = problem.zy[leaf_of(node) * Q + c];
      for (int r = c; r < Q; ++r) A[r * Q + c] = Real(0.0);
    }
    for (int i = node.rows_begin; i < node.rows_end; ++i) {
      Real eta = work.fixed[i];
      if constexpr (Shape::unit_z)
        eta += b[0];
      else
        for (int c = 0; c < Q; ++c) eta = fma_(z[c] = rows.z(i, c), b[c], eta);
      const Real p = rows.weight(i), mu = Family::mean(eta);
      work.mean[i] = mu;
      const Real w = p * Family::variance(mu), pmu = p * mu;
      if constexpr (Shape::unit_z) {
        A[0] += w;
        g[0] -= pmu;
      } else {
        for (int c = 0; c < Q; ++c) {
          const Real wz = w * z[c];
          g[c] -= pmu * z[c];
          for (int r = c; r < Q; ++r) A[r * Q + c] = fma_(wz, z[r], A[r * Q + c]);
        }
      }
    }
  }

  using Deviance = PenalisedDeviance<Real>;

  /// 2 sum p b(eta) - 2 (Z'y)'b + |u|^2, after scale_modes(where); here: after upward(), whose mu it takes.
  CUGLMM_LANE Deviance penalised_deviance(Where where) const {
    Deviance out{Real(0.0), Real(0.0)};
    const auto add = [&](const Real& part) {
      out.F += part;
      out.noise += abs_(part);
    };
    const int Q = shape.size();
    Real b[C];
    for (int n = 0; n < nodes(); ++n) {
      const Node& node = tree.nodes[n];
      for (int c = 0; c < shape.own(level_of(node)); ++c) {
        const Real u = u_at(where, node.u + c);
        out.F = fma_(u, u, out.F);
      }
      if (!is_leaf(node)) continue;
      for (int c = 0; c < Q; ++c) {
        b[c] = work.b[u_of_path(node, c)];
        add(-2.0 * (problem.zy[leaf_of(node) * Q + c] * b[c]));
      }
      typename Family::template Cumulant<Real, Design::unit_weights> cumulant;
      for (int i = node.rows_begin; i < node.rows_end; ++i) {
        Real eta = work.fixed[i];
        if constexpr (Shape::unit_z)
          eta += b[0];
        else
          for (int c = 0; c < Q; ++c) eta = fma_(Real(rows.z(i, c)), b[c], eta);
        cumulant.add(eta, where == kHere ? Real(work.mean[i]) : Family::mean(eta), rows.weight(i), i);
      }
      add(cumulant.twice());
    }
    return out;
  }

  /// -log|H|.
  CUGLMM_LANE LogProduct<Real> log_inverse() const {
    LogProduct<Real> out;
    for (int n = 0; n < nodes(); ++n) {
      const Node& node = tree.nodes[n];
      const Elimination e = elimination(level_of(node));
      const Lanes<Real> in = work.node.from(node.storage);
      for (int c = 0; c < e.q; ++c) {
        out.times(in[e.D_inverse(c)]);
        out.flush();
      }
    }
    return out;
  }

  /// Eliminates a node's own effects from its front A (f x f lower), g (f); leaves the front of the parent in
  /// the trailing part of both.
  CUGLMM_HD void eliminate(const Node& node, Real* A, Real* g) {
    const int level = level_of(node);
    const Elimination e = elimination(level);
    const int q = e.q, f = e.f;
    const Lanes<Real> out = work.node.from(node.storage);
    Real Lambda[C * C], RL[C * C], M[C * C], own[C], y[C];
    level_lambda(shape, level, problem.theta, Lambda);
    for (int r = 0; r < f; ++r)
      for (int c = 0; c < q; ++c) {
        out[e.R() + r * q + c] = r >= c ? A[r * f + c] : A[c * f + r];
        Real sum(0.0);
        for (int k = c; k < q; ++k) sum = fma_(r >= k ? A[r * f + k] : A[k * f + r], Lambda[k * q + c], sum);
        RL[r * q + c] = sum;
      }
    identity_plus_product(Lambda, RL, q, M);
    positive = and_(positive, cholesky(M, q));
    invert_lower(M, q);
    multiply_lower<true>(Lambda, q, g, own);
    for (int c = 0; c < q; ++c) own[c] -= problem.u[node.u + c];
    multiply_lower<false, true>(M, q, own, y);
    for (int c = 0; c < q; ++c) {
      const Real scaled = M[c * q + c] * y[c];
      decrement = fma_(scaled, y[c], decrement);
      out[e.y() + c] = scaled;
      for (int r = c; r < q; ++r) out[e.L_inverse() + r * q + c] = M[r * q + c];
    }
    for (int r = q; r < f; ++r) {  // Y and Y D, row by row
      Real YD[C];
      multiply_lower<false, true>(M, q, RL + r * q, YD);
      for (int c = 0; c < q; ++c) {
        const Real Y = M[c * q + c] * YD[c];
        out[e.Y() + (r - q) * q + c] = Y;
        g[r] -= Y * y[c];
      }
      for (int s = q; s <= r; ++s) {
        Real sum = A[r * f + s];
        for (int c = 0; c < q; ++c) sum -= YD[c] * out[e.Y() + (s - q) * q + c];
        A[r * f + s] = sum;
      }
    }
  }

  /// One sweep from the leaves to the root at the present u: g' H^-1 g, and what move() needs.
  CUGLMM_LANE void upward() {
    decrement = Real(0.0);
    positive = Mask<Real>(true);
    Real A[C * C], g[C];
    if constexpr (!Shape::single)
      for (int level = 1; level < shape.levels(); ++level) clear_front(level);
    for (int n = 0; n < nodes(); ++n) {
      const Node& node = tree.nodes[n];
      if (is_leaf(node))
        leaf_rows(node, A, g);
      else
        take_front(node.level, A, g);
      eliminate(node, A, g);
      if constexpr (!Shape::single)
        if (node.level + 1 < shape.levels()) give_front(node.level, A, g);
    }
  }

  // A front waits in Work::front until the last child of its node has added to it.
  CUGLMM_LANE void clear_front(int level) const {
    const int f = elimination(level).f;
    const Lanes<Real> front = front_of(level);
    for (int i = 0; i < f * (f + 1); ++i) front[i] = Real(0.0);
  }
  CUGLMM_LANE void take_front(int level, Real* A, Real* g) const {
    const int f = elimination(level).f;
    const Lanes<Real> front = front_of(level);
    for (int i = 0; i < f * f; ++i) A[i] = front[i];
    for (int i = 0; i < f; ++i) g[i] = front[f * f + i];
    clear_front(level);
  }
  CUGLMM_LANE void give_front(int level, const Real* A, const Real* g) const {
    const int f = elimination(level).f, q = elimination(level).q, parent = f - q;
    const Lanes<Real> front = front_of(level + 1);
    for (int r = 0; r < parent; ++r) {
      for (int c = 0; c <= r; ++c) front[r * parent + c] += A[(q + r) * f + q + c];
      front[parent * parent + r] += g[q + r];
    }
  }

  /// From the root to the leaves: the Newton step delta = H^-1 g of a node, given the path's ancestors on the
  /// scale of b.
  CUGLMM_HD void node_step(const Node& node, Real* path_b, Real* delta) const {
    const int level = level_of(node);
    const Elimination e = elimination(level);
    const Lanes<Real> in = work.node.from(node.storage);
    Real Lambda[C * C], L_inverse[C * C], y[C];
    level_lambda(shape, level, problem.theta, Lambda);
    for (int c = 0; c < e.q; ++c) {
      Real sum = in[e.y() + c];
      for (int r = e.q; r < e.f; ++r) sum -= in[e.Y() + (r - e.q) * e.q + c] * path_b[shape.first(level) + r];
      y[c] = sum;
      for (int r = c + 1; r < e.q; ++r) L_inverse[r * e.q + c] = in[e.L_inverse() + r * e.q + c];
    }
    multiply_lower<true, true>(L_inverse, e.q, y, delta);
    multiply_lower<false>(Lambda, e.q, delta, path_b + shape.first(level));
  }

  /// u <- u + delta where `newton`, u <- u - step / 2 where `halve`; other lanes stay.
  CUGLMM_LANE void move(const Mask<Real>& newton, const Mask<Real>& halve) const {
    Real path_b[C], delta[C];
    for (int n = nodes() - 1; n >= 0; --n) {
      const Node& node = tree.nodes[n];
      node_step(node, path_b, delta);
      for (int c = 0; c < shape.own(level_of(node)); ++c) {
        const Index i = node.u + c;
        const Real half = 0.5 * work.step[i];
        work.step[i] = select_(newton, delta[c], select_(halve, half, work.step[i]));
        problem.u[i] =
            select_(newton, problem.u[i] + delta[c], select_(halve, problem.u[i] - half, problem.u[i]));
      }
    }
  }

  /// F has not grown in the last step.
  CUGLMM_LANE Mask<Real> descended() const {
    const Deviance here = penalised_deviance(kHere);
    scale_modes(kBeforeStep);
    const Deviance before = penalised_deviance(kBeforeStep);
    scale_modes();
    return here.not_above(before);
  }

  /// See find_mode().
  CUGLMM_LANE Mask<Real> pirls(const Real& tolerance) {
    for (int i = 0; i < tree.u_count; ++i) work.step[i] = Real(0.0);
    return find_mode(*this, problem.active, tolerance);
  }

  /// One sweep at the present u.
  CUGLMM_LANE void sweep(const Real&, const Real&) {
    scale_modes();
    upward();
  }

  /// A start at which nothing is finite is replaced by 0.
  CUGLMM_HD void restart_at_zero(const Mask<Real>& lanes) const {
    if (!any_(lanes)) return;
    for (int i = 0; i < tree.u_count; ++i) problem.u[i] = select_(lanes, Real(0.0), problem.u[i]);
  }
};

}  // namespace cuglmm
