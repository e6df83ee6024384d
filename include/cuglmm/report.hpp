/// Text for people.
#pragma once

#include <string>

#include <cuglmm/fit.hpp>
#include <cuglmm/inference.hpp>

namespace cuglmm {

/// lme4's summary(), with the older lme4's "Estimated scale (compare to 1)".
std::string summary(const Fit& fit);

/// A table of bootstrap intervals, and how many replicates went how.
std::string table(const Intervals& intervals);

}  // namespace cuglmm
