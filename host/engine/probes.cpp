#include <host/engine/probes.hpp>

#include <Eigen/Cholesky>
#include <algorithm>
#include <limits>
#include <random>
#include <utility>

#include <host/engine/blas.hpp>
#include <host/engine/dense.hpp>
#include <host/engine/parallel.hpp>

namespace cuglmm {
namespace {

constexpr int kProbes = 8;
constexpr int kMostSteps = 200;
/// Of the squared residual, in the norm of M^-1: of a solution; of the probes', whose products with the signs
/// are as exact as that is squared.
constexpr float kAccuracy = 1e-8F, kProbeAccuracy = 1e-5F;

Eigen::MatrixXf random_signs(int n) {
  std::mt19937_64 random;
  Eigen::MatrixXf signs(kProbes, n);
  for (int i = 0; i < n; ++i) {
    const auto bits = random();
    for (int k = 0; k < kProbes; ++k) signs(k, i) = (bits >> k & 1) != 0 ? 1 : -1;
  }
  return signs;
}

Eigen::MatrixXd stacked(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b, const Eigen::MatrixXd& c) {
  Eigen::MatrixXd out(a.rows() + b.rows() + c.rows(), a.cols());
  out << a, b, c;
  return out;
}

/// The lower triangle (row-major) of left'right into A.
void products(double* A, const Eigen::MatrixXd& left, const Eigen::MatrixXd& right, int threads) {
  const int n = static_cast<int>(left.cols()), terms = static_cast<int>(left.rows());
  const double one = 1, zero = 0;
  by_stretches(n, threads, [&](int first, int columns) {
    const int rows = first + columns;
    dgemm_("T", "N", &rows, &columns, &terms, &one, left.data(), &terms, right.col(first).data(), &terms,
           &zero, A + std::size_t(first) * n, &n);
  });
}

}  // namespace

Probes::Probes(int n, std::vector<int> small)
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
      small_(std::move(small)),
      beside_(n, n),
      small_columns_(n, small_.size()),
      signs_(random_signs(n)) {
  one_blas_thread();
}

double Probes::factor(const double* A, int threads) {
  read(A, threads);
  return diagonal_.minCoeff() > 0 && eliminate_small() ? 0 : std::numeric_limits<double>::quiet_NaN();
}

/// A: its lower triangle, row-major.
void Probes::read(const double* A, int threads) {
  const Eigen::Index n = beside_.rows();
  const Eigen::Map<const Eigen::MatrixXd> upper(A, n, n);  // column-major
  by_stretches(static_cast<int>(n), threads, [&](int first, int columns) {
    for (int row = 0; row < first; row += kStretch) {
      beside_.block(row, first, kStretch, columns) = upper.block(row, first, kStretch, columns).cast<float>();
      beside_.block(first, row, columns, kStretch) = beside_.block(row, first, kStretch, columns).transpose();
    }
    const Matrix block = upper.block(first, first, columns, columns).cast<float>();
    beside_.block(first, first, columns, columns) = block.selfadjointView<Eigen::Upper>();
  });
  beside_.diagonal().setZero();
  diagonal_ = upper.diagonal();
  for (std::size_t k = 0; k < small_.size(); ++k) {
    const int at = small_[k];
    small_columns_.col(static_cast<Eigen::Index>(k)) << upper.col(at).head(at),
        upper.row(at).tail(n - at).transpose();
  }
}

/// M^-1 by blocks: of the other effects M has the diagonal alone.
bool Probes::eliminate_small() {
  inverse_diagonal_ = diagonal_.cwiseInverse();
  for (const int at : small_) inverse_diagonal_[at] = 0;
  W_ = (-inverse_diagonal_).asDiagonal() * small_columns_;
  for (std::size_t k = 0; k < small_.size(); ++k) W_(small_[k], static_cast<Eigen::Index>(k)) = 1;
  const Eigen::LLT<Eigen::MatrixXd> factor(W_.transpose() * small_columns_);
  if (factor.info() != Eigen::Success) return false;
  H_ = factor.solve(Eigen::MatrixXd::Identity(W_.cols(), W_.cols()));
  W_float_ = W_.cast<float>();
  H_float_ = H_.cast<float>();
  return true;
}

Probes::Matrix Probes::times_M_inverse(const Matrix& x) const {
  return x * inverse_diagonal_.cast<float>().asDiagonal() + (x * W_float_) * H_float_ * W_float_.transpose();
}

Probes::Matrix Probes::times_beside(const Matrix& x, int threads) const {
  Matrix out(x.rows(), x.cols());
  const int rows = static_cast<int>(x.rows()), n = static_cast<int>(x.cols());
  const float one = 1, zero = 0;
  by_stretches(n, threads, [&](int first, int columns) {
    sgemm_("N", "N", &rows, &columns, &n, &one, x.data(), &rows, beside_.col(first).data(), &n, &zero,
           out.col(first).data(), &rows);
  });
  return out;
}

Probes::Matrix Probes::times_O(const Matrix& x, int threads) const {
  const Eigen::RowVectorXf others = (inverse_diagonal_.array() > 0).cast<float>();
  return times_beside(x * others.asDiagonal(), threads) * others.asDiagonal();
}

/// Conjugate gradients on several right-hand sides in step, preconditioned with M.
Probes::Matrix Probes::solution(const Matrix& right, float accuracy, int threads) const {
  const auto sums = [](const Matrix& a, const Matrix& b) -> Eigen::ArrayXf {
    return a.cwiseProduct(b).rowwise().sum();
  };
  const auto share = [](const Eigen::ArrayXf& a, const Eigen::ArrayXf& b) -> Eigen::VectorXf {
    return (b > 0).select(a / b, 0);  // of what is solved already: 0
  };
  Matrix x = Matrix::Zero(right.rows(), right.cols()), residual = right;
  Matrix z = times_M_inverse(residual), direction = z;
  Eigen::ArrayXf weighted = sums(residual, z);
  const Eigen::ArrayXf enough = accuracy * weighted;
  for (int step = 0; step < kMostSteps; ++step) {
    if ((weighted <= enough).all()) return x;
    const Matrix S_direction =
        times_beside(direction, threads) + direction * diagonal_.cast<float>().asDiagonal();
    const Eigen::VectorXf length = share(weighted, sums(direction, S_direction));
    x += length.asDiagonal() * direction;
    residual -= length.asDiagonal() * S_direction;
    z = times_M_inverse(residual);
    const Eigen::ArrayXf next = sums(residual, z);
    direction = z + share(next, weighted).asDiagonal() * direction;
    weighted = next;
  }
  return Matrix::Constant(right.rows(), right.cols(), std::numeric_limits<float>::quiet_NaN());
}

void Probes::solve(double* x, int columns, int threads) const {
  Eigen::Map<Eigen::MatrixXd> values(x, columns, beside_.cols());
  values = solution(values.cast<float>(), kAccuracy, threads).cast<double>();
}

/// S^-1 x = M^-1 x - S^-1 O M^-1 x: its digits are those of what is beside M^-1, so that I - S^-1 of a factor
/// with a tiny variance, where M is nearly I, has as many.
Eigen::MatrixXd Probes::precise_solution(const Eigen::MatrixXd& x, int threads) const {
  const Eigen::MatrixXd first = x * inverse_diagonal_.asDiagonal() + (x * W_) * H_ * W_.transpose();
  return first + solution(-times_O(first.cast<float>(), threads), kProbeAccuracy, threads).cast<double>();
}

/// With C the columns of S^-1 of the small effects and C_2 their rows in it,
///     S^-1 = S_1^-1 + C C_2^-1 C',  S_1^-1 Z = S^-1 Z - C C_2^-1 C'Z.
void Probes::invert(double* A, int threads) const {
  const int n = static_cast<int>(beside_.cols()), small = static_cast<int>(small_.size());
  Eigen::MatrixXd right = Eigen::MatrixXd::Zero(kProbes + small, n);
  right.topRows(kProbes) = signs_.cast<double>();
  for (int k = 0; k < small; ++k) {
    right.col(small_[k]).setZero();
    right(kProbes + k, small_[k]) = 1;
  }
  const Eigen::MatrixXd X = precise_solution(right, threads), Z = right.topRows(kProbes),
                        C = X.bottomRows(small);
  const Eigen::MatrixXd C_2 = C(Eigen::all, small_);
  const Eigen::MatrixXd scaled = ((C_2 + C_2.transpose()) / 2).llt().solve(C);  // C_2^-1 C'
  const Eigen::MatrixXd E =
      X.topRows(kProbes) - (Z * C.transpose()) * scaled - Z * inverse_diagonal_.asDiagonal();
  products(A, stacked(E / (2 * kProbes), Z, scaled), stacked(Z, E / (2 * kProbes), C), threads);
  Eigen::Map<Eigen::MatrixXd>(A, n, n).diagonal() += inverse_diagonal_;
}

}  // namespace cuglmm
