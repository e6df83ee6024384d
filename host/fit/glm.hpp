/// The GLM without random effects: where beta starts (design.md 1.7).
#pragma once

#include <Eigen/Core>

#include <cuglmm/model.hpp>
#include <host/plan/plan_data.hpp>

namespace cuglmm {

/// beta of the GLM on the collapsed rows, by iteratively reweighted least squares; where it does not exist
/// (separation) a finite beta on the way to it.
Eigen::VectorXd glm_start(const Model& model, const PlanData& plan);

}  // namespace cuglmm
