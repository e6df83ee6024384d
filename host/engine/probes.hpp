/// The border of one problem without its factor: solutions by conjugate gradients, the inverse estimated with
/// random probes (design.md 2). For borders whose factor and inverse take seconds, on the way to the optimum.
#pragma once

#include <Eigen/Core>

#include <kernels/border.hpp>

namespace cuglmm {

class Probes {
 public:
  /// n: size of the border. Takes 4 n^2 bytes.
  explicit Probes(int n);
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;

  /// With S = D + O, D its diagonal, the matrix given to factor(): solve() has S^-1 x to four digits, or NaN
  /// where the steps did not suffice; invert() leaves D^-1 + (E Z' + Z E') / (2 probes), E = S^-1 Z - D^-1 Z,
  /// whose expectation over the random signs Z is S^-1, and which is precise where S is nearly diagonal. The
  /// signs are the same at every call, so that what is computed with them is smooth in the parameters.
  /// factor() knows no determinant and returns 0, NaN where a diagonal of S is not positive.
  const DenseFunctions& functions() const { return functions_; }

 private:
  using Matrix = Eigen::MatrixXf;  ///< of vectors: one in each row

  double factor(const double* A, int threads);
  void invert(double* A, int threads) const;
  void solve(double* x, int columns, int threads) const;
  Matrix solution(const Matrix& right, int threads) const;
  Matrix times_O(const Matrix& x, int threads) const;

  const DenseFunctions functions_;
  Matrix O_;
  Eigen::RowVectorXd diagonal_;          ///< D
  Eigen::RowVectorXf inverse_diagonal_;  ///< D^-1
  const Matrix signs_;                   ///< Z'
};

}  // namespace cuglmm
