/// Small models drawn at random, to compare the engine with tests/reference on every structure it claims to
/// handle.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cuglmm/model.hpp>

namespace cuglmm::test {

/// Random-effects parts that split into separable components; the variables are those of random_model's data.
const std::vector<std::string>& separable_structures();

/// Those that do not, or only into components with crossed factors inside: crossed factors in twos and
/// threes, partially crossed, crossed with nested, with vector terms, interactions.
const std::vector<std::string>& crossed_structures();

/// All of them.
const std::vector<std::string>& all_structures();

/// One level per row: a linear model refuses that.
bool is_by_row(const std::string& structure);
/// All that are not by row.
std::vector<std::string> linear_structures();

struct RandomModelOptions {
  std::string random_effects = {};  ///< of all_structures(); "" draws one
  bool any_structure = false;       ///< draws of all_structures(), not of separable_structures() alone
  std::optional<FamilyKind> family =
      {};  ///< gaussian, binomial, poisson; one of the last two drawn otherwise
  std::optional<bool> ties =
      {};  ///< covariates with few distinct values, so that rows collapse; drawn otherwise
  int min_rows = 20, max_rows = 200;
};

/// Same seed and options, same model. Also drawn: 0/1 or cbind() responses, prior weights (whole numbers, for
/// gaussian any), an offset, the fixed effects, the size of the groups (unbalanced; some hold one row). The
/// responses follow such a model roughly. Structures with one level per row are not drawn for gaussian.
Model random_model(std::uint64_t seed, const RandomModelOptions& options = {});

struct Psi {
  Eigen::VectorXd theta, beta;
};

/// A parameter to evaluate at; now and then a diagonal of theta is negative. `singular`: the template of one
/// term is 0 or has a rank below q_j, by a column of zeros or by a zero diagonal above or beside other
/// entries. Where beta is profiled, that drawn is of no use.
Psi random_psi(const Model& model, std::uint64_t seed, bool singular = false);

}  // namespace cuglmm::test
