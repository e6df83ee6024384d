/// --verbose: how a fit was made.
#pragma once

#include <cuglmm/fit.hpp>
#include <host/cli/problem.hpp>

namespace cuglmm::cli {

void report_details(const Fit& fit, const Problem& problem);

}  // namespace cuglmm::cli
