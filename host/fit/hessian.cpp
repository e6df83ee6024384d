#include <host/fit/hessian.hpp>

namespace cuglmm {

Eigen::MatrixXd hessian(Problem& problem, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta,
                        const Eigen::VectorXd& scale) {
  const Eigen::Index m = theta.size(), k = m + beta.size();
  Eigen::VectorXd psi(k);
  psi << theta, beta;
  Eigen::MatrixXd H(k, k);
  const auto gradient = [&](const Eigen::VectorXd& at) {
    return problem.evaluate(at.head(m), at.tail(k - m)).gradient;
  };
  for (Eigen::Index i = 0; i < k; ++i) {
    // A thousandth of a standard error: the truncation is then about 1e-7 of the curvature, as is the
    // rounding.
    const double h = 1e-3 * scale[i], centre = psi[i];
    psi[i] = centre + h;
    H.col(i) = gradient(psi);
    psi[i] = centre - h;
    H.col(i) = (H.col(i) - gradient(psi)) / (2 * h);
    psi[i] = centre;
  }
  return (H + H.transpose()) / 2;
}

}  // namespace cuglmm
