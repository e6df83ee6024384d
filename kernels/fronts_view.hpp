/// A sparse border: the random effects that are left when the chain is eliminated, where few pairs of them
/// share anything. They are eliminated *front* by front in an order that keeps what is left sparse (design.md
/// 2): a front is a set of effects, its own, together with all later ones that they are tied to by then.
///
/// Values of a front stand column by column: size x own, first the rows of its own effects, of which the
/// lower triangle counts, then those of the later ones.
#pragma once

#include <kernels/views.hpp>

namespace cuglmm {

struct PlanView;

struct Front {
  int own, size;   ///< effects that it eliminates; with the later ones
  Index row;       ///< FrontsView::rows[row, row + size)
  Index values;    ///< its first value
  Index factored;  ///< of its own x own numbers behind the values
};

/// A level of a border's factor within its front: effects of one level stand together.
struct BorderPlace {
  Index at;         ///< value of the block's first entry
  int down, right;  ///< from there to the next row's, to the next column's
};

/// Entry `at` of a node's list.
struct NodeEntry {
  int node, at;
};

struct FrontFunctions;

struct FrontsView {
  const Front* fronts;
  int count;        ///< 0: the border is dense
  const int* rows;  ///< of all fronts: effects of the border, numbered from 0, in order of elimination
  const int *factor, *front_of;  ///< border: the effect's factor; the front that eliminates it
  const Index* diagonal;         ///< border: the value of the effect's variance
  const BorderPlace* places;     ///< of ArrowView::blocks
  const int* use_first;          ///< border + 1
  const NodeEntry* uses;     ///< of every effect of the border: the nodes with it in their lists, ascending
  const int* stretch_first;  ///< stretches + 1: fronts for a thread at a time
  int stretches;             ///< at most kMostStretches
  int largest;               ///< most effects of a front
  Index values, factored;    ///< entries of all fronts
  const FrontFunctions* functions;
};

/// Stretches, and an arrow's parts, that threads can have in hand at a time.
constexpr int kMostStretches = 16;

/// Where the numbers of a problem's fronts stand (ArrowWork::S): the values, R and after factor() what is
/// left of it; of each front the factor of M, own x own, upper triangle column by column; the values of C; T
/// by effect of the border (ArrowWork::T).
struct FrontsLayout {
  Index factored, C, T, end;
};
CUGLMM_HD FrontsLayout layout(const FrontsView& fronts, Index T_entries) {
  const Index C = fronts.values + fronts.factored, T = C + fronts.values;
  return {fronts.values, C, T, T + T_entries};
}

/// The host's linear algebra on one problem's fronts: `values` as in FrontsLayout.
struct FrontFunctions {
  /// Returns log|H| of the border; NaN: not positive definite.
  double (*factor)(const PlanView& plan, const double* theta, double* values, int threads);
  /// After factor(): C and T.
  void (*invert)(const PlanView& plan, const double* theta, double* values, int threads);
};

}  // namespace cuglmm
