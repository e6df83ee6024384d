/// The border of an arrow: S = Lambda' R Lambda + I, R = Z'WZ of the border's effects with all others
/// integrated out, dense or in fronts (arrow_fronts.hpp); its factor, inverse and T (see arrow.hpp).
#pragma once

#include <kernels/arrow_fronts.hpp>
#include <kernels/border.hpp>
#include <kernels/covariance.hpp>
#include <kernels/scratch.hpp>
#include <kernels/small_matrix.hpp>

namespace cuglmm {

/// A factor of the border with a diagonal of Lambda below this takes T from its definition: I - H^-1 cancels.
constexpr double kSmallLambda = 1e-3;

/// C: at least the columns of any factor.
template <class Real, class Threads, int C = kMaxPath>
class ArrowBorder {
 public:
  CUGLMM_LANE ArrowBorder(const PlanView& plan, const ArrowWork<Real>& work, const Real* theta,
                          const Threads& threads)
      : plan_(plan),
        view_(plan.arrow),
        shape_(MakeShape<AnyShape>::from(plan)),
        work_(work),
        theta_(theta),
        threads_(threads),
        n_(view_.border),
        dense_(view_.border_functions()) {}

  CUGLMM_HD int size() const { return n_; }
  /// In fronts: not on a GPU.
  CUGLMM_HD bool sparse() const { return C == kMaxPath && view_.sparse(); }
  CUGLMM_HD ArrowFronts<Real, Threads, C> fronts() const { return {plan_, work_, theta_, threads_}; }
  /// One row of the matrix, its entries by number of effect.
  CUGLMM_HD Lanes<Real> row(int r) const { return work_.S.from(Index{r} * n_ - view_.border_first); }

  /// work.S holds R (lower triangle); on return the factor. Adds -log|S|; returns positive definite lanes.
  CUGLMM_CALL Mask<Real> factor(LogProduct<Real>& log_inverse) const {
    if constexpr (C == kMaxPath)
      if (sparse()) return factor_fronts(log_inverse);
    if (any_small()) threads_.each(Index{n_} * n_, [&](Index i) { work_.kept[i] = work_.S[i]; });
    if (all_zero()) return Mask<Real>(true);  // a score start: S = I
    scale<true>();
    threads_.each(n_, [&](Index i) { work_.S[i * n_ + i] += Real(1.0); });
    if (!dense_) return factor_border(work_.S, n_, threads_, log_inverse);
    const Real log_determinant = by_lane(work_.S, Index{n_} * n_, [&](double* A) {
      return dense_->factor(dense_->context, A, n_, threads_.count());
    });
    log_inverse.sum -= log_determinant;
    return finite_(log_determinant);
  }

  /// v = S^-1 (Lambda' g - u), b = Lambda v, of the border's effects (all arrays: by number of effect,
  /// columns wide).
  CUGLMM_CALL void solve(const Lanes<Real>& g, const Lanes<Real>& u, const Lanes<Real>& v,
                         const Lanes<Real>& b, int columns) const {
    if constexpr (C == kMaxPath)
      if (sparse()) return fronts().solve(g, u, v, b, columns);
    each_node([=](int, const Real* Lambda, int q, int at) {
      for (int j = 0; j < columns; ++j) {
        Real in[C], out[C];
        for (int c = 0; c < q; ++c) in[c] = g[Index{at + c} * columns + j];
        multiply_lower<true>(Lambda, q, in, out);
        for (int c = 0; c < q; ++c) {
          const Index i = Index{at + c} * columns + j;
          v[i] = out[c] - (u.at ? Real(u[i]) : Real(0.0));
        }
      }
    });
    const Lanes<Real> x = v.from(Index{view_.border_first} * columns);
    if (!all_zero()) {
      if (!dense_)
        solve_border(work_.S, n_, x, columns, threads_);
      else if (leaves_factor())
        solve_rows(work_.S, n_, x, columns);
      else  // one problem
        dense_->solve(dense_->context, reinterpret_cast<double*>(x.at), n_, columns, threads_.count());
    }
    scale_effects(v, b, columns);
  }

  /// b = Lambda u, or Lambda' u, of the border's effects.
  template <bool Transposed = false>
  CUGLMM_LANE void scale_effects(const Lanes<Real>& u, const Lanes<Real>& b, int columns) const {
    each_node([=](int, const Real* Lambda, int q, int at) {
      scale_node<C, Transposed>(Lambda, q, at, u, b, columns);
    });
  }

  /// b = C g, after invert(); scratch: as long as b.
  CUGLMM_CALL void apply_inverse(const Lanes<Real>& g, const Lanes<Real>& scratch, const Lanes<Real>& b,
                                 int columns) const {
    if (!leaves_factor()) return solve(g, {}, scratch, b, columns);
    const Lanes<Real> in = g.from(Index{view_.border_first} * columns),
                      out = b.from(Index{view_.border_first} * columns);
    if (symmetric())
      threads_.each(n_, [this, in, out, columns](Index i) { apply_row(i, in, out, columns); });
    else
      threads_.once([&] { apply_lower(in, out, columns); });
  }

  /// What factor() leaves is exact, and C after invert() stands in work.S alone.
  CUGLMM_HD bool leaves_factor() const { return !sparse() && (!dense_ || !dense_->solve); }
  /// What factor() leaves is exact, and work.kept is free for it.
  CUGLMM_LANE bool can_keep_factor() const { return sparse() || (leaves_factor() && !any_small()); }

  /// C stands above the diagonal too: not where DenseFunctions leave it, to whom that would be much memory.
  CUGLMM_HD bool symmetric() const { return !dense_; }

  /// work.S: the factor on entry, C = Lambda S^-1 Lambda' on return (see symmetric()); use_T(factor,
  /// first effect, T) for every node, T q x q.
  template <class UseT>
  CUGLMM_CALL void invert(UseT use_T) const {
    if (sparse()) {
      if constexpr (C == kMaxPath) invert_fronts();
    } else {
      invert_dense();
    }
    threads_.once([&] {
      for (int factor = view_.chain; factor < view_.factors; ++factor)
        for (int at = first(factor); at < first(factor + 1); at += shape_.own(factor)) {
          const Lanes<Real> kept = T_of(at);
          Real T[C * C];
          for (int i = 0; i < shape_.own(factor) * shape_.own(factor); ++i) T[i] = kept[i];
          use_T(factor, at, T);
        }
    });
  }

  /// f(factor, its Lambda, q, first effect) for the nodes of the border.
  template <class F>
  CUGLMM_LANE void each_node(const F& f) const {
    Real Lambda[C * C];
    for (int factor = view_.chain; factor < view_.factors; ++factor) {
      level_lambda(shape_, factor, theta_, Lambda);
      const int q = shape_.own(factor), begin = first(factor);
      threads_.each((first(factor + 1) - begin) / q,
                    [&](Index level) { f(factor, Lambda, q, begin + static_cast<int>(level) * q); });
    }
  }

  /// A copy of R is kept for T.
  CUGLMM_LANE bool any_small() const {
    bool any = false;
    for (int factor = view_.chain; factor < view_.factors; ++factor) any = threads_.any(small(factor)) || any;
    return any;
  }

 private:
  CUGLMM_HD int first(int factor) const { return view_.factor_first[factor - view_.chain]; }

  /// Lane after lane by the host: f(theta, values), see FrontFunctions.
  template <class F>
  CUGLMM_CALL Real by_front_lane(const F& f) const {
    double theta[kMaxPath * (kMaxPath + 1) / 2];
    int lane = 0;
    const Index entries = layout(view_.fronts, Index{n_} * view_.border_node).end;
    return by_lane(work_.S, entries, [&](double* values) {
      const double* const lanes = reinterpret_cast<const double*>(theta_);
      for (int i = 0; i < plan_.m; ++i) theta[i] = lanes[i * Lane<Real>::width + lane];
      ++lane;
      return f(static_cast<const double*>(theta), values);
    });
  }
  CUGLMM_CALL Mask<Real> factor_fronts(LogProduct<Real>& log_inverse) const {
    const Real log_determinant = by_front_lane([&](const double* theta, double* values) {
      return view_.fronts.functions->factor(plan_, theta, values, threads_.count());
    });
    log_inverse.sum -= log_determinant;
    return finite_(log_determinant);
  }
  CUGLMM_CALL void invert_fronts() const {
    by_front_lane([&](const double* theta, double* values) {
      view_.fronts.functions->invert(plan_, theta, values, threads_.count());
      return 0.0;
    });
  }

  CUGLMM_CALL void invert_dense() const {
    const bool zero = all_zero();
    if (zero)
      threads_.each(Index{n_} * n_, [&](Index i) { work_.S[i] = Real(0.0); });
    else if (!dense_)
      invert_border(work_.S, n_, threads_);
    else
      by_lane(work_.S, Index{n_} * n_, [&](double* A) {
        dense_->invert(dense_->context, A, n_, threads_.count());
        return 0.0;
      });
    if (!zero) scale<false>();
    if (symmetric()) mirror();
    if (dense_ && !zero) define_T();
    each_node([&](int factor, const Real* Lambda, int q, int at) { keep_T(factor, Lambda, q, at, zero); });
  }

  /// Lanes with a nearly singular Lambda of a factor. T is chosen lane by lane: a problem's bits do not
  /// depend on its neighbours.
  CUGLMM_LANE Mask<Real> small(int factor) const {
    Mask<Real> any(false);
    for (int j = 0; j < plan_.terms; ++j) {
      const TermView& t = plan_.term[j];
      for (int c = 0; t.level == factor && c < t.size; ++c)
        any = or_(any, not_(abs_(theta_[t.theta + lower(c, c, t.size)]) >= kSmallLambda));
    }
    return any;
  }

  CUGLMM_LANE bool all_zero() const {
    Mask<Real> nonzero(false);
    for (int j = 0; j < plan_.terms; ++j) {
      const TermView& t = plan_.term[j];
      for (int i = 0; t.level >= view_.chain && i < t.size * (t.size + 1) / 2; ++i)
        nonzero = or_(nonzero, not_(abs_(theta_[t.theta + i]) <= 0.0));
    }
    return !threads_.any(nonzero);
  }

  CUGLMM_LANE void mirror() const {
    threads_.each(n_, [S = work_.S, n = n_](Index i) {
      for (Index j = 0; j < i; ++j) S[j * n + i] = S[i * n + j];
    });
  }

  /// See apply_inverse(): row i of C in and out.
  CUGLMM_LANE void apply_row(Index i, const Lanes<Real>& in, const Lanes<Real>& out, int columns) const {
    const Lanes<Real> C_row = work_.S.from(i * n_);
    if (columns == 1) {
      out[i] = dot(C_row, in, n_);
      return;
    }
    const Lanes<Real> b = out.from(i * columns);
    zero(b, columns);
    for (Index k = 0; k < n_; ++k) subtract(b, Real(-C_row[k]), in.from(k * columns), columns);
  }
  /// The same where C stands below the diagonal alone.
  CUGLMM_CALL void apply_lower(const Lanes<Real>& in, const Lanes<Real>& out, int columns) const {
    for (int i = 0; i < n_; ++i) {
      const Lanes<Real> C_row = work_.S.from(Index{i} * n_);
      if (columns == 1) {
        const Real g_i = in[i];
        subtract(out, Real(-g_i), C_row, i);
        out[i] = fma_(Real(C_row[i]), g_i, dot(C_row, in, i));
        continue;
      }
      const Lanes<Real> g_i = in.from(Index{i} * columns), b_i = out.from(Index{i} * columns);
      for (int j = 0; j < columns; ++j) b_i[j] = C_row[i] * g_i[j];
      for (int k = 0; k < i; ++k) {
        const Real minus = -C_row[k];
        subtract(b_i, minus, in.from(Index{k} * columns), columns);
        subtract(out.from(Index{k} * columns), minus, g_i, columns);
      }
    }
  }

  /// Where the T of the border's node at `at` is kept.
  CUGLMM_HD Lanes<Real> T_of(int at) const {
    return work_.T.from(Index{at - view_.border_first} * view_.border_node);
  }
  CUGLMM_CALL void keep_T(int factor, const Real* Lambda, int q, int at, bool zero) const {
    Real T[C * C];
    T_of_inverse(Lambda, q, at - view_.border_first, T);
    const Mask<Real> by_definition = small(factor);
    if (any_(by_definition)) {
      Real defined[C * C];
      if (dense_ && !zero)
        for (int i = 0; i < q * q; ++i) defined[i] = T_of(at)[i];
      else
        T_by_definition(q, at - view_.border_first, zero, defined);
      for (int i = 0; i < q * q; ++i) T[i] = select_(by_definition, defined[i], T[i]);
    }
    for (int i = 0; i < q * q; ++i) T_of(at)[i] = T[i];
  }

  CUGLMM_HD Real entry(const Lanes<Real>& A, int r, int c) const {
    return r >= c ? A[Index{r} * n_ + c] : A[Index{c} * n_ + r];
  }

  /// Lambda^-T (I - S^-1) Lambda^-1 of the node at `at`, S^-1 = Lambda^-1 C Lambda^-T: work.S holds C.
  CUGLMM_CALL void T_of_inverse(const Real* Lambda, int q, int at, Real* T) const {
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) T[r * q + c] = entry(work_.S, at + r, at + c);
    const auto both_sides = [&](auto solve_columns) {  // T <- A^-1 T, then the same to the transposed
      for (int pass = 0; pass < 2; ++pass) {
        solve_columns();
        for (int r = 0; r < q; ++r)
          for (int c = 0; c < r; ++c) {
            const Real swapped = T[r * q + c];
            T[r * q + c] = T[c * q + r];
            T[c * q + r] = swapped;
          }
      }
    };
    both_sides([&] {
      for (int c = 0; c < q; ++c)
        for (int r = 0; r < q; ++r) {
          Real sum = T[r * q + c];
          for (int k = 0; k < r; ++k) sum -= Lambda[r * q + k] * T[k * q + c];
          T[r * q + c] = sum / Lambda[r * q + r];
        }
    });
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) T[r * q + c] = Real(r == c ? 1.0 : 0.0) - T[r * q + c];
    both_sides([&] {
      for (int c = 0; c < q; ++c)
        for (int r = q - 1; r >= 0; --r) {
          Real sum = T[r * q + c];
          for (int k = r + 1; k < q; ++k) sum -= Lambda[k * q + r] * T[k * q + c];
          T[r * q + c] = sum / Lambda[r * q + r];
        }
    });
  }

  /// T_by_definition() of the factors that need it, by products of matrices, into T_of().
  CUGLMM_CALL void define_T() const {
    for (int factor = view_.chain; factor < view_.factors; ++factor) {
      if (!any_(small(factor))) continue;
      const int begin = first(factor) - view_.border_first, end = first(factor + 1) - view_.border_first;
      constexpr int width = Lane<Real>::width;
      int lane = 0;
      by_lane(work_.S, Index{n_} * n_, [&](const double* C_lane) {
        dense_->define_T({reinterpret_cast<const double*>(work_.kept.at) + lane, C_lane, n_, begin, end,
                          shape_.own(factor), reinterpret_cast<double*>(T_of(first(factor)).at) + lane, width,
                          Index{width} * view_.border_node},
                         threads_.count());
        ++lane;
        return 0.0;
      });
    }
  }

  /// R_ll - R_l. C R_.l: work.kept holds R, work.S holds C.
  CUGLMM_CALL void T_by_definition(int q, int at, bool zero, Real* T) const {
    for (int r = 0; r < q; ++r)
      for (int c = 0; c < q; ++c) T[r * q + c] = entry(work_.kept, at + r, at + c);
    if (zero) return;
    Real CR[C], R[C];
    for (int i = 0; i < n_; ++i) {
      for (int c = 0; c < q; ++c) {
        CR[c] = Real(0.0);
        R[c] = entry(work_.kept, i, at + c);
      }
      for (int k = 0; k < n_; ++k) {
        const Real value = entry(work_.S, i, k);
        for (int c = 0; c < q; ++c) CR[c] = fma_(value, entry(work_.kept, k, at + c), CR[c]);
      }
      for (int r = 0; r < q; ++r)
        for (int c = 0; c < q; ++c) T[r * q + c] -= R[r] * CR[c];
    }
  }

  /// The blocks of factors f >= g: Lambda_f' S Lambda_g, or (not Transposed) Lambda_f S Lambda_g'.
  template <bool Transposed>
  CUGLMM_CALL void scale() const {
    for (int f = view_.chain; f < view_.factors; ++f)
      for (int g = view_.chain; g <= f; ++g) {
        const int qf = shape_.own(f);
        Real left[C * C], right[C * C];
        level_lambda(shape_, f, theta_, left);
        level_lambda(shape_, g, theta_, right);
        threads_.each((first(f + 1) - first(f)) / qf, [&](Index level) {
          scale_rows<Transposed>(f, first(f) - view_.border_first + static_cast<int>(level) * qf, g, left,
                                 right);
        });
      }
  }
  /// The rows of one node of factor f, from row r on, by factor g.
  template <bool Transposed>
  CUGLMM_LANE void scale_rows(int f, int r, int g, const Real* left, const Real* right) const {
    const int qf = shape_.own(f), qg = shape_.own(g), begin = first(g) - view_.border_first,
              end = f == g ? r + qf : first(g + 1) - view_.border_first;
    if (qf == 1 && qg == 1) {
      const Lanes<Real> at = work_.S.from(Index{r} * n_);
      const Real factor = left[0] * right[0];
      for (int s = begin; s < end; ++s) at[s] *= factor;
    } else {
      for (int s = begin; s < end; s += qg)
        scale_block<Transposed>(work_.S.from(Index{r} * n_ + s), left, qf, right, qg, r == s);
    }
  }

  template <bool Transposed>
  CUGLMM_CALL void scale_block(const Lanes<Real>& A, const Real* left, int qf, const Real* right, int qg,
                               bool diagonal) const {
    Real in[C * C], half[C * C];
    for (int r = 0; r < qf; ++r)
      for (int c = 0; c < qg; ++c)
        in[r * qg + c] = diagonal && c > r ? A[Index{c} * n_ + r] : A[Index{r} * n_ + c];
    for (int c = 0; c < qg; ++c)
      for (int r = 0; r < qf; ++r) {
        Real sum(0.0);
        for (int k = Transposed ? r : 0; k < (Transposed ? qf : r + 1); ++k)
          sum = fma_(left[Transposed ? k * qf + r : r * qf + k], in[k * qg + c], sum);
        half[r * qg + c] = sum;
      }
    for (int r = 0; r < qf; ++r)
      for (int c = 0; c < (diagonal ? r + 1 : qg); ++c) {
        Real sum(0.0);
        for (int k = Transposed ? c : 0; k < (Transposed ? qg : c + 1); ++k)
          sum = fma_(half[r * qg + k], right[Transposed ? k * qg + c : c * qg + k], sum);
        A[Index{r} * n_ + c] = sum;
      }
  }

  /// Of each lane work(values), on its own copy of `size` entries.
  template <class F>
  CUGLMM_LANE Real by_lane(const Lanes<Real>& lanes, Index size, F work) const {
    constexpr int width = Lane<Real>::width;
    Real out(0.0);
    double* each = reinterpret_cast<double*>(&out);
    double* all = reinterpret_cast<double*>(lanes.at);
    if constexpr (width == 1) {
      each[0] = work(all);
    } else {
      for (int lane = 0; lane < width; ++lane) {
        for (Index i = 0; i < size; ++i) work_.matrix[i] = all[i * width + lane];
        each[lane] = work(work_.matrix);
        for (Index i = 0; i < size; ++i) all[i * width + lane] = work_.matrix[i];
      }
    }
    return out;
  }

  const PlanView& plan_;
  const ArrowView& view_;
  const AnyShape shape_;
  const ArrowWork<Real>& work_;
  const Real* theta_;
  const Threads& threads_;
  const int n_;
  const DenseFunctions* dense_;
};

}  // namespace cuglmm
