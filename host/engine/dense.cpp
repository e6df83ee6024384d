#include <host/engine/dense.hpp>

#include <algorithm>
#include <vector>

#include <host/engine/parallel.hpp>

// OpenBLAS by its Fortran names. The threads are ours, so that the sums' order does not depend on their
// number.
extern "C" {
void openblas_set_num_threads(int threads);
void dpotrf_(const char* uplo, const int* n, double* A, const int* lda, int* info);
void dtrtri_(const char* uplo, const char* diag, const int* n, double* A, const int* lda, int* info);
void dtrsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,
            const int* n, const double* alpha, const double* A, const int* lda, double* B, const int* ldb);
void dtrmm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,
            const int* n, const double* alpha, const double* A, const int* lda, double* B, const int* ldb);
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const double* alpha, const double* A, const int* lda, const double* B, const int* ldb,
            const double* beta, double* C, const int* ldc);
}

namespace cuglmm {
namespace {

/// Columns of a tile: two fit into a core's second-level cache.
constexpr int kTile = 128;
constexpr double kOne = 1, kMinusOne = -1;

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
      parallel_for(threads, count() - k - 1, [&](int step, int) {
        const int j = k + 1 + step, nj = size(j);
        dtrsm_("L", "U", "T", "N", &nk, &nj, &kOne, tile(k, k), &n, tile(k, j), &n);
      });
      // Column tile by column tile, the whole stretch above its diagonal at once.
      parallel_for(threads, count() - k - 1, [&](int step, int) {
        const int j = count() - 1 - step, nj = size(j), rows = first(j) + nj - first(k + 1);
        dgemm_("T", "N", &rows, &nj, &nk, &kMinusOne, tile(k, k + 1), &n, tile(k, j), &n, &kOne,
               tile(k + 1, j), &n);
      });
    }
    return true;
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

bool factor(void*, double* A, int n, int threads) { return Tiles{A, n, threads}.factor(); }

void invert(void*, double* L, int n, int threads) {
  const Tiles tiles{L, n, threads};
  tiles.invert_triangle();
  tiles.times_transposed();
}

}  // namespace

const DenseFunctions& dense_functions() {
  static const bool alone = (openblas_set_num_threads(1), true);
  static_cast<void>(alone);
  static constexpr DenseFunctions functions{nullptr, kDenseBorder, &factor, &invert};
  return functions;
}

}  // namespace cuglmm
