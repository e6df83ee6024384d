/// The structure of an *arrow*: random effects that are eliminated one grouping level at a time, a chain of
/// nested factors from its leaves to its root, and the *border* of all others, dense or in fronts
/// (fronts_view.hpp; design.md 2).
///
/// Z'WZ, and in the same places Lambda H^-1 Lambda', is kept as *values*: of every eliminated node a block
/// (q + list) x q, its own effects first, below them the effects eliminated later that share a row with it or
/// with what is nested in it (its *list*: ancestors, then border); and of every pair of border nodes that
/// share a row a block of their own. Effects are numbered in the order of elimination, the border last.
#pragma once

#include <kernels/border.hpp>
#include <kernels/fronts_view.hpp>
#include <kernels/simulate.hpp>
#include <kernels/views.hpp>

namespace cuglmm {

/// Most random effects per level of a factor that a thread of a GPU has room for (local arrays).
constexpr int kGpuColumns = 4;

/// A level of an eliminated factor.
struct ArrowNode {
  int factor;            ///< place of its factor in the plan's order: 0 the leaves of the chain
  int q;                 ///< its random effects
  int u;                 ///< its first random effect
  int list, list_size;   ///< ArrowView::list[list, list + list_size): effects, ascending
  int link, link_count;  ///< ArrowView::links: its ancestors, from its parent to the root
  Index block;           ///< its values: (q + list_size) x q, row-major
  Index factored;        ///< its part of ArrowWork::node
};

/// A node's ancestor, whose own effects, q of them, stand in the node's list from `first` on.
struct ArrowLink {
  int node, q, first;
  int place;  ///< ArrowView::place[place ..): for list entries first, first + 1, ..: their row in the
              ///< ancestor's block
};

/// Values of two border nodes that share a row: rows x columns, row-major, row >= column in the border.
struct BorderBlock {
  int row, column, rows, columns;
  Index block;
};

/// n >= 1 effects, ascending, follow one another without a gap.
CUGLMM_HD bool consecutive(const int* effect, int n) { return n > 0 && effect[n - 1] - effect[0] == n - 1; }

/// Consecutive nodes. alike: they have one effect each, no ancestors, and one list of consecutive border
/// effects in common, as where all levels of two factors meet.
struct ArrowRun {
  int node_begin, node_end;
  bool alike;
};

/// Consecutive trees with their rows, for one thread at a time.
struct ArrowPart {
  int node_begin, node_end, row_begin, row_end;
};

struct ArrowView {
  int factors, chain;  ///< all grouping factors, and how many of them are eliminated
  const ArrowNode* nodes;
  int node_count;
  const int* list;
  const ArrowLink* links;
  const int* place;
  const BorderBlock* blocks;
  int block_count;
  Index values;              ///< entries of all blocks
  Index border_values;       ///< the first entry of border blocks, which come last
  Index factored;            ///< entries of ArrowWork::node
  int effects;               ///< random effects
  int border, border_first;  ///< effects of the border, the number of the first
  int border_node;           ///< most effects per level of a border factor
  const int* factor_first;   ///< factors - chain + 1: first effect of each border factor
  const ArrowRun* runs;      ///< all nodes, in order
  int run_count;
  const ArrowPart* parts;
  int part_count;

  int rows;
  const int* effect;  ///< rows x factors: first effect of the row's node of each factor
  const int* pair;  ///< rows x factors (factors + 1) / 2: values of factor f's effects by factor g's, g <= f
  const double *X, *Z, *offset, *weights;  ///< rows x p, rows x Q row-major, columns of Z factor by factor
  OriginalRows original;
  const std::int64_t* u_number;  ///< effects: lme4's number of each
  const DenseFunctions* dense;   ///< the host's, for large borders; or null
  FrontsView fronts;             ///< of a sparse border: not on a GPU

  CUGLMM_HD bool sparse() const { return fronts.count > 0; }
  /// Those that serve this border; null: it is sparse, or factored lane by lane.
  CUGLMM_HD const DenseFunctions* border_functions() const {
    return dense && border >= dense->smallest && !sparse() ? dense : nullptr;
  }

  // Linear models: sums over rows, common to all problems (design.md 1.3).
  const double* ZZ;    ///< values: Z'WZ
  const double* ZX;    ///< effects x p: Z'WX
  const double* XX;    ///< p x p: X'WX
  double n;            ///< rows of the model
  double log_weights;  ///< sum of log p
  bool reml;
  const double* centre;  ///< p: the responses of problems are y - offset - X centre
};

/// Scratch of one slice of problems (arrow.hpp, bordered.hpp, gaussian.hpp).
template <class Real>
struct ArrowWork {
  Lanes<Real> R, C;  ///< values
  Lanes<Real> node;  ///< factored
  Lanes<Real> S,
      kept;       ///< border x border: R, then the factor, then C; R where it is asked for. Or FrontsLayout
  Lanes<Real> T;  ///< border x border_node: T of the border's nodes (arrow.hpp), q x q each
  Lanes<Real> front;                          ///< largest front x columns: right-hand sides
  int* maps = nullptr;                        ///< kMostStretches x border: places in a front
  Lanes<Real> last_R, last_node, last_theta;  ///< the last evaluation's (last_factor.hpp): values; factored;
                                              ///< m, and 1 where they are known, the border's factor in kept
  Lanes<Real> part_sums;                      ///< parts x border x columns: right-hand sides
  Lanes<Real> part_log;      ///< parts x 2: a LogProduct, or a penalised deviance and its noise
  Lanes<Real> part_ok;       ///< parts: 1 or 0
  Lanes<Real> part_G;        ///< (parts + 1) x (2 m + TT_size): G, T, TT
  Lanes<Real> part_border;   ///< parts x values of border blocks
  Lanes<Real> part_beta;     ///< parts x p
  Lanes<Real> part_columns;  ///< parts x (border x p, p x p, p): Z'WX, X'WX, X's
  double* matrix = nullptr;  ///< border x border: one lane's

  // By effect.
  Lanes<Real> b, step, score, delta, delta_b, v, v_b, S_sum, c_sum;
  Lanes<Real> rhs;         ///< effects x columns: right-hand sides
  Lanes<Real> ZX, D, D_b;  ///< effects x p: Z'WX, H^-1 Lambda' Z'WX, Lambda times it; in linear models also
                           ///< of y, as column p
  Lanes<Real> products;    ///< (p + 1) x (p + 1): [X y]'V^-1 [X y] of linear models

  Lanes<Real> A, V;                           ///< p x p: information about beta, factored; its inverse
  Lanes<Real> information;                    ///< p x p: A before it was factored
  Lanes<Real> x_score, beta_step, x_adjoint;  ///< p
  Lanes<Real> fixed, mean, trace;             ///< rows: offset + x'beta; mu; a m' (design.md 1.2)
  Lanes<Real> triangles;                      ///< 4 m: of PredictedMode
};

}  // namespace cuglmm
