/// Row quantities of a family and link, as design 1.1 states them. One row, scalar, no cleverness.
#pragma once

#include <cuglmm/family.hpp>

namespace cuglmm::reference {

/// At eta, unit dispersion; ' is d/deta.
struct RowTerms {
  double mu = 0;
  double D = 0;           ///< unit deviance times the prior weight
  double s = 0;           ///< score: -(dD/deta) / 2
  double w = 0, dw = 0;   ///< expected weight and w'
  double o = 0, do_ = 0;  ///< observed weight -ds/deta and o'
};

/// y: response (binomial: proportion); p: prior weight (binomial: number of trials).
/// Throws std::invalid_argument for a family or link that section 1 has not been written down for here.
RowTerms row_terms(const Family& family, double y, double p, double eta);

/// -2 log f of the saturated model of this row, at unit dispersion.
double saturated(const Family& family, double y, double p);

}  // namespace cuglmm::reference
