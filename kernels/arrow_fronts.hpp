/// The sparse border of an arrow (fronts_view.hpp): R of its effects with the chain integrated out,
/// solutions, and what of C a node's inverse takes from it. Factors and inverses of fronts are the host's
/// (FrontFunctions).
#pragma once

#include <kernels/arrow_view.hpp>
#include <kernels/border.hpp>
#include <kernels/covariance.hpp>
#include <kernels/scratch.hpp>
#include <kernels/small_matrix.hpp>

namespace cuglmm {

/// b = Lambda u (Transposed: Lambda' u) of one node, whose q <= C effects are numbers `at` ..; u, b: effects
/// x columns.
template <int C, bool Transposed = false, class Real>
CUGLMM_HD void scale_node(const Real* Lambda, int q, int at, const Lanes<Real>& u, const Lanes<Real>& b,
                          int columns) {
  if (q == 1) {
    for (int j = 0; j < columns; ++j) b[Index{at} * columns + j] = Lambda[0] * u[Index{at} * columns + j];
    return;
  }
  for (int j = 0; j < columns; ++j) {
    Real in[C], out[C];
    for (int c = 0; c < q; ++c) in[c] = u[Index{at + c} * columns + j];
    multiply_lower<Transposed>(Lambda, q, in, out);
    for (int c = 0; c < q; ++c) b[Index{at + c} * columns + j] = out[c];
  }
}

/// C: at least the columns of any factor.
template <class Real, class Threads, int C = kMaxPath>
class ArrowFronts {
 public:
  CUGLMM_LANE ArrowFronts(const PlanView& plan, const ArrowWork<Real>& work, const Real* theta,
                          const Threads& threads)
      : view_(plan.arrow),
        fronts_(plan.arrow.fronts),
        shape_(MakeShape<AnyShape>::from(plan)),
        work_(work),
        theta_(theta),
        threads_(threads),
        at_(layout(fronts_, Index{view_.border} * view_.border_node)) {}

  /// The values of R: the border's own blocks, and from each node what its elimination leaves.
  CUGLMM_CALL void form() const {
    zero(work_.S, fronts_.values);
    threads_.each(view_.block_count, [&](Index k) {
      each_entry(static_cast<int>(k), true,
                 [&](Index value, Index front) { work_.S[front] = work_.R[value]; });
    });
    threads_.parts(fronts_.stretches, [&](int stretch) {
      int* const place = cleared_map(stretch);
      for (int f = fronts_.stretch_first[stretch]; f < fronts_.stretch_first[stretch + 1]; ++f)
        with_places(fronts_.fronts[f], place, [&](int column, int effect, const Lanes<Real>& values) {
          for (int u = fronts_.use_first[effect]; u < fronts_.use_first[effect + 1]; ++u)
            eliminate(fronts_.uses[u], place, column, values);
        });
    });
  }

  /// The values of C of two levels that share a row.
  CUGLMM_LANE void gather(int block) const {
    each_entry(block, false, [&](Index value, Index front) { work_.C[value] = work_.S[at_.C + front]; });
  }

  /// X += C_ll R_lo of the nodes of a part, of their lists in the border alone; X in the place of C_lo.
  CUGLMM_CALL void add_products(int part) const {
    int* const place = cleared_map(part);
    const ArrowPart& nodes = view_.parts[part];
    for (int f = 0; f < fronts_.count; ++f)
      with_places(fronts_.fronts[f], place, [&](int column, int effect, const Lanes<Real>& values) {
        const int end = fronts_.use_first[effect + 1];
        for (int u = first_use(effect, nodes.node_begin); u < end; ++u) {
          if (fronts_.uses[u].node >= nodes.node_end) break;
          add_products(fronts_.uses[u], place, column, values.from(at_.C));
        }
      });
  }

  /// v = M^-1 (Lambda' g - u) front by front and back, b = Lambda v, of the border's effects (all arrays: by
  /// number of effect, columns wide). g: destroyed; u may be null: 0.
  CUGLMM_CALL void solve(const Lanes<Real>& g, const Lanes<Real>& u, const Lanes<Real>& v,
                         const Lanes<Real>& b, int columns) const {
    const Lanes<Real>& t = work_.front;  // by row of the front
    for (int f = 0; f < fronts_.count; ++f) {
      const Front& front = fronts_.fronts[f];
      const Later later{fronts_.rows + front.row + front.own, front.size - front.own};
      gather_own(front, g, u, t, columns);
      substitute(front, t, columns);
      keep_own(front, t, v, b, false, columns);
      const Lanes<Real> update = t.from(Index{front.own} * columns);
      zero(update, Index{later.count} * columns);
      times_values(front, b, update, columns);
      each_later(later, g, columns, [&](int r, const Lanes<Real>& to) {
        for (int j = 0; j < columns; ++j) to[j] += update[Index{r} * columns + j];
      });
    }
    for (int f = fronts_.count; f-- > 0;) {
      const Front& front = fronts_.fronts[f];
      const Later later{fronts_.rows + front.row + front.own, front.size - front.own};
      const Lanes<Real> known = t.from(Index{front.own} * columns);
      each_later(later, b, columns, [&](int r, const Lanes<Real>& from) {
        for (int j = 0; j < columns; ++j) known[Index{r} * columns + j] = from[j];
      });
      values_times(front, known, t, columns);
      scale_own(front, t, columns);
      substitute(front, t, columns);
      keep_own(front, t, v, b, true, columns);
    }
  }

 private:
  struct Later {
    const int* effect;
    int count;
  };

  // ---- places ----

  /// Where each effect of the border stands in the front at hand; -1: nowhere.
  CUGLMM_HD int* cleared_map(int stretch) const {
    int* const place = work_.maps + Index{stretch} * view_.border;
    for (int i = 0; i < view_.border; ++i) place[i] = -1;
    return place;
  }
  /// f(column, its effect, work.S from the column's first value) while `place` is the front's.
  template <class F>
  CUGLMM_LANE void with_places(const Front& front, int* place, const F& f) const {
    const int* const rows = fronts_.rows + front.row;
    for (int r = 0; r < front.size; ++r) place[rows[r]] = r;
    for (int c = 0; c < front.own; ++c) f(c, rows[c], work_.S.from(front.values + Index{c} * front.size));
    for (int r = 0; r < front.size; ++r) place[rows[r]] = -1;
  }
  /// f(its place among ArrowView's values, among the fronts') for each entry of a block; lower: of a level's
  /// own block those below the diagonal alone.
  template <class F>
  CUGLMM_LANE void each_entry(int k, bool lower, const F& f) const {
    const BorderBlock& block = view_.blocks[k];
    const BorderPlace& place = fronts_.places[k];
    const bool triangle = lower && block.row == block.column;
    for (int r = 0; r < block.rows; ++r)
      for (int c = 0; c < (triangle ? r + 1 : block.columns); ++c)
        f(block.block + r * block.columns + c, place.at + Index{r} * place.down + Index{c} * place.right);
  }
  /// The effect's first use by this node or one after it.
  CUGLMM_HD int first_use(int effect, int node) const {
    int low = fronts_.use_first[effect], high = fronts_.use_first[effect + 1];
    while (low < high) {
      const int middle = low + (high - low) / 2;
      if (fronts_.uses[middle].node < node)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }

  // ---- nodes ----

  /// What the node's elimination leaves in one column of a front: column -= R_lo C0 R_ol of one entry of l.
  CUGLMM_LANE void eliminate(const NodeEntry& use, const int* place, int column,
                             const Lanes<Real>& values) const {
    const ArrowNode& node = view_.nodes[use.node];
    const int q = node.q;
    const int* const effect = view_.list + node.list;
    const Lanes<Real> list = work_.R.from(node.block + q * q), C0 = work_.node.from(node.factored);
    Real scaled[C];
    for (int c = 0; c < q; ++c) {
      Real sum(0.0);
      for (int k = 0; k < q; ++k) sum = fma_(list[Index{use.at} * q + k], C0[k * q + c], sum);
      scaled[c] = sum;
    }
    for (int s = node.list_size - 1; s >= 0 && effect[s] >= view_.border_first; --s) {
      const int row = place[effect[s] - view_.border_first];
      if (row < column) continue;
      Real sum = values[row];
      for (int c = 0; c < q; ++c) sum -= scaled[c] * list[Index{s} * q + c];
      values[row] = sum;
    }
  }

  /// The same column of C by the node's list.
  CUGLMM_LANE void add_products(const NodeEntry& use, const int* place, int column,
                                const Lanes<Real>& values) const {
    const ArrowNode& node = view_.nodes[use.node];
    const int q = node.q;
    const int* const effect = view_.list + node.list;
    const Lanes<Real> list = work_.R.from(node.block + q * q), X = work_.C.from(node.block + q * q);
    const Index at = Index{use.at} * q;
    for (int s = node.list_size - 1; s >= 0 && effect[s] >= view_.border_first; --s) {
      const int row = place[effect[s] - view_.border_first];
      if (row < column) continue;
      const Real value = values[row];
      for (int c = 0; c < q; ++c) {
        X[at + c] = fma_(value, list[Index{s} * q + c], X[at + c]);
        if (s != use.at) X[Index{s} * q + c] = fma_(value, list[at + c], X[Index{s} * q + c]);
      }
    }
  }

  // ---- solutions ----

  /// f(q, first effect, its place, its Lambda) for the levels among a front's own effects.
  template <class F>
  CUGLMM_LANE void each_level(const Front& front, const F& f) const {
    Real Lambda[C * C];
    int factor = -1;
    for (int at = 0; at < front.own;) {
      const int effect = fronts_.rows[front.row + at];
      if (fronts_.factor[effect] != factor)
        level_lambda(shape_, factor = fronts_.factor[effect], theta_, Lambda);
      const int q = shape_.own(factor);
      f(q, view_.border_first + effect, at, static_cast<const Real*>(Lambda));
      at += q;
    }
  }

  /// t = Lambda' g - u of the front's own effects.
  CUGLMM_CALL void gather_own(const Front& front, const Lanes<Real>& g, const Lanes<Real>& u,
                              const Lanes<Real>& t, int columns) const {
    each_level(front, [&](int q, int effect, int at, const Real* Lambda) {
      for (int j = 0; j < columns; ++j) {
        Real in[C], out[C];
        for (int c = 0; c < q; ++c) in[c] = g[Index{effect + c} * columns + j];
        multiply_lower<true>(Lambda, q, in, out);
        for (int c = 0; c < q; ++c)
          t[Index{at + c} * columns + j] = u.at ? Real(out[c] - u[Index{effect + c} * columns + j]) : out[c];
      }
    });
  }
  /// t <- Lambda' t.
  CUGLMM_CALL void scale_own(const Front& front, const Lanes<Real>& t, int columns) const {
    each_level(front, [&](int q, int, int at, const Real* Lambda) {
      scale_node<C, true>(Lambda, q, at, t, t, columns);
    });
  }
  /// v = t, or v -= t; b = Lambda v.
  CUGLMM_CALL void keep_own(const Front& front, const Lanes<Real>& t, const Lanes<Real>& v,
                            const Lanes<Real>& b, bool less, int columns) const {
    each_level(front, [&](int q, int effect, int at, const Real* Lambda) {
      for (Index i = 0; i < Index{q} * columns; ++i) {
        const Real value = t[Index{at} * columns + i];
        const Index to = Index{effect} * columns + i;
        v[to] = less ? Real(v[to] - value) : value;
      }
      scale_node<C>(Lambda, q, effect, v, b, columns);
    });
  }

  /// t <- M^-1 t.
  CUGLMM_CALL void substitute(const Front& front, const Lanes<Real>& t, int columns) const {
    solve_rows(work_.S.from(at_.factored + front.factored), front.own, t, columns);
  }

  CUGLMM_HD Lanes<Real> later_values(const Front& front, int column) const {
    return work_.S.from(front.values + Index{column} * front.size + front.own);
  }
  /// out (by later effect) -= R_lo b.
  CUGLMM_CALL void times_values(const Front& front, const Lanes<Real>& b, const Lanes<Real>& out,
                                int columns) const {
    for (int c = 0; c < front.own; ++c) {
      const Lanes<Real> b_c = own_of(front, c, b, columns), values = later_values(front, c);
      if (columns == 1)
        subtract(out, Real(b_c[0]), values, front.size - front.own);
      else
        for (int r = 0; r < front.size - front.own; ++r)
          subtract(out.from(Index{r} * columns), Real(values[r]), b_c, columns);
    }
  }
  /// t = R_ol known, `known` by later effect.
  CUGLMM_CALL void values_times(const Front& front, const Lanes<Real>& known, const Lanes<Real>& t,
                                int columns) const {
    for (int c = 0; c < front.own; ++c) {
      const Lanes<Real> values = later_values(front, c);
      if (columns == 1) {
        t[c] = dot(values, known, front.size - front.own);
        continue;
      }
      const Lanes<Real> to = t.from(Index{c} * columns);
      zero(to, columns);
      for (int r = 0; r < front.size - front.own; ++r)
        subtract(to, Real(-values[r]), known.from(Index{r} * columns), columns);
    }
  }
  CUGLMM_HD Lanes<Real> own_of(const Front& front, int column, const Lanes<Real>& of, int columns) const {
    return of.from(Index{view_.border_first + fronts_.rows[front.row + column]} * columns);
  }
  /// f(r, the row of `of` that belongs to the r-th later effect).
  template <class F>
  CUGLMM_LANE void each_later(const Later& later, const Lanes<Real>& of, int columns, const F& f) const {
    for (int r = 0; r < later.count; ++r)
      f(r, of.from(Index{view_.border_first + later.effect[r]} * columns));
  }

  const ArrowView& view_;
  const FrontsView& fronts_;
  const AnyShape shape_;
  const ArrowWork<Real>& work_;
  const Real* theta_;
  const Threads& threads_;
  const FrontsLayout at_;
};

}  // namespace cuglmm
