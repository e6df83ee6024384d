/// Where PIRLS starts for a replicate or another response.
#pragma once

#include <cuglmm/fit.hpp>
#include <host/engine/engine.hpp>

namespace cuglmm {

/// One Newton step from the original mode with stored sums, u + theta (Z'y - Z'y_original) / H, for models of
/// one random intercept whose effects are small on the scale of eta; empty elsewhere (design.md 2).
ModeStart replicate_start(const Fit& fit, const PlanData& plan);

}  // namespace cuglmm
