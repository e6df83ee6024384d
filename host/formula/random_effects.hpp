/// Random-effects terms: what the bars and slashes of `(e || a/b)` mean.
#pragma once

#include <string_view>
#include <vector>

#include "cuglmm/formula.hpp"
#include "host/data/expression.hpp"

namespace cuglmm {

/// The terms lme4 makes of `(effects | group)` or `(effects || group)`. `source` is the formula as written.
std::vector<Formula::RandomEffects> expand_bar(const Expression& bar, std::string_view source);

/// A formula with (x || g) written out as ((1 | g) + (0 + x | g)), which is how lmer, but not glmer, keeps
/// it.
ExpressionPtr expand_double_bars(const ExpressionPtr& formula, std::string_view source);

}  // namespace cuglmm
