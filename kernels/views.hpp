/// What a lane sees of the plan and of its problem: structs of pointers and strides, made by host/plan.
///
/// A *component* is a set of rows tied by random effects (design.md 2): one level of the coarsest grouping
/// factor. Nested factors make it a tree; `level` 0 are its leaves (levels of the finest factor), level D-1
/// its root. Every row hangs on one leaf and uses the random effects of the nodes from that leaf up to the
/// root, its *path*: Q values, leaf first.
#pragma once

#include <kernels/log_product.hpp>
#include <kernels/real.hpp>

namespace cuglmm {

/// Most random effects one row may use (path length Q); fixes the size of local arrays.
constexpr int kMaxPath = 32;

/// An array with one Real per entry. On the CPU a Real holds all the lanes of a slice; on a GPU it is one
/// lane's double, and neighbouring lanes lie side by side, `stride` apart from entry to entry.
template <class Real>
struct Lanes {
  Real* at = nullptr;
  CUGLMM_HD Real& operator[](Index i) const { return at[i]; }
  CUGLMM_HD Lanes from(Index i) const { return {at + i}; }
};
template <>
struct Lanes<double> {
  double* at = nullptr;
  Index stride = 1;
  CUGLMM_HD double& operator[](Index i) const { return at[i * stride]; }
  CUGLMM_HD Lanes from(Index i) const { return {at + i * stride, stride}; }
};

/// A random-effects term within a path.
struct TermView {
  int level;  ///< depth of its grouping factor: 0 leaf
  int first;  ///< its first column in the path
  int size;   ///< q_j
  int theta;  ///< its first entry in theta (column-major lower triangle follows)
};

/// A node of a component's tree, in post-order: children before their parent.
struct Node {
  int level;
  int rows_begin, rows_end;  ///< leaves only; rows of the component
  int u;                     ///< its first random effect among the component's
  int storage;               ///< its first Real in Work::node
  int leaf;                  ///< number among the leaves (level 0), else -1
};

struct TreeView {
  const Node* nodes = nullptr;
  const int* path = nullptr;  ///< leaves x Q: index of each path entry's random effect among the component's
  int node_count = 0, leaf_count = 0, rows = 0, u_count = 0, storage = 0;
};

/// The shape of a path of at most Capacity columns, the same for a whole plan: any number of nested levels
/// and of terms on each.
template <int Capacity>
struct PathShape {
  static constexpr int capacity = Capacity;
  static constexpr bool unit_z = false, single = false;
  int fixed_effects, levels_, terms_, theta_size_;
  const int* level_first;  ///< levels + 1: first path column of each level
  const TermView* term_;

  CUGLMM_HD int p() const { return fixed_effects; }
  CUGLMM_HD int levels() const { return levels_; }
  CUGLMM_HD int size() const { return level_first[levels_]; }
  CUGLMM_HD int first(int level) const { return level_first[level]; }
  CUGLMM_HD int own(int level) const { return level_first[level + 1] - level_first[level]; }
  CUGLMM_HD int terms() const { return terms_; }
  CUGLMM_HD TermView term(int j) const { return term_[j]; }
  CUGLMM_HD int theta_size() const { return theta_size_; }
};

using AnyShape = PathShape<kMaxPath>;

/// One correlated term of q columns on one grouping factor: sizes known to the compiler. UnitZ: its column
/// is 1.
template <int q, bool UnitZ = false>
struct OneTerm {
  static constexpr int capacity = q;
  static constexpr bool unit_z = UnitZ, single = true;
  int fixed_effects;

  CUGLMM_HD int p() const { return fixed_effects; }
  CUGLMM_HD constexpr int levels() const { return 1; }
  CUGLMM_HD constexpr int size() const { return q; }
  CUGLMM_HD constexpr int first(int level) const { return level * q; }
  CUGLMM_HD constexpr int own(int) const { return q; }
  CUGLMM_HD constexpr int terms() const { return 1; }
  CUGLMM_HD constexpr TermView term(int) const { return {0, 0, q, 0}; }
  CUGLMM_HD constexpr int theta_size() const { return q * (q + 1) / 2; }
};

/// Nested factors with one random effect per level each: sizes known to the compiler.
template <int Levels>
struct NestedShape {
  static constexpr int capacity = Levels;
  static constexpr bool unit_z = false, single = false;
  int fixed_effects;
  const TermView* term_;

  CUGLMM_HD int p() const { return fixed_effects; }
  CUGLMM_HD constexpr int levels() const { return Levels; }
  CUGLMM_HD constexpr int size() const { return Levels; }
  CUGLMM_HD constexpr int first(int level) const { return level; }
  CUGLMM_HD constexpr int own(int) const { return 1; }
  CUGLMM_HD constexpr int terms() const { return Levels; }
  CUGLMM_HD TermView term(int j) const { return {term_[j].level, term_[j].first, 1, term_[j].theta}; }
  CUGLMM_HD constexpr int theta_size() const { return Levels; }
};

/// Rows of a component, common to all lanes: the lanes are problems (layout *by problem*). Weights may be
/// absent (all 1).
template <class Real, bool UnitWeights>
struct ByProblem {
  static constexpr bool unit_weights = UnitWeights;
  const double *X, *Z, *offset_, *weights_;  ///< rows x p, rows x Q (row-major), rows, rows
  int p, Q;
  CUGLMM_HD Real x(Index i, int j) const { return Real(X[i * p + j]); }
  CUGLMM_HD Real z(Index i, int c) const { return Real(Z[i * Q + c]); }
  CUGLMM_HD Real offset(Index i) const { return Real(offset_[i]); }
  CUGLMM_HD Real weight(Index i) const { return UnitWeights ? Real(1.0) : Real(weights_[i]); }
};

/// Rows that differ from lane to lane: the lanes are components of one problem (layout *by component*). A
/// component with fewer rows than its slice is padded with rows of weight 0.
template <class Real>
struct ByComponent {
  static constexpr bool unit_weights = false;
  Lanes<Real> X, Z, offset_, weights_;
  int p, Q;
  CUGLMM_HD Real x(Index i, int j) const { return X[i * p + j]; }
  CUGLMM_HD Real z(Index i, int c) const { return Z[i * Q + c]; }
  CUGLMM_HD Real offset(Index i) const { return offset_[i]; }
  CUGLMM_HD Real weight(Index i) const { return weights_[i]; }
};

/// What a component's lanes bring along: parameters, sufficient responses (Z'y per leaf, prior-weighted),
/// modes.
template <class Real>
struct LaneProblem {
  const Real* theta;  ///< m
  const Real* beta;   ///< p
  Lanes<Real> zy;     ///< leaves x Q
  Lanes<Real> u;      ///< u_count: start of PIRLS on entry, the mode on return
  Mask<Real> active;  ///< lanes that hold a problem
  Lanes<Real> sensitivity =
      {};  ///< null, or k: du/d(theta, beta) at the mode, left by an evaluation (UnitZ shapes)
};

/// Scratch of one component; sizes in host/plan/workspace.
template <class Real>
struct Work {
  Lanes<Real> node;    ///< TreeView::storage: what the elimination of each node leaves (see Elimination)
  Lanes<Real> b;       ///< u_count: Lambda u
  Lanes<Real> step;    ///< u_count: last step of u
  Lanes<Real> fixed;   ///< rows (at least 1): offset + x'beta; in the last sweeps a m' (design.md 1.2)
  Lanes<Real> mean;    ///< rows: mu; in the last sweep the residual r of design.md 1.2
  Lanes<Real> leaf;    ///< leaves x 3 Q: Z'(a m'), Z's, Z'c of each leaf
  Lanes<Real> front;   ///< levels x Q (Q + 2): matrices and vectors that wait for their parent node
  Lanes<Real> border;  ///< (levels + 1) x Q x p: Z'WX on its way to the root; information() only
};

/// What an evaluation adds up over components.
template <class Real>
struct Evaluation {
  Real objective;                ///< sum of F (without what does not depend on u and theta)
  LogProduct<Real> log_inverse;  ///< -log|H|
  Lanes<Real> G;                 ///< per term q_j (q_j + 1) / 2: dd/dSigma_j, lower triangle, column-major
  Lanes<Real> beta;              ///< p: X'r, without the part of the responses
  Mask<Real> failed;
};

}  // namespace cuglmm
