/// The part of the corpus that the program fits, and comparison with what lme4's polished optimum says.
#pragma once

#include <gtest/gtest.h>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <cuglmm/options.hpp>
#include <tests/support/cases.hpp>

namespace cuglmm::test {

/// Laplace and nAGQ = 0 fits of binomial logit and Poisson log models, and linear mixed models.
inline std::vector<Case> cases_in_scope() {
  std::vector<Case> out;
  for (const Case& c : reference_cases()) {
    const bool family = (c.family == "binomial" && c.link == "logit") ||
                        (c.family == "poisson" && c.link == "log") || c.is_linear();
    if (c.stage == "now" && family && c.nagq <= 1 && c.has_expected()) out.push_back(c);
  }
  return out;
}

inline FitOptions fit_options(const Case& c, const std::string& device = "auto") {
  return {.reml = c.reml, .nagq = c.nagq, .device = device};
}

/// 1e-7, or 1e-10 of a large criterion: how well the corpus is known.
inline double criterion_tolerance(double value) { return std::max(1e-7, 1e-10 * std::abs(value)); }

/// sim_separation, sim_quasi_separation: no estimates exist.
inline std::vector<Case> separated_cases() {
  std::vector<Case> out;
  for (const Case& c : reference_cases())
    if (c.data == "sim_separation") out.push_back(c);
  return out;
}

inline std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.id; }

/// jsonlite writes a vector of length one as a scalar.
inline std::vector<double> numbers(const nlohmann::json& json) {
  if (!json.is_array()) return {json.get<double>()};
  return json.get<std::vector<double>>();
}

inline std::vector<std::string> texts(const nlohmann::json& json) {
  if (!json.is_array()) return {json.get<std::string>()};
  return json.get<std::vector<std::string>>();
}

inline Eigen::VectorXd vector_of(const nlohmann::json& json) {
  const std::vector<double> values = numbers(json);
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

/// An array of rows.
inline Eigen::MatrixXd matrix_of(const nlohmann::json& json) {
  Eigen::MatrixXd result(static_cast<Eigen::Index>(json.size()), vector_of(json.at(0)).size());
  for (std::size_t i = 0; i < json.size(); ++i)
    result.row(static_cast<Eigen::Index>(i)) = vector_of(json[i]).transpose();
  return result;
}

/// What condVar_first_level says of a term, the `at`th on its factor: several terms on one are kept by name.
inline Eigen::MatrixXd variance_of_term(const nlohmann::json& group, std::size_t at, const RandomTerm& term) {
  const nlohmann::json& terms = group.at("terms");
  return matrix_of(terms.is_object() ? terms.at(term.columns.front()) : terms.at(at));
}

/// The groups of a case's varcorr as lme4 prints them: a second term on a factor is "Subject.1".
inline std::vector<std::string> printed_groups(const nlohmann::json& varcorr) {
  std::vector<std::string> groups;
  std::map<std::string, int> seen;
  for (const nlohmann::json& term : varcorr) {
    const std::string group = term.at("group");
    const int before = seen[group]++;
    groups.push_back(before == 0 ? group : group + "." + std::to_string(before));
  }
  return groups;
}

/// Each entry within its own tolerance.
template <class Actual, class Tolerance>
void expect_near(const Actual& actual, const std::vector<double>& expected, Tolerance tolerance,
                 const std::string& what) {
  ASSERT_EQ(static_cast<std::size_t>(actual.size()), expected.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(actual[static_cast<long>(i)], expected[i], tolerance(i)) << what << " " << i;
}

}  // namespace cuglmm::test
