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

struct RandomModelOptions {
  std::string random_effects = {};        ///< of separable_structures(); "" draws one
  std::optional<FamilyKind> family = {};  ///< binomial or poisson; drawn otherwise
  std::optional<bool> ties =
      {};  ///< covariates with few distinct values, so that rows collapse; drawn otherwise
  int min_rows = 20, max_rows = 200;
};

/// Same seed and options, same model. Also drawn: 0/1 or cbind() responses, integer prior weights, an offset,
/// the fixed effects, the size of the groups (unbalanced; some hold one row). The responses follow such a
/// model roughly.
Model random_model(std::uint64_t seed, const RandomModelOptions& options = {});

struct Psi {
  Eigen::VectorXd theta, beta;
};

/// A parameter to evaluate at; now and then a diagonal of theta is negative. `singular`: the template of one
/// term is 0 or has a rank below q_j, by a column of zeros or by a zero diagonal above or beside other
/// entries.
Psi random_psi(const Model& model, std::uint64_t seed, bool singular = false);

}  // namespace cuglmm::test
