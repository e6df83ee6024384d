/// Model: formula x data = matrices (design.md 1).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <cuglmm/data.hpp>
#include <cuglmm/family.hpp>
#include <cuglmm/formula.hpp>

namespace cuglmm {

enum class Contrasts { treatment, sum, helmert, poly };

struct ModelOptions {
  std::string weights;                         ///< expression: prior weights ("" for none)
  std::string offset;                          ///< expression, added to offset() terms of the formula
  std::map<std::string, Contrasts> contrasts;  ///< by factor; default treatment, ordered factors poly
  bool fail_on_missing = false;                ///< --na fail
};

/// A grouping factor; levels that no row in use has are dropped, the order is that of the data's levels
/// (for an interaction: as R's `a:b`, first factor slowest).
struct GroupingFactor {
  std::string name;  ///< "school", "cask:batch"
  std::vector<std::string> levels;
  std::vector<int> codes;  ///< n: level of each row
};

/// One random-effects term `(columns | factor)`, with its own q_j x q_j template Lambda_j.
struct RandomTerm {
  int factor = 0;                    ///< index into Model::factors
  std::vector<std::string> columns;  ///< "(Intercept)", "Days": q_j names
  Eigen::MatrixXd Z;                 ///< n x q_j: the term's model matrix
  int size() const { return static_cast<int>(columns.size()); }
  int theta_size() const { return size() * (size() + 1) / 2; }
};

/// Everything the engine needs, for the n rows in use. Const once made.
struct Model {
  /// Builds the matrices. Throws Error (variable not found, response outside the family's range, a factor
  /// with one level, all rows missing, ..) that says what, where and what to do.
  Model(const Formula& formula, const Data& data, const Family& family, const ModelOptions& options = {});
  Model(const std::string& text, const Data& data, const Family& f, const ModelOptions& options = {})
      : Model(Formula(text), data, f, options) {}

  Formula formula;
  Family family;
  std::string data_source;
  std::string weights_expression, offset_expression;  ///< as in ModelOptions

  Eigen::MatrixXd X;                         ///< n x p, full column rank
  std::vector<std::string> fixed_names;      ///< p, as R names them
  Eigen::VectorXd y;                         ///< n: binomial: proportion of successes; else the response
  Eigen::VectorXd weights;                   ///< n: prior weights p_i: binomial: number of trials (0 allowed)
  Eigen::VectorXd offset;                    ///< n
  std::vector<RandomTerm> terms;             ///< lme4's order: descending number of levels; ties as lme4
  std::vector<GroupingFactor> factors;       ///< in order of first use by terms
  std::vector<std::string> dropped_columns;  ///< aliased columns of X, as lme4 drops them
  std::int64_t dropped_rows = 0;             ///< with missing values
  std::vector<std::int64_t> row_numbers;     ///< n: data row of the file, from 1
  std::vector<std::string> messages;         ///< what lme4 would say in a message or warning
  /// What "success" and "failure" are, where the response is a two-level factor (else empty).
  std::string success_level;

  std::int64_t rows() const { return y.size(); }
  bool is_linear() const { return family.is_linear(); }
  int theta_size() const;  ///< m
  /// lme4's names: "school.(Intercept)", "school.standLRT.(Intercept)", "school.standLRT".
  std::vector<std::string> theta_names() const;
};

}  // namespace cuglmm
