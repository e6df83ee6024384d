#include <host/fit/hessian.hpp>

namespace cuglmm {
namespace {

/// Of a standard error: the truncation is then about 1e-7 of the curvature, as is the rounding. One-sided
/// differences are truncated earlier.
constexpr double kCentralStep = 1e-3, kForwardStep = 1e-5;

}  // namespace

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
    const double h = (differences == Differences::central ? kCentralStep : kForwardStep) * scale[i];
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

Eigen::MatrixXd hessian(Engine& engine, Feed& feed, const Eigen::VectorXd& psi,
                        const Eigen::VectorXd& gradient, const Eigen::VectorXd& scale,
                        double mode_tolerance) {
  const Eigen::Index k = psi.size();
  const int width = engine.feed_width();
  const Eigen::VectorXd step = kForwardStep * scale;
  Eigen::MatrixXd points = psi.replicate(1, k), H(k, k), some;
  points.diagonal() += step;
  for (Eigen::Index first = 0; first < k; first += width) {
    feed.count = static_cast<int>(std::min<Eigen::Index>(width, k - first));
    engine.evaluate(feed, points.middleCols(first, feed.count), some, mode_tolerance);
    H.middleCols(first, feed.count) = some;
  }
  H = (H.colwise() - gradient) * step.cwiseInverse().asDiagonal();
  return (H + H.transpose()) / 2;
}

}  // namespace cuglmm
