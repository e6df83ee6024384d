/// The border of one problem without its factor: solutions by conjugate gradients, the inverse estimated with
/// random probes (design.md 2). For borders whose factor and inverse take seconds, on the way to the optimum.
#pragma once

#include <Eigen/Core>
#include <vector>

#include <kernels/border.hpp>

namespace cuglmm {

class Probes {
 public:
  /// n: size of the border. small: those of its effects, few, that many rows have, such as the levels of a
  /// small factor. Takes 4 n^2 bytes.
  Probes(int n, std::vector<int> small);
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;

  /// S is the matrix given to factor(), D its diagonal. solve() has S^-1 x to four digits, or NaN where the
  /// steps did not suffice. invert() leaves an estimate of S^-1: of the small effects its columns, and of the
  /// inverse of the others' block, S_1, D_1^-1 + (E Z' + Z E') / (2 probes), E = S_1^-1 Z - D_1^-1 Z, whose
  /// expectation over the random signs Z is S_1^-1, and which is precise where S_1 is nearly diagonal. The
  /// signs are the same at every call, so that what is computed with them is smooth in the parameters.
  /// factor() knows no determinant and returns 0, NaN where S is seen not to be positive definite.
  const DenseFunctions& functions() const { return functions_; }

 private:
  using Matrix = Eigen::MatrixXf;  ///< of vectors: one in each row

  double factor(const double* A, int threads);
  void read(const double* A, int threads);
  bool eliminate_small();
  void invert(double* A, int threads) const;
  void solve(double* x, int columns, int threads) const;
  Matrix solution(const Matrix& right, float accuracy, int threads) const;
  Matrix times_M_inverse(const Matrix& x) const;
  Matrix times_beside(const Matrix& x, int threads) const;
  Matrix times_O(const Matrix& x, int threads) const;
  Eigen::MatrixXd precise_solution(const Eigen::MatrixXd& x, int threads) const;

  const DenseFunctions functions_;
  // S = M + O; O is what stands beside the diagonal among the effects that are not small.
  const std::vector<int> small_;
  Matrix beside_;                        ///< S without its diagonal
  Eigen::RowVectorXd diagonal_;          ///< of S
  Eigen::MatrixXd small_columns_;        ///< n x small: those of S
  Eigen::RowVectorXd inverse_diagonal_;  ///< 0 of the small effects
  Eigen::MatrixXd W_, H_;                ///< n x small, small x small: M^-1 = inverse diagonal + W H W'
  Matrix W_float_, H_float_;
  const Matrix signs_;  ///< Z'
};

}  // namespace cuglmm
