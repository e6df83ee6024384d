/// R's model.matrix, and the columns lme4 takes out of it.
#pragma once

#include <Eigen/Core>
#include <map>
#include <string>
#include <vector>

#include "cuglmm/model.hpp"
#include "host/formula/terms.hpp"
#include "host/model/frame.hpp"

namespace cuglmm {

struct ModelMatrix {
  Eigen::MatrixXd matrix;          ///< n x p
  std::vector<std::string> names;  ///< p, as R names them
};

/// The columns of the terms, interactions with the first variable's columns varying fastest.
ModelMatrix model_matrix(const Terms& terms, const Frame& frame,
                         const std::map<std::string, Contrasts>& contrasts);

/// Columns that are linear combinations of earlier ones, by lme4's rule (chkRank.drop.cols): the part of a
/// column that is new is shorter than 1e-7 of it.
std::vector<Eigen::Index> aliased_columns(const Eigen::MatrixXd& X);

/// Takes the columns out, and gives their names.
std::vector<std::string> drop_columns(ModelMatrix& X, const std::vector<Eigen::Index>& columns);

}  // namespace cuglmm
