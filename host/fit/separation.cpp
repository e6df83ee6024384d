#include <host/fit/separation.hpp>

#include <algorithm>

#include <Eigen/Eigenvalues>

namespace cuglmm {

bool separated(const PlanData& plan, const Eigen::MatrixXd& information) {
  if (information.size() == 0 || !information.allFinite()) return false;
  // On the scale of unit columns, so that a covariate in large units is not taken for a flat direction.
  const Eigen::VectorXd scale = information.diagonal().cwiseMax(1e-300).cwiseSqrt();
  const Eigen::MatrixXd unit =
      scale.cwiseInverse().asDiagonal() * information * scale.cwiseInverse().asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(unit);
  const Eigen::VectorXd values = eigen.eigenvalues().cwiseMax(1e-14);
  const Eigen::MatrixXd root =  // root root' = information^-1
      scale.cwiseInverse().asDiagonal() * eigen.eigenvectors() *
      values.cwiseSqrt().cwiseInverse().asDiagonal();
  const std::int64_t rows = plan.cells.size();
  constexpr std::int64_t kAtOnce = 256;
  for (std::int64_t first = 0; first < rows; first += kAtOnce) {
    const auto X = plan.X_rows(first, std::min(kAtOnce, rows - first));
    const Eigen::VectorXd uncertainty = (X * root).rowwise().squaredNorm();
    for (Eigen::Index i = 0; i < uncertainty.size(); ++i)
      if (uncertainty[i] > 1e4 && plan.cells.weight[first + i] > 0) return true;
  }
  return false;
}

}  // namespace cuglmm
