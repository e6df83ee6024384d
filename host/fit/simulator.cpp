#include <host/fit/simulator.hpp>

#include <cuglmm/plan.hpp>

namespace cuglmm {
namespace {

PlanOptions with_collapse(const FitOptions& options) {
  PlanOptions plan = options.plan();
  plan.collapse = true;
  return plan;
}

}  // namespace

Simulator::Simulator(const Fit& fit)
    : collapsed_(fit.plan->data().collapsed || fit.is_linear()
                     ? nullptr
                     : std::make_unique<PlanData>(*fit.model, with_collapse(fit.options))),
      plan_(collapsed_ ? collapsed_.get() : &fit.plan->data()),
      psi_(fit.theta.size() + fit.beta.size()),
      sigma_(fit.sigma) {
  psi_ << fit.theta, fit.beta;
}

}  // namespace cuglmm
