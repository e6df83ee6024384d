#include <host/fit/hessian.hpp>

namespace cuglmm {

Eigen::MatrixXd hessian(Problem& problem, const Eigen::VectorXd& theta, const Eigen::VectorXd& beta,
                        const Eigen::VectorXd& gradient, const Eigen::VectorXd& scale,
                        Differences differences) {
  const Eigen::Index m = theta.size(), k = m + beta.size();
  Eigen::VectorXd psi(k);
  psi << theta, beta;
  Eigen::MatrixXd H(k, k);
  const auto gradient_at = [&](const Eigen::VectorXd& at) {
    return problem.evaluate(at.head(m), at.tail(k - m)).gradient;
  };
  for (Eigen::Index i = 0; i < k; ++i) {
    const double centre = psi[i];
    // A thousandth of a standard error: the truncation is then about 1e-7 of the curvature, as is the
    // rounding. One-sided differences are truncated earlier.
    const double h = (differences == Differences::central ? 1e-3 : 1e-5) * scale[i];
    psi[i] = centre + h;
    H.col(i) = gradient_at(psi);
    if (differences == Differences::central) {
      psi[i] = centre - h;
      H.col(i) = (H.col(i) - gradient_at(psi)) / (2 * h);
    } else {
      H.col(i) = (H.col(i) - gradient) / h;
    }
    psi[i] = centre;
  }
  return (H + H.transpose()) / 2;
}

}  // namespace cuglmm
