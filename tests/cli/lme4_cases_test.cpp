// Every case in scope from CSV to JSON through the program; more of each fit in tests/lme4_test.cpp.
#include <gmock/gmock.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tests/cli/program.hpp>
#include <tests/support/lme4_cases.hpp>

namespace cuglmm::test {
namespace {

using Json = nlohmann::json;

std::string kind(Contrasts contrasts) {
  return std::vector<std::string>{"treatment", "sum", "helmert", "poly"}.at(
      static_cast<std::size_t>(contrasts));
}

/// What a user would type.
Words arguments(const Case& c, const Words& more) {
  Words words{"fit", c.formula, "--data", data_file(c.data + ".csv"), "--family", c.family};
  const ReadOptions read = read_options(c.data);
  for (const auto& [column, levels] : read.levels)
    words = words + Words{"--levels", fmt::format("{}={}", column, fmt::join(levels, ","))};
  for (const std::string& column : read.factor) words = words + Words{"--factor", column};
  for (const std::string& column : read.ordered) words = words + Words{"--ordered", column};
  for (const std::string& definition : c.mutate) words = words + Words{"--mutate", definition};
  if (!c.subset.empty()) words = words + Words{"--filter", c.subset};
  if (!c.weights.empty()) words = words + Words{"--weights", c.weights};
  if (!c.offset.empty()) words = words + Words{"--offset", c.offset};
  if (c.is_linear() && !c.reml) words = words + Words{"--ml"};
  if (c.nagq != 1) words = words + Words{"--nagq", std::to_string(c.nagq)};
  for (const auto& [column, contrasts] : c.contrasts)
    words = words + Words{"--contrasts", column + "=" + kind(contrasts)};
  return words + Words{"--json", "-"} + more;
}

Json fit_json(const Case& c, const Words& more = {}) {
  const Result result = run(arguments(c, more));
  EXPECT_EQ(result.status, 0) << result.err;
  return Json::parse(result.out);
}

std::string method(const Case& c) {
  if (c.is_linear()) return c.reml ? "REML" : "ML";
  return c.nagq == 0 ? "PQL-like (nAGQ=0)" : "Laplace";
}

template <class T>
std::vector<T> column(const Json& rows, const char* key) {
  std::vector<T> out;
  for (const Json& row : rows) out.push_back(row.at(key).get<T>());
  return out;
}

class CsvToJson : public testing::TestWithParam<Case> {
 protected:
  const Json& expected_ = GetParam().expected();
};

TEST_P(CsvToJson, EqualsLme4) {
  const Json json = fit_json(GetParam());
  const Json& criterion = json.at("criterion");
  for (const auto& [ours, theirs] : {std::pair{"minus2LogLik", "minus2LogLik"},
                                     {"logLik", "logLik"},
                                     {"AIC", "AIC"},
                                     {"BIC", "BIC"},
                                     {"deviance", "deviance_printed"},
                                     {"df", "npar"},
                                     {"df_residual", "df_resid"}}) {
    const double value = expected_.at(theirs).get<double>();
    EXPECT_NEAR(criterion.at(ours).get<double>(), value, criterion_tolerance(value)) << ours;
  }
  EXPECT_EQ(json.at("method"), method(GetParam()));
  EXPECT_EQ(criterion.at("REML").is_null(), !GetParam().reml);
  EXPECT_EQ(json.at("nobs"), expected_.at("nobs"));
  EXPECT_EQ(json.at("ngroups"), expected_.at("ngroups"));
  EXPECT_EQ(json.at("status"), expected_.at("singular").get<bool>() ? "singular" : "converged");

  EXPECT_EQ(json.at("theta_names").get<Words>(), texts(expected_.at("theta_names")));
  EXPECT_EQ(column<std::string>(json.at("fixed"), "term"), texts(expected_.at("beta_names")));
  const std::vector<double> se =
      numbers(expected_.at(expected_.contains("se_hessian") ? "se_hessian" : "se_rx"));
  const auto within = [&](double units) { return [&se, units](std::size_t i) { return units * se[i]; }; };
  expect_near(column<double>(json.at("fixed"), "estimate"), numbers(expected_.at("beta")), within(1e-4),
              "beta");
  expect_near(column<double>(json.at("fixed"), "std_error"), se, within(1e-3), "std_error");
  if (!expected_.at("singular").get<bool>())
    expect_near(
        json.at("theta").get<std::vector<double>>(), numbers(expected_.at("theta")),
        [](std::size_t) { return 1e-4; }, "theta");

  Words groups, terms;
  std::vector<double> sds;
  const Words printed = printed_groups(expected_.at("varcorr"));
  for (std::size_t j = 0; j < printed.size(); ++j) {
    const Json& term = expected_.at("varcorr").at(j);
    const Words columns = texts(term.at("columns"));
    terms.insert(terms.end(), columns.begin(), columns.end());
    groups.insert(groups.end(), columns.size(), printed[j]);
    for (const double sd : numbers(term.at("sd"))) sds.push_back(sd);
  }
  EXPECT_EQ(column<std::string>(json.at("random"), "group"), groups);
  EXPECT_EQ(column<std::string>(json.at("random"), "term"), terms);
  expect_near(
      column<double>(json.at("random"), "sd"), sds,
      [&](std::size_t i) { return 1e-4 * std::max(1.0, sds[i]); }, "sd");

  const double ssq = expected_.at("pearson_ssq");
  EXPECT_NEAR(json.at("residuals").at("pearson_ss").get<double>() / ssq, 1, 1e-5);
  if (GetParam().is_linear())
    EXPECT_NEAR(json.at("sigma").get<double>() / expected_.at("sigma").get<double>(), 1, 1e-5);
  else
    EXPECT_NEAR(json.at("residuals").at("scale").get<double>(), expected_.at("scale_penalized").get<double>(),
                1e-5);
}

TEST_P(CsvToJson, StandardErrorsMayBeRx) {
  const std::vector<double> se = numbers(expected_.at("se_rx"));
  const Json json = fit_json(GetParam(), {"--se", "rx"});
  expect_near(
      column<double>(json.at("fixed"), "std_error"), se, [&](std::size_t i) { return 1e-3 * se[i]; },
      "std_error");
}

INSTANTIATE_TEST_SUITE_P(Cases, CsvToJson, testing::ValuesIn(cases_in_scope()), case_name);

class SeparatedCsvToJson : public testing::TestWithParam<Case> {};

TEST_P(SeparatedCsvToJson, EndsWithStatusOne) {
  const Result result = run(arguments(GetParam(), {}));
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(Json::parse(result.out).at("status"), "separation");
  EXPECT_EQ(result.err, "cuglmm: the fit ended with status 'separation'; see its messages\n");
}

INSTANTIATE_TEST_SUITE_P(Cases, SeparatedCsvToJson, testing::ValuesIn(separated_cases()), case_name);

}  // namespace
}  // namespace cuglmm::test
