/// What host/engine calls: views of a plan, and the table of functions that each instruction set exports.
#pragma once

#include <kernels/arrow_view.hpp>
#include <kernels/team.hpp>

namespace cuglmm {

enum class KernelFamily { binomial_logit, poisson_log, gaussian };

/// Which instantiation serves a plan's path.
enum class KernelShape { one_unit, one_2, one_3, nested_2, nested_3, any };

/// A component as the by-problem layout sees it.
struct ComponentView {
  TreeView tree;
  const double *X, *Z, *offset, *weights;  ///< its rows (collapsed): rows x p, rows x Q row-major
  OriginalRows original;
  const std::int64_t* u_number;  ///< u_count: number of each random effect in lme4's order
  int u_first, zy_first;         ///< its place among all random effects, all leaves x Q
};

/// A slice of the by-component layout: one tree that holds every lane's component, padded.
struct SliceView {
  TreeView tree;
  const double *X, *Z, *offset, *weights;  ///< (rows x p, ..) x lanes, lane fastest
  const double* active;                    ///< lanes: 1, or 0 where there is no component
  int u_first, zy_first;                   ///< in lanes-wide entries
};

/// Components in parts of about the same work, a GPU thread's share: part i is components first[i] to
/// first[i + 1]. They depend on the plan alone, and so do the bits of sums over them.
struct PartsView {
  const int* first = nullptr;  ///< count + 1
  int count = 0;
  Index stride = 0;  ///< doubles of scratch that each has
};

struct PlanView {
  KernelFamily family;
  KernelShape shape;
  bool unit_weights;  ///< all prior weights of the collapsed rows are 1
  int p, m, Q, levels, terms;
  int k;           ///< parameters of the search: m + p, or m where beta is profiled
  bool profiled;   ///< beta is estimated at each theta: linear models, nAGQ = 0
  int carried;     ///< p + 1 where beta (and sigma) come with an evaluation, else 0
  bool separable;  ///< by components; else on an arrow
  ArrowView arrow;
  const int* level_first;
  const TermView* term;
  const double* z_square;  ///< Q: largest square in each column of Z
  const ComponentView* components;
  int component_count;
  PartsView parts;  ///< on a GPU only
  const SliceView* slices;
  int slice_count;
  int u_total,
      zy_total;  ///< over components; of an arrow: effects (u: and beta where it joins them), effects
  int TT_size;   ///< sum over terms of (q_j (q_j + 1) / 2)^2
  // Largest over components and slices, for scratch:
  int max_storage, max_u, max_rows, max_leaves;
  int largest_term;  ///< columns
};

/// Replicates or responses waiting for a lane: `width` problems side by side, lane fastest.
struct Feed {
  double* zy;            ///< zy_total x width
  double* u;             ///< u_total x width
  double* xy;            ///< p x width
  double* offset_y;      ///< width
  double* constant;      ///< width
  std::int64_t* number;  ///< width: which replicate
  int count = 0;         ///< lanes filled
  int next = 0;          ///< lanes taken
};

/// A problem that has ended.
struct Finished {
  std::int64_t number;
  int status;  ///< Status
  int evaluations;
  double gradient_norm, objective;  ///< objective: -2 log L
  const double* psi;                ///< m + p: theta, beta
  double sigma;                     ///< 1 where the family has no free dispersion
};

/// One problem on an arrow, and what an evaluation of it returns (double throughout).
struct ArrowProblem {
  const double* psi;      ///< k
  const double* moved;    ///< k: psi less that of the evaluation before; null: there is none
  const double *zy, *xy;  ///< sufficient responses
  double offset_y, constant;
  double* u;  ///< u_total: start of PIRLS, the mode on return
  double mode_tolerance;
  double objective;
  double *G, *gradient;     ///< m; k, then beta and sigma where plan.profiled
  double *T, *TT;           ///< moments: m, or null for none; TT_size
  double *mode, *variance;  ///< effects
};

/// How a batch of problems is optimised.
struct BatchControl {
  double tolerance, mode_tolerance;
  int max_evaluations;
  const double* psi;              ///< k: start
  const double* inverse_hessian;  ///< k x k
  bool score_start;               ///< theta from a score start of each problem's own
  void* context;
  /// Fills the feed with problems that nobody has taken; count 0: there are none left.
  void (*refill)(void* context, Feed& feed);
  /// Called once for each problem.
  void (*finished)(void* context, const Finished& problem);
};

/// Sums over the components of one problem (by-component layout).
struct ProblemSums {
  double objective;
  double* G;     ///< m
  double* beta;  ///< p: gradient without the part of the responses
  double* T;     ///< m, or null for no moments
  double* TT;    ///< TT_size
  double* mode;  ///< u entries x lanes of the slices evaluated
  double* variance;
  bool failed;
};

/// One instruction set's functions. `memory` is scratch of the size the *_bytes function gives, aligned to 64
/// bytes.
struct CpuFunctions {
  const char* name;
  int pack_width;                       ///< lanes of a slice by component, and of a Feed
  int (*batch_width)(const PlanView&);  ///< lanes of a slice by problem

  std::size_t (*batch_bytes)(const PlanView&);
  /// Optimises problems until refill() has none left. Runs in one thread; several may run at once.
  void (*optimise)(const PlanView&, const BatchControl&, Feed&, void* memory);
  std::size_t (*evaluate_bytes)(const PlanView&);
  /// Objective and gradient of the `feed.count` problems of a feed at psi (k x pack_width, lane fastest); u
  /// is updated. objective: pack_width; gradient: k x pack_width.
  void (*evaluate)(const PlanView&, Feed&, const double* psi, double mode_tolerance, double* objective,
                   double* gradient, void* memory);

  std::size_t (*slice_bytes)(const PlanView&);
  /// Slices [begin, end) of one problem at (theta, beta): zy and u are lanes-wide arrays of all slices.
  void (*evaluate_slices)(const PlanView&, int begin, int end, const double* theta, const double* beta,
                          const double* zy, double* u, double mode_tolerance, ProblemSums& sums,
                          void* memory);
  /// information: p x p lower triangle, row-major.
  void (*slice_information)(const PlanView&, int begin, int end, const double* theta, const double* beta,
                            const double* zy, double* u, double* information, void* memory);

  /// Scratch of one problem on an arrow; parts of it go to the team's threads.
  std::size_t (*arrow_bytes)(const PlanView&);
  void (*evaluate_arrow)(const PlanView&, ArrowProblem&, const Team&, void* memory);
  /// After evaluate_arrow at the same point, with its memory. information: p x p lower triangle, row-major.
  void (*arrow_information)(const PlanView&, const ArrowProblem&, const Team&, double* information,
                            void* memory);

  /// Replicates number[0 .. width) at (theta, beta, sigma) into the feed; responses: null, or rows x
  /// pack_width. `memory`: (k + u) registers.
  void (*simulate)(const PlanView&, const double* theta, const double* beta, double sigma, std::uint64_t seed,
                   Feed&, double* responses, void* memory);
};

const CpuFunctions& baseline_functions();
#if defined(__x86_64__)
const CpuFunctions& avx2_functions();
const CpuFunctions& avx512_functions();
#endif

}  // namespace cuglmm
