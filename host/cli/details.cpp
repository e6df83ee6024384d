#include <host/cli/details.hpp>

#include <fmt/format.h>

#include <cstdio>

#include <cuglmm/plan.hpp>

namespace cuglmm::cli {

void report_details(const Fit& fit, const Problem& problem) {
  fmt::print(stderr, "{}\n", fit.plan->describe());
  fmt::print(stderr, "{}: {}, {} evaluations, gradient norm {:.3g}\n", fit.device, name(fit.status),
             fit.evaluations, fit.gradient_norm);
  fmt::print(stderr, "seconds: read {:.4f}, plan {:.4f}, fit {:.4f}\n", problem.seconds_read,
             fit.seconds.plan, fit.seconds.fit);
}

}  // namespace cuglmm::cli
