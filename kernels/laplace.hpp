/// The Laplace objective of one component and its exact gradient (design.md 1.1, 1.2), after pirls.hpp found
/// the mode.
///
/// Sweeps over the tree: down (step delta, C = Lambda H^-1 Lambda' along each path, a_i, T_ll), up and down
/// again (v = H^-1 Lambda' Z'(a m')), up once more (Z's and Z'c of every node, for G_j).
#pragma once

#include <kernels/pirls.hpp>

namespace cuglmm {

/// Beyond objective and gradient, what start, renewal and reports need. All sums over the component's nodes.
template <class Real>
struct Moments {
  Lanes<Real> T;         ///< like Evaluation::G: sum of T_ll
  Lanes<Real> TT;        ///< per term, s = q_j (q_j + 1) / 2: sum of vech(T_ll) vech(T_ll)', s x s row-major
  Lanes<Real> mode;      ///< u_count: conditional modes b (per component, not summed)
  Lanes<Real> variance;  ///< u_count: conditional variances of b
  CUGLMM_HD bool wanted() const { return T.at != nullptr; }
};

template <class Real, class Family, class Shape, class Design>
struct Laplace : Component<Real, Family, Shape, Design> {
  using Base = Component<Real, Family, Shape, Design>;
  using Base::Base;
  using Base::C;
  using Base::problem;
  using Base::rows;
  using Base::shape;
  using Base::tree;
  using Base::work;

  /// Adds the component's objective and gradient to `out`; leaves the corrected mode u + delta in problem.u.
  /// Moments may be empty.
  CUGLMM_LANE void evaluate(const Real& tolerance, Evaluation<Real>& out, const Moments<Real>& moments) {
    this->linear_predictor();
    out.failed = or_(out.failed, this->pirls(tolerance));
    out.objective += this->penalised_deviance(this->kHere).F;
    out.log_inverse.times(this->log_inverse());
    path_inverse_and_step(out, moments);
    const Real v_g = adjoint();
    gradient_rows(out);
    node_gradients(out);
    // In the last pass the step delta is a correction, not a step (design.md 1.7).
    out.objective += v_g - this->decrement;
    if constexpr (Shape::unit_z)
      if (problem.sensitivity.at) mode_sensitivity();
  }

 private:
  CUGLMM_LANE Lanes<Real> leaf(const Node& node, int part) const {
    return work.leaf.from((this->leaf_of(node) * 3 + part) * shape.size());
  }

  /// Down: u <- u + delta, b <- Lambda delta (kept for the rows), C_path = Lambda H^-1 Lambda' of own effects
  /// and ancestors, T_ll = R_oo - R' C_path R into G, and Z'(a m') of the leaves.
  CUGLMM_LANE void path_inverse_and_step(Evaluation<Real>& out, const Moments<Real>& moments) {
    Real path_b[C], delta[C], C_path[C * C];
    for (int n = this->nodes() - 1; n >= 0; --n) {
      const Node& node = tree.nodes[n];
      const int level = this->level_of(node), q = shape.own(level);
      this->node_step(node, path_b, delta);
      path_inverse(node, C_path);
      node_T(node, C_path, out, moments);
      for (int c = 0; c < q; ++c) {
        const Index i = node.u + c;
        const int at = shape.first(level) + c;
        problem.u[i] = select_(problem.active, problem.u[i] + delta[c], problem.u[i]);
        if (moments.wanted()) {
          moments.mode[i] = work.b[i] + path_b[at];
          moments.variance[i] = C_path[at * C + at];
        }
        work.b[i] = path_b[at];
      }
      if (this->is_leaf(node)) leaf_trace(node, C_path);
    }
  }

  /// The rows and columns of a node's own effects in C_path, from those of its ancestors:
  /// C_oo = J'D^-1 J + N' C_aa N, C_ao = -C_aa N, with J = L^-1 Lambda', N = Y J.
  CUGLMM_LANE void path_inverse(const Node& node, Real* C_path) const {
    const int level = this->level_of(node), at = shape.first(level);
    const Elimination e = this->elimination(level);
    const int q = e.q, ancestors = e.f - e.q;
    const Lanes<Real> in = work.node.from(node.storage);
    Real Lambda[C * C], J[C * C], N[C * C];
    level_lambda(shape, level, problem.theta, Lambda);
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) {
        Real sum = r <= c ? Lambda[c * q + r] : Real(0.0);
        for (int k = 0; k <= c && k < r; ++k)
          sum = fma_(in[e.L_inverse() + r * q + k], Lambda[c * q + k], sum);
        J[r * q + c] = sum;
      }
    for (int r = 0; r < ancestors; ++r)
      for (int c = 0; c < q; ++c) {
        Real sum(0.0);
        for (int k = 0; k < q; ++k) sum = fma_(in[e.Y() + r * q + k], J[k * q + c], sum);
        N[r * q + c] = sum;
      }
    for (int r = 0; r < ancestors; ++r)
      for (int c = 0; c < q; ++c) {
        Real sum(0.0);
        for (int k = 0; k < ancestors; ++k) sum -= C_path[(at + q + r) * C + at + q + k] * N[k * q + c];
        C_path[(at + q + r) * C + at + c] = C_path[(at + c) * C + at + q + r] = sum;
      }
    for (int r = 0; r < q; ++r)
      for (int c = 0; c <= r; ++c) {
        Real sum(0.0);
        for (int k = 0; k < q; ++k) sum = fma_(in[e.D_inverse(k)] * J[k * q + r], J[k * q + c], sum);
        for (int k = 0; k < ancestors; ++k) sum -= N[k * q + r] * C_path[(at + q + k) * C + at + c];
        C_path[(at + r) * C + at + c] = C_path[(at + c) * C + at + r] = sum;
      }
  }

  /// T_ll of the node's terms, added to G (and to the moments).
  CUGLMM_LANE void node_T(const Node& node, const Real* C_path, Evaluation<Real>& out,
                          const Moments<Real>& moments) const {
    const int level = this->level_of(node), at = shape.first(level);
    const Elimination e = this->elimination(level);
    const int q = e.q, f = e.f;
    const Lanes<Real> R = work.node.from(node.storage + e.R());
    Real CR[C * C];
    for (int r = 0; r < f; ++r)
      for (int c = 0; c < q; ++c) {
        Real sum(0.0);
        for (int k = 0; k < f; ++k) sum = fma_(C_path[(at + r) * C + at + k], R[k * q + c], sum);
        CR[r * q + c] = sum;
      }
    for (int j = 0; j < shape.terms(); ++j) {
      const TermView t = shape.term(j);
      if (t.level != level) continue;
      const int own = t.first - at, s = t.size * (t.size + 1) / 2;
      Real T[C * (C + 1) / 2];
      for (int c = 0; c < t.size; ++c)
        for (int r = c; r < t.size; ++r) {
          Real sum = R[(own + r) * q + own + c];
          for (int k = 0; k < f; ++k) sum -= R[k * q + own + r] * CR[k * q + own + c];
          const int entry = lower(r, c, t.size);
          T[entry] = select_(problem.active, sum, Real(0.0));
          out.G[t.theta + entry] += T[entry];
        }
      if (moments.wanted()) add_moments(moments, t, s, T);
    }
  }

  CUGLMM_LANE void add_moments(const Moments<Real>& moments, const TermView& t, int s, const Real* T) const {
    int TT = 0;  // where term t begins
    for (int j = 0; j < shape.terms(); ++j) {
      const TermView other = shape.term(j);
      if (other.theta < t.theta) TT += theta_entries(other) * theta_entries(other);
    }
    for (int a = 0; a < s; ++a) {
      moments.T[t.theta + a] += T[a];
      for (int b = 0; b < s; ++b) moments.TT[TT + a * s + b] += T[a] * T[b];
    }
  }
  CUGLMM_LANE static int theta_entries(const TermView& t) { return t.size * (t.size + 1) / 2; }

  /// Z'(a m') of a leaf's rows, a_i = z_i' C_path z_i, m' = w'; leaves a m' of each row in Work::fixed.
  CUGLMM_LANE void leaf_trace(const Node& node, const Real* C_path) const {
    const int Q = shape.size();
    Real h[C], z[C];
    for (int c = 0; c < Q; ++c) h[c] = Real(0.0);
    for (int i = node.rows_begin; i < node.rows_end; ++i) {
      const Real w1 = weight_derivative(i);
      if constexpr (Shape::unit_z) {
        h[0] += w1;
      } else {
        Real a(0.0);
        for (int r = 0; r < Q; ++r) {
          z[r] = rows.z(i, r);
          Real sum = 0.5 * C_path[r * C + r] * z[r];
          for (int c = 0; c < r; ++c) sum = fma_(C_path[r * C + c], z[c], sum);
          a = fma_(2.0 * z[r], sum, a);
        }
        a *= w1;
        for (int c = 0; c < Q; ++c) h[c] = fma_(a, z[c], h[c]);
        work.fixed[i] = a;  // the linear predictor has done its work
      }
    }
    if constexpr (Shape::unit_z) {
      h[0] *= C_path[0];
      work.fixed[0] = C_path[0];  // a_i of every row
    }
    const Lanes<Real> out = leaf(node, 0);
    for (int c = 0; c < Q; ++c) out[c] = h[c];
  }

  CUGLMM_LANE Real weight_derivative(Index i) const {
    const Real mu = work.mean[i];
    return rows.weight(i) * (Family::variance(mu) * Family::variance_derivative(mu));
  }

  /// Up: y_v = D^-1 L^-1 Lambda' Z'(a m') of every node, over the y of the Newton step. Returns v'g.
  CUGLMM_LANE Real adjoint() {
    Real v_g(0.0), Lambda[C * C], L_inverse[C * C], own[C], y[C], h[C];
    if constexpr (!Shape::single)
      for (int level = 1; level < shape.levels(); ++level) clear(this->front_of(level), shape.size());
    for (int n = 0; n < this->nodes(); ++n) {
      const Node& node = tree.nodes[n];
      const int level = this->level_of(node);
      const Elimination e = this->elimination(level);
      const Lanes<Real> in = work.node.from(node.storage);
      const Lanes<Real> from = this->is_leaf(node) ? leaf(node, 0) : this->front_of(level);
      for (int c = 0; c < e.f; ++c) h[c] = from[c];
      if (!this->is_leaf(node)) clear(from, e.f);
      for (int r = 0; r < e.q; ++r)
        for (int c = 0; c <= r; ++c) L_inverse[r * e.q + c] = in[e.L_inverse() + r * e.q + c];
      level_lambda(shape, level, problem.theta, Lambda);
      multiply_lower<true>(Lambda, e.q, h, own);
      multiply_lower<false, true>(L_inverse, e.q, own, y);
      for (int c = 0; c < e.q; ++c) {
        v_g = fma_(y[c], in[e.y() + c], v_g);
        in[e.y() + c] = L_inverse[c * e.q + c] * y[c];
      }
      if constexpr (!Shape::single) {
        if (level + 1 == shape.levels()) continue;
        const Lanes<Real> parent = this->front_of(level + 1);
        for (int r = e.q; r < e.f; ++r) {
          Real sum = h[r];
          for (int c = 0; c < e.q; ++c) sum -= in[e.Y() + (r - e.q) * e.q + c] * y[c];
          parent[r - e.q] += sum;
        }
      }
    }
    return v_g;
  }
  CUGLMM_LANE static void clear(const Lanes<Real>& values, int n) {
    for (int i = 0; i < n; ++i) values[i] = Real(0.0);
  }

  /// Down: t = Z Lambda v and c = a m' - o t of the rows, r = -2 s + c; X'r; Z's and Z'c of the leaves, at u
  /// + delta.
  CUGLMM_LANE void gradient_rows(Evaluation<Real>& out) {
    Real path_v[C], v[C];
    for (int n = this->nodes() - 1; n >= 0; --n) {
      const Node& node = tree.nodes[n];
      this->node_step(node, path_v, v);
      if (this->is_leaf(node)) leaf_gradient(node, path_v);
    }
    fixed_gradient(out);
  }

  CUGLMM_LANE void leaf_gradient(const Node& node, const Real* path_v) const {
    const int Q = shape.size();
    Real S[C], c_sum[C], z[C], step_b[C];
    [[maybe_unused]] const Real a = work.fixed[0];  // of every row, where z is 1
    for (int k = 0; k < Q; ++k) {
      step_b[k] = work.b[this->u_of_path(node, k)];  // Lambda delta
      S[k] = problem.zy[this->leaf_of(node) * Q + k];
      c_sum[k] = Real(0.0);
    }
    for (int i = node.rows_begin; i < node.rows_end; ++i) {
      const Real mu = work.mean[i], p = rows.weight(i), w = p * Family::variance(mu);
      Real a_w1, t(0.0), moved(0.0);
      if constexpr (Shape::unit_z) {
        a_w1 = a * (w * Family::variance_derivative(mu));
        t = path_v[0];
        moved = step_b[0];
      } else {
        a_w1 = work.fixed[i];
        for (int r = 0; r < Q; ++r) {
          z[r] = rows.z(i, r);
          t = fma_(z[r], path_v[r], t);
          moved = fma_(z[r], step_b[r], moved);
        }
      }
      const Real fitted = fma_(w, moved, p * mu);  // s = p y - fitted
      const Real c = a_w1 - w * t;
      work.mean[i] = fma_(Real(2.0), fitted, c);  // r, but for the response's -2 p y
      if constexpr (Shape::unit_z) {
        work.fixed[i] = w;
        S[0] -= fitted;
        c_sum[0] += c;
      } else {
        for (int k = 0; k < Q; ++k) {
          S[k] -= z[k] * fitted;
          c_sum[k] = fma_(z[k], c, c_sum[k]);
        }
      }
    }
    const Lanes<Real> S_out = leaf(node, 1), c_out = leaf(node, 2);
    for (int k = 0; k < Q; ++k) {
      S_out[k] = S[k];
      c_out[k] = c_sum[k];
    }
  }

  /// X'r, four columns at a time so that the sums stay in registers.
  CUGLMM_LANE void fixed_gradient(Evaluation<Real>& out) const {
    const int p = shape.p();
    int j = 0;
    for (; j + 4 <= p; j += 4) fixed_columns<4>(out, j);
    if (p - j == 3) fixed_columns<3>(out, j);
    if (p - j == 2) fixed_columns<2>(out, j);
    if (p - j == 1) fixed_columns<1>(out, j);
  }
  template <int n>
  CUGLMM_LANE void fixed_columns(Evaluation<Real>& out, int j) const {
    Real sum[n];
    for (int k = 0; k < n; ++k) sum[k] = Real(0.0);
    for (int i = 0; i < tree.rows; ++i) {
      const Real r = work.mean[i];
      for (int k = 0; k < n; ++k) sum[k] = fma_(rows.x(i, j + k), r, sum[k]);
    }
    for (int k = 0; k < n; ++k) out.beta[j + k] += select_(problem.active, sum[k], Real(0.0));
  }

  /// How the mode of a single random effect moves: H du/dbeta = -lambda Z'WX, H du/dlambda = Z's - lambda u
  /// Z'WZ. The next evaluation starts from the mode that this predicts.
  CUGLMM_LANE void mode_sensitivity() const {
    const Node& node = tree.nodes[0];
    const Elimination e = this->elimination(0);
    const Lanes<Real> in = work.node.from(node.storage);
    const Real H_inverse = in[e.D_inverse(0)], lambda = problem.theta[0];
    problem.sensitivity[0] = H_inverse * (leaf(node, 1)[0] - lambda * problem.u[0] * in[e.R()]);
    const Real factor = -(H_inverse * lambda);
    for (int j = 0; j < shape.p(); ++j) {
      Real sum(0.0);
      for (int i = 0; i < tree.rows; ++i) sum = fma_(rows.x(i, j), work.fixed[i], sum);
      problem.sensitivity[1 + j] = factor * sum;
    }
  }

  /// Up: S_l = Z_l's, C_l = Z_l'c of every node, and G_j += -S S' + (S C' + C S') / 2.
  CUGLMM_LANE void node_gradients(Evaluation<Real>& out) const {
    const int Q = shape.size();
    Real S[C], c_sum[C];
    if constexpr (!Shape::single)
      for (int level = 1; level < shape.levels(); ++level) clear(this->front_of(level), 2 * Q);
    for (int n = 0; n < this->nodes(); ++n) {
      const Node& node = tree.nodes[n];
      const int level = this->level_of(node), q = shape.own(level), f = Q - shape.first(level);
      const bool at_leaf = this->is_leaf(node);
      const Lanes<Real> S_in = at_leaf ? leaf(node, 1) : this->front_of(level);
      const Lanes<Real> c_in = at_leaf ? leaf(node, 2) : this->front_of(level).from(Q);
      for (int k = 0; k < f; ++k) {
        S[k] = S_in[k];
        c_sum[k] = c_in[k];
      }
      if (!at_leaf) clear(this->front_of(level), 2 * Q);
      add_G(level, S, c_sum, out);
      if constexpr (!Shape::single) {
        if (level + 1 == shape.levels()) continue;
        const Lanes<Real> parent = this->front_of(level + 1);
        for (int k = q; k < f; ++k) {
          parent[k - q] += S[k];
          parent[Q + k - q] += c_sum[k];
        }
      }
    }
  }

  CUGLMM_LANE void add_G(int level, const Real* S, const Real* c_sum, Evaluation<Real>& out) const {
    for (int j = 0; j < shape.terms(); ++j) {
      const TermView t = shape.term(j);
      if (t.level != level) continue;
      const int own = t.first - shape.first(level);
      for (int c = 0; c < t.size; ++c)
        for (int r = c; r < t.size; ++r) {
          const Real Sr = S[own + r], Sc = S[own + c];
          const Real value = 0.5 * (Sr * c_sum[own + c] + c_sum[own + r] * Sc) - Sr * Sc;
          out.G[t.theta + lower(r, c, t.size)] += select_(problem.active, value, Real(0.0));
        }
    }
  }
};

}  // namespace cuglmm
