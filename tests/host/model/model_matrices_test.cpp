/// Model against lme4: the names and sizes of every case of the corpus, and all matrices as model_matrices.R
/// has them from lme4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cuglmm/model.hpp"
#include "tests/support/cases.hpp"

namespace cuglmm::test {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using nlohmann::json;
using Strings = std::vector<std::string>;

std::string id_of(const testing::TestParamInfo<Case>& info) { return info.param.id; }

/// X does not depend on the family; those of later work are read as Gaussian.
Family family_of(const Case& c) { return c.stage == "now" ? parse_family(c.family, c.link) : Family{}; }

class ReferenceCase : public testing::TestWithParam<Case> {};

TEST_P(ReferenceCase, HasLme4sNamesAndSizes) {
  const Case& c = GetParam();
  const Model model = make_model(c, family_of(c));
  EXPECT_EQ(model.fixed_names, c.expected().at("beta_names").get<Strings>());
  EXPECT_EQ(model.rows(), c.expected().at("nobs").get<std::int64_t>());
  if (c.expected().contains("theta_names")) {
    EXPECT_EQ(model.theta_names(), c.expected().at("theta_names").get<Strings>());
    EXPECT_EQ(model.theta_size(), static_cast<int>(model.theta_names().size()));
  }
  if (!c.expected().contains("ngroups")) return;
  json ngroups;
  for (const GroupingFactor& factor : model.factors) ngroups[factor.name] = factor.levels.size();
  EXPECT_EQ(ngroups, c.expected().at("ngroups"));
}

/// Cases whose expected results have this key.
std::vector<Case> cases_with(const char* key) {
  std::vector<Case> out;
  for (const Case& c : reference_cases()) {
    if (c.has_expected() && c.expected().contains(key)) out.push_back(c);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Corpus, ReferenceCase, testing::ValuesIn(cases_with("beta_names")), id_of);

class CaseWithModes : public testing::TestWithParam<Case> {};

TEST_P(CaseWithModes, HasTheLevelsOfItsConditionalModes) {
  const Case& c = GetParam();
  const Model model = make_model(c, family_of(c));
  const json& ranef = c.expected().at("ranef");
  ASSERT_EQ(model.factors.size(), ranef.size());
  for (std::size_t f = 0; f < ranef.size(); ++f) {
    const GroupingFactor& factor = model.factors[f];
    const Strings levels = ranef[f].at("levels").get<Strings>();
    EXPECT_EQ(ranef[f].at("group"), factor.name);
    ASSERT_LE(levels.size(), factor.levels.size());
    EXPECT_EQ(
        Strings(factor.levels.begin(), factor.levels.begin() + static_cast<std::ptrdiff_t>(levels.size())),
        levels);
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, CaseWithModes, testing::ValuesIn(cases_with("ranef")), id_of);

std::vector<Case> matrix_cases() {
  std::vector<Case> out;
  const std::string file = CUGLMM_TEST_DATA "/../host/model/model_matrices.json";
  for (const json& c : json::parse(std::ifstream(file))) out.push_back(parse_case(c));
  return out;
}

/// jsonlite writes a vector of length one as a number.
VectorXd numbers(const json& values) {
  if (values.is_number()) return VectorXd::Constant(1, values.get<double>());
  const auto list = values.get<std::vector<double>>();
  return Eigen::Map<const VectorXd>(list.data(), static_cast<Index>(list.size()));
}

/// The four numbers of every column, to 1e-10 of the column's scale.
void expect_matrix(const json& expected, const Strings& names, const MatrixXd& m) {
  EXPECT_EQ(names, expected.at("columns").get<Strings>());
  ASSERT_EQ(names.size(), static_cast<std::size_t>(m.cols()));
  if (names != expected.at("columns").get<Strings>()) return;
  const VectorXd row_number = VectorXd::LinSpaced(m.rows(), 1, static_cast<double>(m.rows()));
  const VectorXd sum = numbers(expected.at("sum")), weighted = numbers(expected.at("weighted"));
  const VectorXd first = numbers(expected.at("first")), last = numbers(expected.at("last"));
  for (Index c = 0; c < m.cols(); ++c) {
    const double scale = m.col(c).cwiseAbs().sum() + 1e-300;
    const std::string& name = names[static_cast<std::size_t>(c)];
    EXPECT_NEAR(m.col(c).sum(), sum(c), 1e-10 * scale) << name;
    EXPECT_NEAR(m.col(c).dot(row_number), weighted(c), 1e-10 * scale * static_cast<double>(m.rows())) << name;
    EXPECT_NEAR(m(0, c), first(c), 1e-10 * scale) << name;
    EXPECT_NEAR(m(m.rows() - 1, c), last(c), 1e-10 * scale) << name;
  }
}

class MatrixCase : public testing::TestWithParam<Case> {};

TEST_P(MatrixCase, HasLme4sMatrices) {
  const Case& c = GetParam();
  const Model model = make_model(c);
  ASSERT_EQ(model.rows(), c.json->at("nobs").get<std::int64_t>());
  expect_matrix(c.json->at("X"), model.fixed_names, model.X);
  EXPECT_EQ(model.dropped_columns, c.json->at("dropped_columns").get<Strings>());
  const json& response = c.json->at("response");
  expect_matrix(response[0], response[0].at("columns"), model.y);
  expect_matrix(response[1], response[1].at("columns"), model.weights);
  expect_matrix(response[2], response[2].at("columns"), model.offset);
}

TEST_P(MatrixCase, HasLme4sRandomEffects) {
  const Case& c = GetParam();
  const Model model = make_model(c);
  const json &terms = c.json->at("terms"), &factors = c.json->at("factors");
  ASSERT_EQ(model.terms.size(), terms.size());
  ASSERT_EQ(model.factors.size(), factors.size());
  for (std::size_t j = 0; j < terms.size(); ++j) {
    EXPECT_EQ(model.terms[j].factor, c.json->at("assign")[j].get<int>());
    EXPECT_EQ(terms[j].at("name"), model.factors[static_cast<std::size_t>(model.terms[j].factor)].name);
    expect_matrix(terms[j], model.terms[j].columns, model.terms[j].Z);
  }
  for (std::size_t f = 0; f < factors.size(); ++f) {
    const GroupingFactor& factor = model.factors[f];
    EXPECT_EQ(factors[f].at("name"), factor.name);
    ASSERT_EQ(factor.levels.size(), factors[f].at("nlevels").get<std::size_t>());
    const Strings levels = factors[f].at("levels").get<Strings>();
    EXPECT_TRUE(std::equal(levels.begin(), levels.end(), factor.levels.begin())) << factor.name;
    double weighted = 0;
    for (std::size_t i = 0; i < factor.codes.size(); ++i)
      weighted += factor.codes[i] * static_cast<double>(i + 1);
    EXPECT_EQ(weighted, factors[f].at("weighted").get<double>()) << factor.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Lme4, MatrixCase, testing::ValuesIn(matrix_cases()), id_of);

}  // namespace
}  // namespace cuglmm::test
