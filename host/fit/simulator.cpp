#include <host/fit/simulator.hpp>

#include <cuglmm/plan.hpp>

namespace cuglmm {

Simulator::Simulator(const Fit& fit)
    : collapsed_(fit.plan->data().collapsed ? nullptr : std::make_unique<PlanData>(*fit.model, true)),
      plan_(collapsed_ ? collapsed_.get() : &fit.plan->data()),
      psi_(fit.theta.size() + fit.beta.size()) {
  psi_ << fit.theta, fit.beta;
}

}  // namespace cuglmm
