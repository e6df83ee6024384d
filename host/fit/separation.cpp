#include <host/fit/separation.hpp>

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
  Eigen::VectorXd x(plan.p);
  for (std::int64_t i = 0; i < plan.cells.size(); ++i) {
    if (!(plan.cells.weight[i] > 0)) continue;
    for (int j = 0; j < plan.p; ++j) x[j] = plan.X[i * plan.p + j];
    if ((root.transpose() * x).squaredNorm() > 1e4) return true;
  }
  return false;
}

}  // namespace cuglmm
