#include <host/engine/probes.hpp>

#include <algorithm>
#include <limits>
#include <random>

#include <host/engine/blas.hpp>
#include <host/engine/dense.hpp>
#include <host/engine/parallel.hpp>

namespace cuglmm {
namespace {

constexpr int kProbes = 8;
constexpr int kMostSteps = 200;
constexpr float kAccuracy = 1e-8F;  ///< of the squared residual, scaled by the diagonal

/// Columns at a time: the sums' order does not depend on the threads.
constexpr int kStretch = 128;

/// f(first column, columns).
template <class F>
void by_stretches(int n, int threads, const F& f) {
  parallel_for(threads, (n + kStretch - 1) / kStretch,
               [&](int stretch, int) { f(stretch * kStretch, std::min(kStretch, n - stretch * kStretch)); });
}

Eigen::MatrixXf random_signs(int n) {
  std::mt19937_64 random;
  Eigen::MatrixXf signs(kProbes, n);
  for (int i = 0; i < n; ++i) {
    const auto bits = random();
    for (int k = 0; k < kProbes; ++k) signs(k, i) = (bits >> k & 1) != 0 ? 1 : -1;
  }
  return signs;
}

}  // namespace

Probes::Probes(int n)
    : functions_{this,
                 1,
                 [](void* probes, double* A, int, int threads) {
                   return static_cast<Probes*>(probes)->factor(A, threads);
                 },
                 [](void* probes, double* A, int, int threads) {
                   static_cast<const Probes*>(probes)->invert(A, threads);
                 },
                 [](void* probes, double* x, int, int columns, int threads) {
                   static_cast<const Probes*>(probes)->solve(x, columns, threads);
                 },
                 &define_T},
      O_(n, n),
      signs_(random_signs(n)) {
  one_blas_thread();
}

/// A: its lower triangle, row-major; both triangles of O.
double Probes::factor(const double* A, int threads) {
  const Eigen::Index n = O_.rows();
  const Eigen::Map<const Eigen::MatrixXd> upper(A, n, n);  // column-major
  by_stretches(static_cast<int>(n), threads, [&](int first, int columns) {
    for (int row = 0; row < first; row += kStretch) {
      O_.block(row, first, kStretch, columns) = upper.block(row, first, kStretch, columns).cast<float>();
      O_.block(first, row, columns, kStretch) = O_.block(row, first, kStretch, columns).transpose();
    }
    const Matrix block = upper.block(first, first, columns, columns).cast<float>();
    O_.block(first, first, columns, columns) = block.selfadjointView<Eigen::Upper>();
  });
  O_.diagonal().setZero();
  diagonal_ = upper.diagonal();
  inverse_diagonal_ = diagonal_.cwiseInverse().cast<float>();
  return diagonal_.minCoeff() > 0 ? 0 : std::numeric_limits<double>::quiet_NaN();
}

Probes::Matrix Probes::times_O(const Matrix& x, int threads) const {
  Matrix out(x.rows(), x.cols());
  const int rows = static_cast<int>(x.rows()), n = static_cast<int>(x.cols());
  const float one = 1, zero = 0;
  by_stretches(n, threads, [&](int first, int columns) {
    sgemm_("N", "N", &rows, &columns, &n, &one, x.data(), &rows, O_.col(first).data(), &n, &zero,
           out.col(first).data(), &rows);
  });
  return out;
}

/// Conjugate gradients on several right-hand sides in step, scaled by the diagonal.
Probes::Matrix Probes::solution(const Matrix& right, int threads) const {
  const auto products = [](const Matrix& a, const Matrix& b) -> Eigen::ArrayXf {
    return a.cwiseProduct(b).rowwise().sum();
  };
  const auto share = [](const Eigen::ArrayXf& a, const Eigen::ArrayXf& b) -> Eigen::VectorXf {
    return (b > 0).select(a / b, 0);  // of what is solved already: 0
  };
  Matrix x = Matrix::Zero(right.rows(), right.cols()), residual = right;
  Matrix z = residual * inverse_diagonal_.asDiagonal(), direction = z;
  Eigen::ArrayXf weighted = products(residual, z);
  const Eigen::ArrayXf enough = kAccuracy * weighted;
  for (int step = 0; step < kMostSteps; ++step) {
    if ((weighted <= enough).all()) return x;
    const Matrix S_direction = times_O(direction, threads) + direction * diagonal_.cast<float>().asDiagonal();
    const Eigen::VectorXf length = share(weighted, products(direction, S_direction));
    x += length.asDiagonal() * direction;
    residual -= length.asDiagonal() * S_direction;
    z = residual * inverse_diagonal_.asDiagonal();
    const Eigen::ArrayXf next = products(residual, z);
    direction = z + share(next, weighted).asDiagonal() * direction;
    weighted = next;
  }
  return Matrix::Constant(right.rows(), right.cols(), std::numeric_limits<float>::quiet_NaN());
}

void Probes::solve(double* x, int columns, int threads) const {
  Eigen::Map<Eigen::MatrixXd> values(x, columns, O_.cols());
  values = solution(values.cast<float>(), threads).cast<double>();
}

void Probes::invert(double* A, int threads) const {
  const int n = static_cast<int>(O_.cols()), terms = 2 * kProbes;
  const double one = 1, zero = 0;
  const Matrix E = solution(-times_O(signs_ * inverse_diagonal_.asDiagonal(), threads), threads);
  Eigen::MatrixXd left(terms, n), right(terms, n);
  left << E.cast<double>() / terms, signs_.cast<double>();
  right << left.bottomRows(kProbes), left.topRows(kProbes);
  by_stretches(n, threads, [&](int first, int columns) {
    const int rows = first + columns;
    dgemm_("T", "N", &rows, &columns, &terms, &one, left.data(), &terms, right.col(first).data(), &terms,
           &zero, A + std::size_t(first) * n, &n);
  });
  Eigen::Map<Eigen::MatrixXd>(A, n, n).diagonal() += diagonal_.cwiseInverse();
}

}  // namespace cuglmm
