/// Contrast matrices of factors.
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "cuglmm/model.hpp"

namespace cuglmm {

/// levels x columns, and what R appends to the factor's name for each column.
struct Coding {
  Eigen::MatrixXd matrix;
  std::vector<std::string> suffixes;
};

/// R's contr.treatment, contr.sum, contr.helmert, contr.poly. At least two levels.
Coding contrast_coding(Contrasts kind, const std::vector<std::string>& levels);

/// An indicator for every level.
Coding full_coding(const std::vector<std::string>& levels);

}  // namespace cuglmm
