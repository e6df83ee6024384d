/// What the data cannot tell apart: lme4's checks of sizes, and terms that say the same twice.
#pragma once

#include <string>
#include <vector>

#include "cuglmm/model.hpp"

namespace cuglmm {

/// Throws Error where a variance cannot be estimated from so few rows, and adds a message to the model where
/// lme4 fits on though some variances are not identified. `terms` names the model's terms: "(1 | school)".
void check_identifiability(Model& model, const std::vector<std::string>& terms);

}  // namespace cuglmm
