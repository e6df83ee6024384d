#include <host/fit/replicate_start.hpp>

namespace cuglmm {

ModeStart replicate_start(const Fit& fit, const PlanData& plan) {
  if (plan.view.shape != KernelShape::one_unit) return {};
  const double theta = fit.theta[0];
  if (!(theta > 0 && theta < 1)) return {};
  ModeStart start;
  start.zy = plan.sums(*fit.model, fit.model->y).zy;
  for (const ComponentData& component : plan.components) {
    const auto level = static_cast<Eigen::Index>(component.u_number[0]);
    const double sd = fit.modes_sd[0](level, 0);  // of b: sd^2 = theta^2 / H
    start.u.push_back(fit.modes[0](level, 0) / theta);
    start.factor.push_back(sd * sd / theta);
  }
  return start;
}

}  // namespace cuglmm
