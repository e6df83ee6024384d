#include <host/fit/replicate_start.hpp>

namespace cuglmm {

ReplicateStart::ReplicateStart(const Fit& fit, const PlanData& plan) {
  if (plan.view.shape != KernelShape::one_unit) return;
  const double theta = fit.theta[0];
  if (!(theta > 0 && theta < 1)) return;
  zy_ = plan.sums(*fit.model, fit.model->y).zy;
  for (const ComponentData& component : plan.components) {
    const auto level = static_cast<Eigen::Index>(component.u_number[0]);
    const double sd = fit.modes_sd[0](level, 0);  // of b: sd^2 = theta^2 / H
    u_.push_back(fit.modes[0](level, 0) / theta);
    factor_.push_back(sd * sd / theta);
  }
}

void ReplicateStart::apply(Feed& feed, int width) const {
  for (std::size_t i = 0; i < u_.size(); ++i)
    for (int lane = 0; lane < width; ++lane) {
      const std::size_t at = i * width + lane;
      feed.u[at] = u_[i] + factor_[i] * (feed.zy[at] - zy_[i]);
    }
}

}  // namespace cuglmm
