#include <tests/support/criterion.hpp>

#include <tests/reference/laplace.hpp>
#include <tests/reference/linear.hpp>

namespace cuglmm::test {

const char* name(Criterion criterion) {
  switch (criterion) {
    case Criterion::laplace:
      return "laplace";
    case Criterion::joint:
      return "nagq0";
    case Criterion::ml:
      return "ml";
    default:
      return "reml";
  }
}

Model random_model(Criterion criterion, std::uint64_t seed) {
  RandomModelOptions options{.any_structure = true};
  if (is_linear(criterion)) options.family = FamilyKind::gaussian;
  return random_model(seed, options);
}

PlanOptions plan_options(Criterion criterion, bool collapse) {
  return {.collapse = collapse,
          .reml = criterion != Criterion::ml,
          .nagq = criterion == Criterion::joint ? 0 : 1};
}

Expected expected(Criterion criterion, const Model& model, const Psi& psi) {
  if (is_linear(criterion)) {
    const reference::Linear f = reference::linear(model, psi.theta, criterion == Criterion::reml);
    return {f.criterion, f.sigma, f.gradient, f.beta, f.u, f.G, reference::modes(model, psi.theta, f.u),
            f.variance,  f.vcov};
  }
  const reference::Laplace f = criterion == Criterion::joint ? reference::joint(model, psi.theta)
                                                             : reference::laplace(model, psi.theta, psi.beta);
  return {f.minus2_log_likelihood,
          1,
          f.gradient,
          f.beta,
          f.u,
          f.G,
          reference::modes(model, psi.theta, f.u),
          reference::conditional_variances(model, psi.theta, f.beta),
          reference::vcov_rx(model, psi.theta, f.beta)};
}

}  // namespace cuglmm::test
