/// The mode of one component by penalised iteratively reweighted least squares (design.md 1.7), eliminated
/// leaf first.
///
/// H = Lambda' Z' W Z Lambda + I of a component whose factors are nested is factored node by node, each by a
/// dense *front* over its own random effects (o) and those of its ancestors (a), all that its rows touch.
/// Ancestors stay on the scale of b, so that Lambda enters once, where a node eliminates its own effects:
///
///        own                          ancestors
///     [  Lambda' R_oo Lambda + I      .      ]     R = Z' W Z with all descendants integrated out
///     [  R_ao Lambda                  R_aa   ]     own block = L L',  Y = R_ao Lambda L^-T
///
///     R_aa - Y Y'   is what the parent's front receives; there is no fill.
#pragma once

#include <kernels/covariance.hpp>
#include <kernels/family.hpp>
#include <kernels/small_matrix.hpp>
#include <kernels/views.hpp>

namespace cuglmm {

/// What the elimination of a node leaves: offsets into Work::node from Node::storage, for q own and f = own +
/// ancestors.
struct Elimination {
  int q, f;
  CUGLMM_HD int inverse_root() const { return 0; }       ///< L^-1, q x q lower
  CUGLMM_HD int Y() const { return q * q; }              ///< (f - q) x q
  CUGLMM_HD int R() const { return Y() + (f - q) * q; }  ///< f x q: own columns of the front, scale of b
  CUGLMM_HD int y() const { return R() + f * q; }        ///< q: L^-1 g, g the gradient -dF/du / 2
  CUGLMM_HD int size() const { return y() + q; }
};

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
  Real F;                    ///< penalised deviance, up to terms free of u
  Real noise;                ///< F is known to about 1e-16 times this
  Real decrement;            ///< g' H^-1 g
  LogProduct<Real> log_det;  ///< log|H|
  Mask<Real> positive;       ///< all pivots are

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

  /// b = Lambda u of every node.
  CUGLMM_LANE void scale_modes() const {
    Real Lambda[C * C], u[C], b[C];
    int level = -1;
    for (int n = 0; n < nodes(); ++n) {
      const Node& node = tree.nodes[n];
      const int q = shape.own(level_of(node));
      if (level_of(node) != level) level_lambda(shape, level = level_of(node), problem.theta, Lambda);
      for (int c = 0; c < q; ++c) u[c] = problem.u[node.u + c];
      multiply_lower<false>(Lambda, q, u, b);
      for (int c = 0; c < q; ++c) work.b[node.u + c] = b[c];
    }
  }

  CUGLMM_HD int nodes() const { return Shape::single ? 1 : tree.node_count; }
  CUGLMM_HD int level_of(const Node& node) const { return Shape::single ? 0 : node.level; }
  CUGLMM_HD int leaf_of(const Node& node) const { return Shape::single ? 0 : node.leaf; }
  CUGLMM_HD bool is_leaf(const Node& node) const { return Shape::single || node.level == 0; }
  CUGLMM_HD int u_of_path(const Node& node, int c) const {
    return Shape::single ? c : tree.path[leaf_of(node) * shape.size() + c];
  }

  /// Rows of a leaf: A += Z'WZ (lower), g += Z's, F += their deviance.
  CUGLMM_HD void leaf_rows(const Node& node, Real* A, Real* g) {
    const int Q = shape.size();
    Real b[C], z[C];
    for (int c = 0; c < Q; ++c) {
      b[c] = work.b[u_of_path(node, c)];
      g[c] = problem.zy[leaf_of(node) * Q + c];
      const Real linear = 2.0 * (g[c] * b[c]);
      F -= linear;
      noise += abs_(linear);
      for (int r = c; r < Q; ++r) A[r * Q + c] = Real(0.0);
    }
    typename Family::template Cumulant<Real, Design::unit_weights> cumulant;
    for (int i = node.rows_begin; i < node.rows_end; ++i) {
      Real eta = work.fixed[i];
      if constexpr (Shape::unit_z)
        eta += b[0];
      else
        for (int c = 0; c < Q; ++c) eta = fma_(z[c] = rows.z(i, c), b[c], eta);
      const Real p = rows.weight(i), mu = cumulant.mean(eta, p, i);
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
    const Real twice = cumulant.twice();
    F += twice;
    noise += abs_(twice);
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
    for (int r = 0; r < q; ++r)
      for (int c = 0; c <= r; ++c) {
        Real sum(r == c ? 1.0 : 0.0);
        for (int k = r; k < q; ++k) sum = fma_(Lambda[k * q + r], RL[k * q + c], sum);
        M[r * q + c] = sum;
      }
    positive = and_(positive, cholesky<Real>(M, q, [&](const Real& d) {
                      log_det.times(d);
                      log_det.flush();
                    }));
    invert_lower(M, q);
    multiply_lower<true>(Lambda, q, g, own);
    for (int c = 0; c < q; ++c) {
      const Real u = problem.u[node.u + c];
      own[c] -= u;
      F = fma_(u, u, F);
    }
    multiply_lower<false>(M, q, own, y);
    for (int c = 0; c < q; ++c) {
      decrement = fma_(y[c], y[c], decrement);
      out[e.y() + c] = y[c];
      for (int r = c; r < q; ++r) out[e.inverse_root() + r * q + c] = M[r * q + c];
    }
    for (int r = q; r < f; ++r) {  // Y = R_ao Lambda L^-T, row by row
      Real Yr[C];
      multiply_lower<false>(M, q, RL + r * q, Yr);
      for (int c = 0; c < q; ++c) {
        out[e.Y() + (r - q) * q + c] = Yr[c];
        g[r] -= Yr[c] * y[c];
      }
      for (int s = q; s <= r; ++s) {
        Real sum = A[r * f + s];
        for (int c = 0; c < q; ++c) sum -= Yr[c] * out[e.Y() + (s - q) * q + c];
        A[r * f + s] = sum;
      }
    }
  }

  /// One sweep from the leaves to the root at the present u: F, g' H^-1 g, log|H|, and what step() needs.
  CUGLMM_LANE void upward() {
    F = noise = decrement = Real(0.0);
    log_det = LogProduct<Real>();
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
      for (int r = c; r < e.q; ++r) L_inverse[r * e.q + c] = in[e.inverse_root() + r * e.q + c];
    }
    multiply_lower<true>(L_inverse, e.q, y, delta);
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

  /// PIRLS until g' H^-1 g < tolerance, when the last step is left to Laplace's correction (design.md 1.7). A
  /// lane that has converged is frozen, and exempt from the test that F has not grown. Returns the lanes that
  /// failed.
  CUGLMM_LANE Mask<Real> pirls(const Real& tolerance, int& passes) {
    constexpr int kMaxPasses = 200, kMaxHalvings = 30;
    Mask<Real> done = not_(problem.active);
    Real F_last(1.7e308), halvings(0.0);
    for (int i = 0; i < tree.u_count; ++i) work.step[i] = Real(0.0);
    for (int pass = 0;; ++pass) {
      scale_modes();
      upward();
      ++passes;
      const auto usable = and_(finite_(F), and_(finite_(decrement), positive));
      done = or_(done, and_(usable, decrement < tolerance));
      if (all_(done) || pass == kMaxPasses) break;
      const auto good = and_(usable, F <= F_last + 1e-12 * abs_(F_last) + 1e-14 * noise);
      if (pass == 0) restart_at_zero(not_(or_(good, done)));
      halvings = select_(good, Real(0.0), halvings + 1.0);
      const auto lost = halvings > double(kMaxHalvings);
      if (all_(or_(done, lost))) break;
      move(and_(good, not_(done)), and_(not_(good), not_(done)));
      F_last = select_(good, F, F_last);
    }
    return not_(done);
  }

  /// A start at which F is not finite is replaced by 0.
  CUGLMM_HD void restart_at_zero(const Mask<Real>& lanes) const {
    if (!any_(lanes)) return;
    for (int i = 0; i < tree.u_count; ++i) problem.u[i] = select_(lanes, Real(0.0), problem.u[i]);
  }
};

}  // namespace cuglmm
