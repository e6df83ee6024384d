#include <host/engine/dense.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <host/engine/blas.hpp>
#include <host/engine/parallel.hpp>

namespace cuglmm {
namespace {

/// Columns of a tile: two fit into a core's second-level cache.
constexpr int kTile = 128;
/// Rows of a triangle's blocks whose inverse takes the place of a substitution, which BLAS does at a quarter
/// of a product's speed.
constexpr int kBlock = 64;
constexpr double kZero = 0, kOne = 1, kMinusOne = -1;

/// The upper triangle of a column-major matrix (the lower one row-major), in tiles.
struct Tiles {
  double* A;
  int n, threads;

  int count() const { return (n + kTile - 1) / kTile; }
  int first(int t) const { return t * kTile; }
  int size(int t) const { return std::min(kTile, n - first(t)); }
  double* at(int row, int column) const { return A + std::size_t(column) * n + row; }
  double* tile(int i, int j) const { return at(first(i), first(j)); }

  /// A = U'U.
  bool factor() const {
    for (int k = 0; k < count(); ++k) {
      const int nk = size(k);
      int info = 0;
      dpotrf_("U", &nk, tile(k, k), &n, &info);
      if (info != 0) return false;
      const std::vector<double> inverses = inverse_blocks(k);
      parallel_for(threads, count() - k - 1, [&](int step, int) { substitute(k, k + 1 + step, inverses); });
      // Column tile by column tile, the whole stretch above its diagonal at once.
      parallel_for(threads, count() - k - 1, [&](int step, int) {
        const int j = count() - 1 - step, nj = size(j), rows = first(j) + nj - first(k + 1);
        dgemm_("T", "N", &rows, &nj, &nk, &kMinusOne, tile(k, k + 1), &n, tile(k, j), &n, &kOne,
               tile(k + 1, j), &n);
      });
    }
    return true;
  }

  /// Of the blocks along the diagonal of a tile of U: kBlock x kBlock each.
  std::vector<double> inverse_blocks(int k) const {
    constexpr int kEntries = kBlock * kBlock;
    std::vector<double> inverses(std::size_t((size(k) + kBlock - 1) / kBlock) * kEntries);
    for (int b = 0; b < size(k); b += kBlock) {
      const int nb = std::min(kBlock, size(k) - b), ld = kBlock, i = first(k) + b;
      double* const inverse = inverses.data() + std::size_t(b / kBlock) * kEntries;
      for (int c = 0; c < nb; ++c) std::copy_n(at(i, i + c), c + 1, inverse + std::size_t(c) * ld);
      int info = 0;
      dtrtri_("U", "N", &nb, inverse, &ld, &info);
    }
    return inverses;
  }

  /// Tile (k, j) <- U_kk^-T times it, block by block.
  void substitute(int k, int j, const std::vector<double>& inverses) const {
    const int nj = size(j), ld = kBlock;
    std::vector<double> block(std::size_t(kBlock) * nj);
    for (int b = 0; b < size(k); b += kBlock) {
      const int nb = std::min(kBlock, size(k) - b), i = first(k) + b;
      double* const to = at(i, first(j));
      if (b > 0)
        dgemm_("T", "N", &nb, &nj, &b, &kMinusOne, at(first(k), i), &n, tile(k, j), &n, &kOne, to, &n);
      for (int c = 0; c < nj; ++c)
        std::copy_n(to + std::size_t(c) * n, nb, block.data() + std::size_t(c) * kBlock);
      dgemm_("T", "N", &nb, &nj, &nb, &kOne, inverses.data() + std::size_t(b) * kBlock, &ld, block.data(),
             &ld, &kZero, to, &n);
    }
  }

  /// U <- V = U^-1, column tiles from the first: V_ij = -(V U)_ij V_jj over the tiles before j.
  void invert_triangle() const {
    std::vector<double> panel(std::size_t(n) * kTile);  // n x kTile: the column tile's -U V_jj
    for (int j = 0; j < count(); ++j) {
      const int nj = size(j);
      int info = 0;
      dtrtri_("U", "N", &nj, tile(j, j), &n, &info);
      parallel_for(threads, j, [&](int i, int) {
        const int ni = size(i);
        double* const to = panel.data() + first(i);
        for (int c = 0; c < nj; ++c) std::copy_n(at(first(i), first(j) + c), ni, to + std::size_t(c) * n);
        dtrmm_("R", "U", "N", "N", &ni, &nj, &kMinusOne, tile(j, j), &n, to, &n);
      });
      parallel_for(threads, j, [&](int i, int) {
        const int ni = size(i), rest = first(j) - first(i) - ni;
        const double* const from = panel.data() + first(i);
        for (int c = 0; c < nj; ++c) std::copy_n(from + std::size_t(c) * n, ni, at(first(i), first(j) + c));
        dtrmm_("L", "U", "N", "N", &ni, &nj, &kOne, tile(i, i), &n, tile(i, j), &n);
        if (rest > 0)
          dgemm_("N", "N", &ni, &nj, &rest, &kOne, tile(i, i + 1), &n, from + ni, &n, &kOne, tile(i, j), &n);
      });
    }
  }

  /// X <- X X', X upper triangular: column tiles from the first.
  void times_transposed() const {
    constexpr int kRows = 3 * kTile;  // at a time
    std::vector<double> diagonal(std::size_t(kTile) * kTile);
    for (int j = 0; j < count(); ++j) {
      const int nj = size(j), rows = first(j) + nj, rest = n - rows;
      for (int c = 0; c < nj; ++c)
        for (int r = 0; r < nj; ++r)
          diagonal[std::size_t(c) * nj + r] = r <= c ? *at(first(j) + r, first(j) + c) : 0;
      for (int c = 0; c < nj; ++c)  // what stands below the diagonal takes part in the product
        for (int r = c + 1; r < nj; ++r) *at(first(j) + r, first(j) + c) = 0;
      parallel_for(threads, (rows + kRows - 1) / kRows, [&](int stretch, int) {
        const int begin = stretch * kRows, ni = std::min(kRows, rows - begin);
        double* const to = at(begin, first(j));
        dtrmm_("R", "U", "T", "N", &ni, &nj, &kOne, diagonal.data(), &nj, to, &n);
        if (rest > 0)
          dgemm_("N", "T", &ni, &nj, &rest, &kOne, at(begin, rows), &n, at(first(j), rows), &n, &kOne, to,
                 &n);
      });
    }
  }
};

double factor(void*, double* A, int n, int threads) {
  return Tiles{A, n, threads}.factor() ? log_determinant(A, n) : std::numeric_limits<double>::quiet_NaN();
}

void invert(void*, double* L, int n, int threads) {
  const Tiles tiles{L, n, threads};
  tiles.invert_triangle();
  tiles.times_transposed();
}

}  // namespace

/// Panels of some nodes' columns: Y = C R_.l, T = R_ll - R_l. Y.
void define_T(const DenseT& nodes, int threads) {
  const int n = nodes.n, q = nodes.q, width = (kTile + q - 1) / q * q;
  const int panels = (nodes.end - nodes.begin + width - 1) / width;
  parallel_for(threads, panels, [&](int panel, int) {
    const int first = nodes.begin + panel * width, columns = std::min(width, nodes.end - first);
    Eigen::MatrixXd R(n, columns), Y(n, columns);
    for (int c = 0; c < columns; ++c)
      for (int i = 0; i < n; ++i) {
        const int row = std::max(i, first + c), column = std::min(i, first + c);
        R(i, c) = nodes.R[(Index{row} * n + column) * nodes.R_stride];
      }
    dsymm_("L", "U", &n, &columns, &kOne, nodes.C, &n, R.data(), &n, &kZero, Y.data(), &n);
    for (int c = 0; c < columns; ++c)
      for (int r = c / q * q; r < c / q * q + q; ++r)
        nodes.T[(first - nodes.begin + c / q * q) * nodes.T_stride + (r % q * q + c % q) * nodes.R_stride] =
            R(first + r, c) - R.col(r).dot(Y.col(c));
  });
}

double log_determinant(const double* L, int n) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += std::log(L[std::size_t(i) * n + i]);
  return 2 * sum;
}

const DenseFunctions& dense_functions() {
  one_blas_thread();
  static constexpr DenseFunctions functions{nullptr, kDenseBorder, &factor, &invert, nullptr, &define_T};
  return functions;
}

}  // namespace cuglmm
