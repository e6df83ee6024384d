#include <host/fit/simulator.hpp>

#include <cuglmm/plan.hpp>

namespace cuglmm {

Simulator::Simulator(const Fit& fit, const std::string& simd)
    : collapsed_(fit.plan->data().collapsed ? nullptr : std::make_unique<PlanData>(*fit.model, true)),
      engine_(make_engine(collapsed_ ? *collapsed_ : fit.plan->data(), "cpu", simd, 1)),
      psi_(fit.theta.size() + fit.beta.size()) {
  psi_ << fit.theta, fit.beta;
}

}  // namespace cuglmm
