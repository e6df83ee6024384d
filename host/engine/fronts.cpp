#include <host/engine/fronts.hpp>

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <vector>

#include <host/engine/blas.hpp>
#include <host/engine/parallel.hpp>
#include <kernels/covariance.hpp>
#include <kernels/scratch.hpp>

namespace cuglmm {
namespace {

using Eigen::MatrixXd;
using Matrix = Eigen::Map<MatrixXd>;
using Strided = Eigen::Map<MatrixXd, 0, Eigen::OuterStride<>>;

constexpr double kZero = 0, kOne = 1;

/// One problem's fronts. A front eliminates its own effects o as a node of the chain does
/// (kernels/arrow.hpp), l its later ones.
class Fronts {
 public:
  Fronts(const PlanView& plan, const double* theta, double* values, int threads)
      : view_(plan.arrow.fronts),
        shape_(MakeShape<AnyShape>::from(plan)),
        border_node_(plan.arrow.border_node),
        values_(values),
        threads_(threads),
        at_(layout(view_, Index{plan.arrow.border} * plan.arrow.border_node)) {
    for (int factor = 0; factor < plan.arrow.factors; ++factor) {
      Lambda_.emplace_back(shape_.own(factor) * shape_.own(factor), 0.0);
      level_lambda(shape_, factor, theta, Lambda_.back().data());
    }
  }

  double factor() {
    double log_determinant = 0;
    for (int f = 0; f < view_.count; ++f) {
      log_determinant += eliminate(view_.fronts[f]);
      if (std::isnan(log_determinant)) break;
    }
    return log_determinant;
  }

  void invert() {
    for (int f = view_.count; f-- > 0;) invert(view_.fronts[f]);
  }

 private:
  Strided R_oo(const Front& f) const { return of(f, 0, 0, f.own); }
  Strided R_lo(const Front& f) const { return of(f, 0, f.own, f.size - f.own); }
  Strided C_oo(const Front& f) const { return of(f, at_.C, 0, f.own); }
  Strided C_lo(const Front& f) const { return of(f, at_.C, f.own, f.size - f.own); }
  Strided of(const Front& f, Index array, int row, int rows) const {
    return {values_ + array + f.values + row, rows, f.own, Eigen::OuterStride<>(f.size)};
  }
  /// Upper triangle: M = U'U.
  Matrix U(const Front& f) const { return {values_ + at_.factored + f.factored, f.own, f.own}; }

  /// Columns (of a front's own effects) by Lambda, or by Lambda'.
  template <class Columns>
  void times_Lambda(const Front& f, bool transposed, Columns& A) const {
    each_level(f, [&](int at, int q, const double* Lambda) {
      if (q == 1) {
        A.col(at) *= Lambda[0];
        return;
      }
      const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> L(Lambda,
                                                                                                       q, q);
      const MatrixXd product = A.middleCols(at, q) * (transposed ? MatrixXd(L.transpose()) : MatrixXd(L));
      A.middleCols(at, q) = product;
    });
  }
  /// f(place among the front's own effects, q, Lambda) for each of its levels.
  template <class F>
  void each_level(const Front& front, const F& f) const {
    for (int at = 0; at < front.own;) {
      const int factor = view_.factor[view_.rows[front.row + at]], q = shape_.own(factor);
      f(at, q, Lambda_[factor].data());
      at += q;
    }
  }

  /// Lambda' A Lambda from the lower triangle.
  MatrixXd scaled(const Front& f, MatrixXd A) const {
    times_Lambda(f, false, A);
    A.transposeInPlace();
    times_Lambda(f, false, A);
    return A;
  }

  /// M = Lambda' R_oo Lambda + I, R_ll -= R_lo Lambda M^-1 Lambda' R_ol. Returns log|M|.
  double eliminate(const Front& f) {
    Strided own = R_oo(f);
    own.triangularView<Eigen::StrictlyUpper>() = own.transpose();
    Matrix M = U(f);
    M = scaled(f, own);
    M.diagonal().array() += 1;
    int info = 0;
    dpotrf_("U", &f.own, M.data(), &f.own, &info);
    if (info != 0) return std::numeric_limits<double>::quiet_NaN();
    const int later = f.size - f.own;
    if (later > 0) {
      MatrixXd Y = R_lo(f);  // R_lo Lambda U^-1
      times_Lambda(f, false, Y);
      dtrsm_("R", "U", "N", "N", &later, &f.own, &kOne, M.data(), &f.own, Y.data(), &later);
      MatrixXd update(later, later);
      by_stretches(later, threads_, [&](int first, int columns) {
        const int rows = later - first;
        dgemm_("N", "T", &rows, &columns, &f.own, &kOne, Y.data() + first, &later, Y.data() + first, &later,
               &kZero, &update(first, first), &later);
      });
      each_later_pair(f, 0, [&](int r, int c, Index at) { values_[at] -= update(r, c); });
    }
    return 2 * M.diagonal().array().log().sum();
  }

  /// f(r, c, place in an array of values) for the pairs r >= c of a front's later effects.
  template <class F>
  void each_later_pair(const Front& front, Index array, const F& f) {
    const int* const rows = view_.rows + front.row + front.own;
    const int later = front.size - front.own;
    for (int c = 0; c < later;) {
      const Front& ancestor = view_.fronts[view_.front_of[rows[c]]];
      const int* const in = view_.rows + ancestor.row;
      place_.resize(later);
      for (int r = c, at = 0; r < later; ++r) {
        while (in[at] != rows[r]) ++at;
        place_[r] = at;
      }
      for (; c < later && place_[c] < ancestor.own; ++c) {
        const Index column = array + ancestor.values + Index{place_[c]} * ancestor.size;
        for (int r = c; r < later; ++r) f(r, c, column + place_[r]);
      }
    }
  }

  /// C_lo = -X C0, C_oo = C0 + C0 Y C0, T_oo, from X = C_ll R_lo, Y = R_ol X, C0 = Lambda M^-1 Lambda'.
  void invert(const Front& f) {
    const MatrixXd C0 = own_inverse(f);
    Strided own = C_oo(f), beside = C_lo(f);
    own = C0;
    MatrixXd Y;
    if (f.size > f.own) {
      const MatrixXd X = times_C_ll(f);
      multiply(-1, X, false, C0, 0, beside);
      Y.resize(f.own, f.own);
      multiply(1, R_lo(f), true, X, 0, Y);
      MatrixXd YC0(f.own, f.own);
      multiply(1, Y, false, C0, 0, YC0);
      multiply(1, C0, false, YC0, 1, own);
    }
    keep_T(f, C0, Y);
  }

  /// C0.
  MatrixXd own_inverse(const Front& f) const {
    MatrixXd C0 = U(f);
    int info = 0;
    dpotri_("U", &f.own, C0.data(), &f.own, &info);
    C0.triangularView<Eigen::StrictlyLower>() = C0.transpose();
    times_Lambda(f, true, C0);
    C0.transposeInPlace();
    times_Lambda(f, true, C0);
    return C0;
  }

  /// X.
  MatrixXd times_C_ll(const Front& f) {
    const int later = f.size - f.own;
    MatrixXd C_ll(later, later), X(later, f.own);
    each_later_pair(f, at_.C, [&](int r, int c, Index at) { C_ll(r, c) = values_[at]; });
    const Strided R = R_lo(f);
    by_stretches(f.own, threads_, [&](int first, int columns) {
      dsymm_("L", "L", &later, &columns, &kOne, C_ll.data(), &later, &R(0, first), &f.size, &kZero,
             &X(0, first), &later);
    });
    return X;
  }

  /// T_oo = R_oo K - K' Y K, K = I - C0 R_oo: the blocks of each level. Y: empty where nothing is later.
  void keep_T(const Front& f, const MatrixXd& C0, const MatrixXd& Y) {
    MatrixXd K = MatrixXd::Identity(f.own, f.own), YK = MatrixXd::Zero(f.own, f.own);
    const Strided own = R_oo(f);
    multiply(-1, C0, false, own, 1, K);
    if (Y.size() > 0) multiply(1, Y, false, K, 0, YK);
    each_level(f, [&](int at, int q, const double*) {
      double* const T = values_ + at_.T + Index{view_.rows[f.row + at]} * border_node_;
      for (int r = 0; r < q; ++r)
        for (int c = 0; c < q; ++c)
          T[r * q + c] = own.col(at + r).dot(K.col(at + c)) - K.col(at + r).dot(YK.col(at + c));
    });
  }

  /// C = alpha A B + beta C, or A'B.
  template <class A_, class B_, class C_>
  void multiply(double alpha, const A_& A, bool transposed, const B_& B, double beta, C_& C) const {
    const int m = static_cast<int>(C.rows()), k = static_cast<int>(B.rows());
    const int lda = static_cast<int>(A.outerStride()), ldb = static_cast<int>(B.outerStride()),
              ldc = static_cast<int>(C.outerStride());
    by_stretches(static_cast<int>(C.cols()), threads_, [&](int first, int columns) {
      dgemm_(transposed ? "T" : "N", "N", &m, &columns, &k, &alpha, A.data(), &lda,
             B.data() + Index{first} * ldb, &ldb, &beta, C.data() + Index{first} * ldc, &ldc);
    });
  }

  const FrontsView& view_;
  const AnyShape shape_;
  const int border_node_;
  double* const values_;
  const int threads_;
  const FrontsLayout at_;
  std::vector<std::vector<double>> Lambda_;  ///< by factor
  std::vector<int> place_;
};

}  // namespace

const FrontFunctions& front_functions() {
  one_blas_thread();
  static constexpr FrontFunctions functions{
      [](const PlanView& plan, const double* theta, double* values, int threads) {
        return Fronts(plan, theta, values, threads).factor();
      },
      [](const PlanView& plan, const double* theta, double* values, int threads) {
        Fronts(plan, theta, values, threads).invert();
      }};
  return functions;
}

}  // namespace cuglmm
