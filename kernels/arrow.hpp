/// Elimination of an arrow (arrow_view.hpp), lanes in lockstep: factor, solve and invert
///
///     H = Lambda' Z'WZ Lambda + I
///
/// Effects eliminated later stay on the scale of b, so that Lambda enters once, where a node eliminates its
/// own effects o. With R = Z'WZ, everything before o integrated out, and l the node's list:
///
///     M = Lambda' R_oo Lambda + I     J = M^-1 Lambda'     C0 = Lambda J
///     R_ll <- R_ll - R_lo C0 R_ol                        (ancestors' blocks, and the border's matrix)
///
/// and from the border back to the leaves, by the rule of Takahashi, with X = C_ll R_lo and Y = R_ol X,
/// C = Lambda H^-1 Lambda' in the places where R is kept:
///
///     C_lo = -X C0     C_oo = C0 + C0 Y C0     T_oo = R_oo K - K' Y K,  K = I - C0 R_oo
///
/// T = Z'WZ - Z'WZ C Z'WZ (design.md 1.2). In the border T = Lambda^-T (I - H^-1) Lambda^-1, or where Lambda
/// is nearly singular the definition.
#pragma once

#include <kernels/arrow_border.hpp>
#include <kernels/team.hpp>

namespace cuglmm {

/// C: at least the columns of any factor.
template <class Real, class Threads, int C = kMaxPath>
class Arrow {
 public:
  CUGLMM_LANE Arrow(const PlanView& plan, const ArrowWork<Real>& work, const Real* theta,
                    const Threads& threads)
      : view_(plan.arrow),
        shape_(MakeShape<AnyShape>::from(plan)),
        work_(work),
        theta_(theta),
        threads_(threads),
        border_(plan, work, theta, threads) {}

  /// work.R: Z'WZ on entry. Adds -log|H|; returns the lanes where H is positive definite.
  CUGLMM_CALL Mask<Real> factor(LogProduct<Real>& log_inverse) const {
    threads_.parts(view_.part_count, [&](int part) { eliminate(part); });
    Mask<Real> positive(true);
    for (int part = 0; part < view_.part_count; ++part) {
      log_inverse.times(LogProduct<Real>{work_.part_log[2 * part], work_.part_log[2 * part + 1]});
      positive = and_(positive, work_.part_ok[part] > 0.5);
    }
    if (view_.border == 0) return positive;
    form_border();
    return and_(positive, border_.factor(log_inverse));
  }

  /// After factor(): v = H^-1 (Lambda' g - u), b = Lambda v; all effects x columns. u may be null: 0. g:
  /// destroyed.
  CUGLMM_CALL void solve(const Lanes<Real>& g, const Lanes<Real>& u, const Lanes<Real>& v,
                         const Lanes<Real>& b, int columns = 1) const {
    to_border(g, u, v, b, columns);
    if (view_.border > 0) border_.solve(g, u, v, b, columns);
    threads_.parts(view_.part_count, [&](int part) { backward(part, v, b, columns); });
  }

  /// After invert(): b = Lambda H^-1 Lambda' g. g: destroyed; scratch: as long as b.
  CUGLMM_CALL void apply_inverse(const Lanes<Real>& g, const Lanes<Real>& scratch, const Lanes<Real>& b,
                                 int columns = 1) const {
    to_border(g, {}, scratch, b, columns);
    if (view_.border > 0) border_.apply_inverse(g, scratch, b, columns);
    threads_.parts(view_.part_count, [&](int part) { backward(part, scratch, b, columns); });
  }

  /// After factor(): C into work.C. use_T(part, factor, at, T) for each node, T (q x q) of its own effects,
  /// numbers `at` ..; the border's come first, as part `part_count`.
  template <class UseT>
  CUGLMM_LANE void invert(const UseT& use_T) const {
    if (view_.border > 0) {
      border_.invert([&](int factor, int at, const Real* T) { use_T(view_.part_count, factor, at, T); });
      threads_.each(view_.block_count, [&](Index k) { gather(static_cast<int>(k)); });
    }
    threads_.parts(view_.part_count, [&](int part) {
      const ArrowPart& nodes = view_.parts[part];
      if (border_.sparse()) start_products(part);
      for (int n = nodes.node_end - 1; n >= nodes.node_begin; --n) invert_node(view_.nodes[n], part, use_T);
    });
  }

  /// b = Lambda u of all effects.
  CUGLMM_CALL void scale(const Lanes<Real>& u, const Lanes<Real>& b) const { scale_effects<false>(u, b); }
  /// v = Lambda' g of all effects.
  CUGLMM_CALL void scale_transposed(const Lanes<Real>& g, const Lanes<Real>& v) const {
    scale_effects<true>(g, v);
  }

  /// After factor(): the border's factor stands in ArrowWork::S, and ArrowWork::kept holds no copy of R.
  CUGLMM_LANE bool can_keep_factor() const { return border_.can_keep_factor(); }

  CUGLMM_HD const AnyShape& shape() const { return shape_; }

 private:
  static constexpr int kTile = 4;

  // Where a node's parts stand in work.node, from ArrowNode::factored.
  CUGLMM_HD static int J_at(int q) { return q * q; }
  CUGLMM_HD static int M_inverse_at(int q) { return 2 * q * q; }

  /// f(node, its Lambda) for the eliminated nodes of a part, in order.
  template <class F>
  CUGLMM_LANE void each_node(int part, const F& f) const {
    Real Lambda[C * C];
    int factor = -1;
    for (int n = view_.parts[part].node_begin; n < view_.parts[part].node_end; ++n) {
      const ArrowNode& node = view_.nodes[n];
      if (node.factor != factor) level_lambda(shape_, factor = node.factor, theta_, Lambda);
      f(node, Lambda);
    }
  }

  template <bool Transposed>
  CUGLMM_LANE void scale_effects(const Lanes<Real>& u, const Lanes<Real>& b) const {
    threads_.parts(view_.part_count, [&](int part) {
      each_node(part, [&](const ArrowNode& node, const Real* Lambda) {
        scale_node<C, Transposed>(Lambda, node.q, node.u, u, b, 1);
      });
    });
    border_.template scale_effects<Transposed>(u, b, 1);
  }

  /// The forward half of a solution; g of the border then has all else taken out.
  CUGLMM_CALL void to_border(const Lanes<Real>& g, const Lanes<Real>& u, const Lanes<Real>& v,
                             const Lanes<Real>& b, int columns) const {
    const Index border = Index{view_.border} * columns;
    threads_.parts(view_.part_count, [&](int part) {
      zero(work_.part_sums.from(part * border), border);
      forward(part, g, u, v, b, columns);
    });
    add_parts(threads_, view_.part_count, work_.part_sums, border,
              g.from(Index{view_.border_first} * columns));
  }

  CUGLMM_CALL void eliminate(int part) const {
    LogProduct<Real> log;
    Mask<Real> positive(true);
    each_node(part, [&](const ArrowNode& node, const Real* Lambda) {
      positive = and_(positive, factor_node(node, Lambda, log));
      if (node.link_count > 0) update_ancestors(node);
    });
    work_.part_log[2 * part] = log.sum;
    work_.part_log[2 * part + 1] = log.product;
    work_.part_ok[part] = select_(positive, Real(1.0), Real(0.0));
  }

  CUGLMM_CALL Mask<Real> factor_node(const ArrowNode& node, const Real* Lambda, LogProduct<Real>& log) const {
    const int q = node.q;
    const Lanes<Real> R = work_.R.from(node.block), out = work_.node.from(node.factored);
    if (q == 1) {
      const Real inverse = 1.0 / fma_(Lambda[0] * Lambda[0], R[0], Real(1.0));
      log.times(inverse);
      log.flush();
      out[0] = Lambda[0] * Lambda[0] * inverse;
      out[1] = Lambda[0] * inverse;
      out[2] = inverse;
      return inverse > 0.0;
    }
    Real M[C * C], RL[C * C];
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < r; ++c) R[c * q + r] = R[r * q + c];
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) {
        Real sum(0.0);
        for (int k = c; k < q; ++k) sum = fma_(R[r * q + k], Lambda[k * q + c], sum);
        RL[r * q + c] = sum;
      }
    identity_plus_product(Lambda, RL, q, M);
    const Mask<Real> positive = cholesky(M, q);
    for (int c = 0; c < q; ++c) {
      log.times(M[c * q + c]);
      log.flush();
    }
    invert_lower(M, q);
    keep_inverse(M, Lambda, q, out);
    return positive;
  }

  /// M^-1 = L^-T D^-1 L^-1, J and C0 from what invert_lower() leaves.
  CUGLMM_CALL static void keep_inverse(const Real* L, const Real* Lambda, int q, const Lanes<Real>& C0) {
    const Lanes<Real> J = C0.from(J_at(q)), inverse = C0.from(M_inverse_at(q));
    for (int r = 0; r < q; ++r)
      for (int c = 0; c <= r; ++c) {
        Real sum = L[r * q + r];
        if (c < r) sum *= L[r * q + c];
        for (int k = r + 1; k < q; ++k) sum = fma_(L[k * q + r] * L[k * q + k], L[k * q + c], sum);
        inverse[r * q + c] = inverse[c * q + r] = sum;
      }
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) {
        Real sum(0.0);
        for (int k = 0; k <= c; ++k) sum = fma_(inverse[r * q + k], Lambda[c * q + k], sum);
        J[r * q + c] = sum;
      }
    for (int r = 0; r < q; ++r)
      for (int c = 0; c <= r; ++c) {
        Real sum(0.0);
        for (int k = 0; k <= r; ++k) sum = fma_(Lambda[r * q + k], J[k * q + c], sum);
        C0[r * q + c] = C0[c * q + r] = sum;
      }
  }

  /// A row of a q-column block times a q x q matrix.
  CUGLMM_HD static void row_times(const Lanes<Real>& row, const Lanes<Real>& A, int q, Real* out) {
    for (int c = 0; c < q; ++c) {
      Real sum(0.0);
      for (int k = 0; k < q; ++k) sum = fma_(row[k], A[k * q + c], sum);
      out[c] = sum;
    }
  }

  /// f(r, s, place): values of two entries of a node's list, s an ancestor's own effect, r not before it.
  template <class F>
  CUGLMM_LANE void each_ancestor_pair(const ArrowNode& node, const F& f) const {
    for (int k = 0; k < node.link_count; ++k) {
      const ArrowLink& link = view_.links[node.link + k];
      const Index block = view_.nodes[link.node].block;
      const int q = link.q;
      const int* place = view_.place + link.place;
      for (int r = link.first; r < node.list_size; ++r)
        for (int c = 0; c < q && link.first + c <= r; ++c)
          f(r, link.first + c, block + Index{place[r - link.first]} * q + c);
    }
  }
  /// The first of a node's list that is in the border.
  CUGLMM_HD int first_in_border(const ArrowNode& node) const {
    if (node.link_count == 0) return 0;
    const ArrowLink& root = view_.links[node.link + node.link_count - 1];
    return root.first + root.q;
  }

  CUGLMM_CALL void update_ancestors(const ArrowNode& node) const {
    const int q = node.q;
    const Lanes<Real> list = work_.R.from(node.block + q * q), C0 = work_.node.from(node.factored);
    Real scaled[C];
    int at = -1;
    each_ancestor_pair(node, [&](int r, int s, Index place) {
      if (r != at) row_times(list.from(Index{at = r} * q), C0, q, scaled);
      Real sum = work_.R[place];
      for (int c = 0; c < q; ++c) sum -= scaled[c] * list[Index{s} * q + c];
      work_.R[place] = sum;
    });
  }

  /// The border's matrix; each entry's sum runs over the nodes in order.
  CUGLMM_CALL void form_border() const {
    if constexpr (C == kMaxPath)
      if (border_.sparse()) return border_.fronts().form();
    by_rows([&](int begin, int end) { start_border(begin, end); });
    if constexpr (Lane<Real>::stretch == 1) {
      for (int k = 0; k < view_.run_count; ++k) {
        const ArrowRun& run = view_.runs[k];
        if (run.alike)
          update_border_by_tiles(run);
        else
          by_rows([&](int begin, int end) { update_border(run, begin, end); });
      }
    } else {
      by_rows([&](int begin, int end) {
        for (int k = 0; k < view_.run_count; ++k) update_border(view_.runs[k], begin, end);
      });
    }
  }
  /// Rows [begin, end) as the border's own blocks make them.
  CUGLMM_CALL void start_border(int begin, int end) const {
    const Index n = view_.border;
    for (Index i = begin * n; i < end * n; ++i) work_.S[i] = Real(0.0);
    for (int k = 0; k < view_.block_count; ++k) {
      const BorderBlock& block = view_.blocks[k];
      for (int r = 0; r < block.rows; ++r)
        for (int c = 0; c < block.columns; ++c)
          if (block.row + r >= begin && block.row + r < end)
            work_.S[(block.row + r) * n + block.column + c] = work_.R[block.block + r * block.columns + c];
    }
  }
  /// f(begin, end) for rows of the border's lower triangle, stretches of equal areas, one for each thread.
  template <class F>
  CUGLMM_LANE void by_rows(const F& f) const {
    const int n = view_.border, stretches = threads_.count();
    threads_.parts(stretches, [&](int stretch) {
      const auto at = [&](int i) { return static_cast<int>(n * sqrt(double(i) / stretches)); };
      f(at(stretch), at(stretch + 1));
    });
  }

  CUGLMM_LANE void update_border(const ArrowRun& run, int begin, int end) const {
    int n = run.node_begin;
    if (run.alike)
      for (; n + kSeveral <= run.node_end; n += kSeveral)
        update_border_by_several(view_.nodes + n, begin, end);
    for (; n < run.node_end; ++n) update_border(view_.nodes[n], begin, end);
  }

  /// The same of a run that is alike.
  CUGLMM_LANE void update_border_by_tiles(const ArrowRun& run) const {
    const int tiles = (view_.nodes[run.node_begin].list_size + kTile - 1) / kTile;
    threads_.each(Index{tiles} * (tiles + 1) / 2, [&](Index tile) {  // of the lower triangle, row by row
      int row = 0, column = static_cast<int>(tile);
      while (column > row) column -= ++row;
      update_tile(run, row * kTile, column * kTile);
    });
  }

  /// kTile x kTile entries, in registers until they are complete.
  CUGLMM_CALL void update_tile(const ArrowRun& run, int row, int column) const {
    const ArrowNode& any = view_.nodes[run.node_begin];
    const int last = any.list_size - 1;
    int r[kTile], c[kTile];
    for (int i = 0; i < kTile; ++i) {
      r[i] = row + i < last ? row + i : last;
      c[i] = column + i < last ? column + i : last;
    }
    Real sum[kTile][kTile];
    for (auto& sums : sum)
      for (Real& entry : sums) entry = Real(0.0);
    const Index block = any.block + 1, factored = any.factored;  // of the others at equal distances
    const Lanes<Real> R = work_.R, factors = work_.node;
    in_groups<4>(run.node_end - run.node_begin, [&](Index n) {
      const Lanes<Real> list = R.from(block + n * Index{last + 2});
      const Real C0 = factors[factored + n * 3];
      Real right[kTile];
      for (int j = 0; j < kTile; ++j) right[j] = list[c[j]];
      for (int i = 0; i < kTile; ++i) {
        const Real left = C0 * list[r[i]];
        for (int j = 0; j < kTile; ++j) sum[i][j] = fma_(left, right[j], sum[i][j]);
      }
    });
    const Lanes<Real> S =
        work_.S.from((view_.list[any.list] - view_.border_first) * (Index{view_.border} + 1));
    for (int i = 0; i < kTile && row + i <= last; ++i)
      for (int j = 0; j < kTile && column + j <= row + i; ++j)
        S[Index{row + i} * view_.border + column + j] -= sum[i][j];
  }
  /// kSeveral nodes of a run that is alike.
  CUGLMM_CALL void update_border_by_several(const ArrowNode* nodes, int begin, int end) const {
    const int first = view_.list[nodes[0].list] - view_.border_first, size = nodes[0].list_size;
    Lanes<Real> list[kSeveral];
    Real factor[kSeveral];
    for (int k = 0; k < kSeveral; ++k) list[k] = work_.R.from(nodes[k].block + 1);
    for (int r = first < begin ? begin - first : 0; r < size && first + r < end; ++r) {
      for (int k = 0; k < kSeveral; ++k) factor[k] = list[k][r] * work_.node[nodes[k].factored];
      subtract_several(work_.S.from(Index{first + r} * view_.border + first), factor, list,
                       whole_stretch<Real>(r + 1, size));
    }
  }

  CUGLMM_CALL void update_border(const ArrowNode& node, int begin, int end) const {
    const int q = node.q, first = first_in_border(node);
    const int* effect = view_.list + node.list;
    const Lanes<Real> list = work_.R.from(node.block + q * q), C0 = work_.node.from(node.factored);
    Real scaled[C];
    for (int r = first; r < node.list_size; ++r) {
      const int at = effect[r] - view_.border_first;
      if (at < begin) continue;
      if (at >= end) break;
      const Lanes<Real> row = border_.row(at);
      if (q == 1) {
        const Real factor = list[r] * C0[0];
        if (effect[r] - effect[first] == r - first)  // one after another: no index to look up
          subtract(row.from(effect[first]), factor, list.from(first),
                   whole_stretch<Real>(r - first + 1, node.list_size - first));
        else
          for (int s = first; s <= r; ++s) row[effect[s]] -= factor * list[s];
        continue;
      }
      row_times(list.from(Index{r} * q), C0, q, scaled);
      for (int s = first; s <= r; ++s) {
        Real sum = row[effect[s]];
        for (int c = 0; c < q; ++c) sum -= scaled[c] * list[Index{s} * q + c];
        row[effect[s]] = sum;
      }
    }
  }

  /// v_o = J g_o - M^-1 u_o, b_o = Lambda v_o, as if nothing came later; g_l -= R_lo b_o, the border's into
  /// part_sums.
  CUGLMM_CALL void forward(int part, const Lanes<Real>& g, const Lanes<Real>& u, const Lanes<Real>& v,
                           const Lanes<Real>& b, int columns) const {
    const Lanes<Real> sums =
        work_.part_sums.from((Index{part} * view_.border - view_.border_first) * columns);
    each_node(part, [&](const ArrowNode& node, const Real* Lambda) {
      const int q = node.q;
      const Lanes<Real> R = work_.R.from(node.block), J = work_.node.from(node.factored + J_at(q)),
                        inverse = work_.node.from(node.factored + M_inverse_at(q));
      for (int r = 0; r < q; ++r)
        for (int j = 0; j < columns; ++j) {
          Real sum(0.0);
          for (int c = 0; c < q; ++c) {
            const Index i = Index{node.u + c} * columns + j;
            sum = fma_(J[r * q + c], g[i], sum);
            if (u.at) sum -= inverse[r * q + c] * u[i];
          }
          v[Index{node.u + r} * columns + j] = sum;
        }
      scale_node<C>(Lambda, q, node.u, v, b, columns);
      const int* effect = view_.list + node.list;
      if (node.link_count == 0 && columns == 1 && one_run(node, q)) {
        subtract(sums.from(effect[0]), Real(b[node.u]), R.from(1), node.list_size);
        return;
      }
      for (int r = 0; r < node.list_size; ++r)
        for (int c = 0; c < q; ++c)
          subtract((effect[r] < view_.border_first ? g : sums).from(Index{effect[r]} * columns),
                   Real(R[Index{q + r} * q + c]), b.from(Index{node.u + c} * columns), columns);
    });
  }

  /// v_o -= J R_ol b_l, b_o = Lambda v_o.
  CUGLMM_CALL void backward(int part, const Lanes<Real>& v, const Lanes<Real>& b, int columns) const {
    Real Lambda[C * C];
    int factor = -1;
    for (int n = view_.parts[part].node_end - 1; n >= view_.parts[part].node_begin; --n) {
      const ArrowNode& node = view_.nodes[n];
      const int q = node.q;
      if (node.factor != factor) level_lambda(shape_, factor = node.factor, theta_, Lambda);
      if (q == 1)
        subtract_later(node, v, b, columns);
      else
        for (int j = 0; j < columns; ++j) subtract_later(node, q, v, b, columns, j);
      scale_node<C>(Lambda, q, node.u, v, b, columns);
    }
  }
  /// v_o -= J R_ol b_l of a node of one effect; of one column of several effects.
  CUGLMM_HD void subtract_later(const ArrowNode& node, const Lanes<Real>& v, const Lanes<Real>& b,
                                int columns) const {
    const Lanes<Real> list = work_.R.from(node.block + 1);
    const Real J = work_.node[node.factored + J_at(1)];
    const int* effect = view_.list + node.list;
    if (columns == 1) {
      Real own(0.0);
      if (one_run(node, 1))
        own = dot(list, b.from(effect[0]), node.list_size);
      else
        for (int r = 0; r < node.list_size; ++r) own = fma_(list[r], b[effect[r]], own);
      v[node.u] -= J * own;
      return;
    }
    for (int r = 0; r < node.list_size; ++r)
      subtract(v.from(Index{node.u} * columns), Real(J * list[r]), b.from(Index{effect[r]} * columns),
               columns);
  }
  CUGLMM_LANE void subtract_later(const ArrowNode& node, int q, const Lanes<Real>& v, const Lanes<Real>& b,
                                  int columns, int column) const {
    const Lanes<Real> list = work_.R.from(node.block + q * q), J = work_.node.from(node.factored + J_at(q));
    const int* effect = view_.list + node.list;
    Real own[C];
    for (int c = 0; c < q; ++c) own[c] = Real(0.0);
    for (int r = 0; r < node.list_size; ++r) {
      const Real later = b[Index{effect[r]} * columns + column];
      for (int c = 0; c < q; ++c) own[c] = fma_(list[Index{r} * q + c], later, own[c]);
    }
    for (int r = 0; r < q; ++r) {
      const Index i = Index{node.u + r} * columns + column;
      Real sum = v[i];
      for (int c = 0; c < q; ++c) sum -= J[r * q + c] * own[c];
      v[i] = sum;
    }
  }
  /// The one effect of a node is followed by a list of consecutive effects.
  CUGLMM_HD bool one_run(const ArrowNode& node, int q) const {
    return q == 1 && consecutive(view_.list + node.list, node.list_size);
  }

  /// C of two border nodes that share a row.
  CUGLMM_LANE void gather(int k) const {
    if constexpr (C == kMaxPath)
      if (border_.sparse()) return border_.fronts().gather(k);
    const BorderBlock& block = view_.blocks[k];
    const int n = view_.border;
    for (int r = 0; r < block.rows; ++r)
      for (int c = 0; c < block.columns; ++c) {
        const int row = block.row + r, column = block.column + c;
        work_.C[block.block + r * block.columns + c] =
            work_.S[row >= column ? Index{row} * n + column : Index{column} * n + row];
      }
  }

  /// X of the nodes of a part, in the place of C_lo, as far as it comes of a sparse border.
  CUGLMM_LANE void start_products(int part) const {
    for (int n = view_.parts[part].node_begin; n < view_.parts[part].node_end; ++n) {
      const ArrowNode& node = view_.nodes[n];
      const int q = node.q;
      zero(work_.C.from(node.block + q * q), Index{node.list_size} * q);
    }
    if constexpr (C == kMaxPath) border_.fronts().add_products(part);
  }

  template <class UseT>
  CUGLMM_CALL void invert_node(const ArrowNode& node, int part, const UseT& use_T) const {
    const int q = node.q;
    const Lanes<Real> R = work_.R.from(node.block), C0 = work_.node.from(node.factored);
    const Lanes<Real> C_own = work_.C.from(node.block), X = C_own.from(q * q), list = R.from(q * q);
    if (!border_.sparse()) zero(X, Index{node.list_size} * q);
    const auto add = [&](int r, int s, const Real& value) {  // C_rs of the list
      for (int c = 0; c < q; ++c) {
        X[Index{r} * q + c] = fma_(value, list[Index{s} * q + c], X[Index{r} * q + c]);
        if (r != s) X[Index{s} * q + c] = fma_(value, list[Index{r} * q + c], X[Index{s} * q + c]);
      }
    };
    each_ancestor_pair(node, [&](int r, int s, Index place) { add(r, s, work_.C[place]); });
    if (border_.sparse()) return finish_inverse(node, q, R, C0, C_own, part, use_T);
    const int* effect = view_.list + node.list;
    const int first = first_in_border(node);
    if (q == 1 && border_.symmetric() && consecutive(effect + first, node.list_size - first)) {
      multiply_run(effect[first] - view_.border_first, node.list_size - first, list.from(first),
                   X.from(first));
      return finish_inverse(node, q, R, C0, C_own, part, use_T);
    }
    for (int r = first; r < node.list_size; ++r) {
      const Lanes<Real> row = border_.row(effect[r] - view_.border_first);
      if (q == 1) {
        const Real own = list[r];
        if (effect[r] - effect[first] == r - first) {
          const Lanes<Real> run = row.from(effect[first]);
          subtract(X.from(first), Real(-own), run, r - first);
          X[r] += dot(run, list.from(first), r - first + 1);
          continue;
        }
        Real sum = X[r];
        for (int s = first; s < r; ++s) {
          const Real value = row[effect[s]];
          sum = fma_(value, list[s], sum);
          X[s] = fma_(value, own, X[s]);
        }
        X[r] = fma_(row[effect[r]], own, sum);
        continue;
      }
      for (int s = first; s <= r; ++s) add(r, s, row[effect[s]]);
    }
    finish_inverse(node, q, R, C0, C_own, part, use_T);
  }

  /// X += C list, C of n consecutive effects of the border.
  CUGLMM_CALL void multiply_run(Index at, int n, const Lanes<Real>& list, const Lanes<Real>& X) const {
    const Lanes<Real> C_run = work_.S.from(at * view_.border + at);
    int r = 0;
    for (; r + kSeveral <= n; r += kSeveral) {
      Lanes<Real> row[kSeveral];
      Real sum[kSeveral];
      for (int k = 0; k < kSeveral; ++k) row[k] = C_run.from(Index{r + k} * view_.border);
      dot_several(row, list, n, sum);
      for (int k = 0; k < kSeveral; ++k) X[r + k] += sum[k];
    }
    for (; r < n; ++r) X[r] += dot(C_run.from(Index{r} * view_.border), list, n);
  }

  /// From X in the place of C_lo: Y, T, C_oo, C_lo.
  template <class UseT>
  CUGLMM_CALL void finish_inverse(const ArrowNode& node, int q, const Lanes<Real>& R, const Lanes<Real>& C0,
                                  const Lanes<Real>& C_own, int part, const UseT& use_T) const {
    const Lanes<Real> X = C_own.from(q * q), list = R.from(q * q);
    if (q == 1) {
      const Real c0 = C0[0], y = dot(list, X, node.list_size), k = Real(1.0) - c0 * R[0];
      const Real T = R[0] * k - k * y * k;
      use_T(part, node.factor, node.u, &T);
      C_own[0] = fma_(c0 * c0, y, c0);
      for (int r = 0; r < node.list_size; ++r) X[r] *= -c0;
      return;
    }
    Real Y[C * C], K[C * C], YK[C * C], T[C * C];
    for (int i = 0; i < q * q; ++i) Y[i] = Real(0.0);
    for (int r = 0; r < node.list_size; ++r)
      for (int a = 0; a < q; ++a)
        for (int c = 0; c < q; ++c)
          Y[a * q + c] = fma_(list[Index{r} * q + a], X[Index{r} * q + c], Y[a * q + c]);
    for (int a = 0; a < q; ++a)
      for (int c = 0; c < q; ++c) {
        Real sum(a == c ? 1.0 : 0.0);
        for (int k = 0; k < q; ++k) sum -= C0[a * q + k] * R[k * q + c];
        K[a * q + c] = sum;
      }
    const auto product = [q](const auto& A, const auto& B, int a, int c, bool transposed) {
      Real sum(0.0);
      for (int k = 0; k < q; ++k) sum = fma_(A[transposed ? k * q + a : a * q + k], B[k * q + c], sum);
      return sum;
    };
    for (int a = 0; a < q; ++a)
      for (int c = 0; c < q; ++c) YK[a * q + c] = product(Y, K, a, c, false);
    for (int a = 0; a < q; ++a)
      for (int c = 0; c < q; ++c) T[a * q + c] = product(R, K, a, c, false) - product(K, YK, a, c, true);
    use_T(part, node.factor, node.u, T);
    for (int a = 0; a < q; ++a)
      for (int c = 0; c < q; ++c) YK[a * q + c] = product(Y, C0, a, c, false);
    for (int a = 0; a < q; ++a)
      for (int c = 0; c < q; ++c) C_own[a * q + c] = C0[a * q + c] + product(C0, YK, a, c, false);
    Real row[C];
    for (int r = 0; r < node.list_size; ++r) {
      row_times(X.from(Index{r} * q), C0, q, row);
      for (int c = 0; c < q; ++c) X[Index{r} * q + c] = -row[c];
    }
  }

  const ArrowView& view_;
  const AnyShape shape_;
  const ArrowWork<Real>& work_;
  const Real* theta_;
  const Threads& threads_;
  const ArrowBorder<Real, Threads, C> border_;
};

}  // namespace cuglmm
