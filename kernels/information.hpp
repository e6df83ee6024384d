/// The information about beta, X'WX - X'WZ Lambda H^-1 Lambda' Z'WX (design.md 1.6, "RX"; also the start
/// of 1.7): X is one more ancestor of every root, and what is left of it after all random effects are
/// eliminated.
#pragma once

#include <kernels/pirls.hpp>

namespace cuglmm {

template <class Real, class Family, class Shape, class Design>
struct Information : Component<Real, Family, Shape, Design> {
  using Base = Component<Real, Family, Shape, Design>;
  using Base::Base;
  using Base::C;
  using Base::problem;
  using Base::rows;
  using Base::shape;
  using Base::tree;
  using Base::work;

  /// Adds the component's p x p information (lower triangle, row-major) at the modes in problem.u.
  CUGLMM_LANE void evaluate(const Lanes<Real>& information) {
    this->linear_predictor();
    this->scale_modes();
    this->upward();
    row_information(information);
    const int p = shape.p(), Q = shape.size();
    if constexpr (!Shape::single)
      for (int level = 1; level < shape.levels(); ++level) clear(border_of(level), Q * p);
    for (int n = 0; n < this->nodes(); ++n) eliminate_border(tree.nodes[n], information);
  }

 private:
  /// Z'WX of the level's open node; the last one is scratch.
  CUGLMM_LANE Lanes<Real> border_of(int level) const {
    return work.border.from(level * shape.size() * shape.p());
  }
  CUGLMM_LANE static void clear(const Lanes<Real>& values, int n) {
    for (int i = 0; i < n; ++i) values[i] = Real(0.0);
  }
  CUGLMM_LANE Real weight(Index i) const {
    const Real w = rows.weight(i) * Family::variance(Real(work.mean[i]));
    return select_(problem.active, w, Real(0.0));
  }

  CUGLMM_LANE void row_information(const Lanes<Real>& information) const {
    const int p = shape.p();
    for (int i = 0; i < tree.rows; ++i) {
      const Real w = weight(i);
      for (int j = 0; j < p; ++j) {
        const Real wx = w * rows.x(i, j);
        for (int k = 0; k <= j; ++k) information[j * p + k] = fma_(wx, rows.x(i, k), information[j * p + k]);
      }
    }
  }

  CUGLMM_LANE void leaf_border(const Node& node, const Lanes<Real>& B) const {
    const int p = shape.p(), Q = shape.size();
    clear(B, Q * p);
    for (int i = node.rows_begin; i < node.rows_end; ++i) {
      const Real w = weight(i);
      for (int c = 0; c < Q; ++c) {
        const Real wz = w * rows.z(i, c);
        for (int j = 0; j < p; ++j) B[c * p + j] = fma_(wz, rows.x(i, j), B[c * p + j]);
      }
    }
  }

  /// K = L^-1 Lambda' B_o; the information loses K'D^-1 K, the ancestors' part of the border Y K.
  CUGLMM_LANE void eliminate_border(const Node& node, const Lanes<Real>& information) const {
    const int level = this->level_of(node), p = shape.p();
    const Elimination e = this->elimination(level);
    const Lanes<Real> in = work.node.from(node.storage), B = border_of(level);
    if (this->is_leaf(node)) leaf_border(node, B);
    Real Lambda[C * C], L_inverse[C * C], column[C], own[C];
    level_lambda(shape, level, problem.theta, Lambda);
    for (int r = 0; r < e.q; ++r)
      for (int c = 0; c <= r; ++c) L_inverse[r * e.q + c] = in[e.L_inverse() + r * e.q + c];
    for (int j = 0; j < p; ++j) {  // K over B_o
      for (int c = 0; c < e.q; ++c) column[c] = B[c * p + j];
      multiply_lower<true>(Lambda, e.q, column, own);
      multiply_lower<false, true>(L_inverse, e.q, own, column);
      for (int c = 0; c < e.q; ++c) B[c * p + j] = column[c];
    }
    for (int j = 0; j < p; ++j)
      for (int k = 0; k <= j; ++k)
        for (int c = 0; c < e.q; ++c)
          information[j * p + k] -= L_inverse[c * e.q + c] * B[c * p + j] * B[c * p + k];
    if constexpr (!Shape::single) {
      if (level + 1 < shape.levels()) {
        const Lanes<Real> parent = border_of(level + 1);
        for (int r = e.q; r < e.f; ++r)
          for (int j = 0; j < p; ++j) {
            Real sum = B[r * p + j];
            for (int c = 0; c < e.q; ++c) sum -= in[e.Y() + (r - e.q) * e.q + c] * B[c * p + j];
            parent[(r - e.q) * p + j] += sum;
          }
      }
      if (level > 0) clear(B, e.f * p);  // ready for the next node of this level
    }
  }
};

}  // namespace cuglmm
