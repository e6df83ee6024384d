/// Grouping factors: any column, or an interaction of several, as a factor.
#pragma once

#include "cuglmm/model.hpp"
#include "host/model/frame.hpp"

namespace cuglmm {

/// Levels in the column's order (numbers: ascending); of an interaction as R's `a:b`, first factor slowest;
/// used ones only. Throws Error if there is only one.
GroupingFactor grouping_factor(const Formula::RandomEffects& term, const Frame& frame);

/// lme4's order of terms with these numbers of levels: as written where they do not increase, else descending
/// with ties reversed (mkReTrms: rev(order(nl))), so that a theta has the same order here and there.
std::vector<std::size_t> lme4_order(const std::vector<std::size_t>& levels);

/// True if every level of `fine` lies within one level of `coarse`.
bool nested(const GroupingFactor& fine, const GroupingFactor& coarse);

}  // namespace cuglmm
