// Every fit of the corpus that is in scope against lme4's polished optimum, from the library. The
// same from CSV to JSON through the program: tests/cli/lme4_cases_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include <cuglmm/cuglmm.hpp>
#include <tests/support/evaluate.hpp>
#include <tests/support/lme4_cases.hpp>

namespace cuglmm {
namespace {

using test::Case;
using test::expect_near;
using test::numbers;
using test::texts;
using testing::ElementsAreArray;

const Fit& fit_of(const Case& c) {
  static std::map<std::string, Fit> fits;
  const auto known = fits.find(c.id);
  return known != fits.end()
             ? known->second
             : fits.emplace(c.id, fit(test::make_model(c), test::fit_options(c, test::test_device())))
                   .first->second;
}

/// Sigma_j = Lambda_j Lambda_j', term by term, all entries: determined where theta's signs and rank are not.
Eigen::VectorXd sigmas(const Model& model, const Eigen::VectorXd& theta) {
  std::vector<double> out;
  Eigen::Index k = 0;
  for (const RandomTerm& term : model.terms) {
    Eigen::MatrixXd Lambda = Eigen::MatrixXd::Zero(term.size(), term.size());
    for (int c = 0; c < term.size(); ++c)
      for (int r = c; r < term.size(); ++r) Lambda(r, c) = theta[k++];
    const Eigen::MatrixXd Sigma = Lambda * Lambda.transpose();
    out.insert(out.end(), Sigma.data(), Sigma.data() + Sigma.size());
  }
  return Eigen::Map<Eigen::VectorXd>(out.data(), static_cast<Eigen::Index>(out.size()));
}

/// The modes of all terms on a factor side by side, as lme4's ranef().
Eigen::MatrixXd modes_of_factor(const Fit& fit, const std::string& factor) {
  Eigen::MatrixXd all;
  for (std::size_t j = 0; j < fit.modes.size(); ++j) {
    if (fit.model->factors[static_cast<std::size_t>(fit.model->terms[j].factor)].name != factor) continue;
    Eigen::MatrixXd wider(fit.modes[j].rows(), all.cols() + fit.modes[j].cols());
    if (all.cols() > 0) wider.leftCols(all.cols()) = all;
    wider.rightCols(fit.modes[j].cols()) = fit.modes[j];
    all = wider;
  }
  return all;
}

const GroupingFactor& factor_of(const Fit& fit, const std::string& name) {
  for (const GroupingFactor& factor : fit.model->factors)
    if (factor.name == name) return factor;
  throw std::out_of_range("no factor " + name);
}

class Lme4 : public testing::TestWithParam<Case> {
 protected:
  const Fit& fit_ = fit_of(GetParam());
  const nlohmann::json& expected_ = GetParam().expected();
  double expected(const char* key) const { return expected_.at(key).get<double>(); }
  double sigma() const { return expected_.value("sigma", 1.0); }
  bool singular() const { return expected_.at("singular").get<bool>(); }
};

TEST_P(Lme4, CriteriaEqualThePolishedOptimum) {
  const double tolerance = test::criterion_tolerance(expected("minus2LogLik"));
  EXPECT_NEAR(fit_.minus2_log_likelihood, expected("minus2LogLik"), tolerance);
  EXPECT_NEAR(fit_.log_likelihood(), expected("logLik"), tolerance);
  EXPECT_NEAR(fit_.aic(), expected("AIC"), tolerance);
  EXPECT_NEAR(fit_.bic(), expected("BIC"), tolerance);
  EXPECT_EQ(fit_.is_reml(), GetParam().reml);
  EXPECT_EQ(fit_.df(), expected("npar"));
  EXPECT_EQ(fit_.df_residual(), expected("df_resid"));
  EXPECT_EQ(fit_.rows(), expected("nobs"));
}

TEST_P(Lme4, NamesAreThoseOfR) {
  EXPECT_THAT(fit_.model->fixed_names, ElementsAreArray(texts(expected_.at("beta_names"))));
  EXPECT_THAT(fit_.model->theta_names(), ElementsAreArray(texts(expected_.at("theta_names"))));
  const nlohmann::json& groups = expected_.at("ngroups");
  EXPECT_EQ(fit_.model->factors.size(), groups.size());
  for (const auto& [name, levels] : groups.items())
    EXPECT_EQ(factor_of(fit_, name).levels.size(), levels.get<std::size_t>()) << name;
}

TEST_P(Lme4, EstimatesEqualThePolishedOptimum) {
  const std::vector<double> se = numbers(expected_.at("se_rx")), theta = numbers(expected_.at("theta"));
  expect_near(
      fit_.beta, numbers(expected_.at("beta")), [&](std::size_t i) { return 1e-5 * se[i]; }, "beta");
  if (!singular())
    expect_near(
        fit_.theta, theta, [&](std::size_t i) { return 1e-5 * std::max(1.0, std::abs(theta[i])); }, "theta");
  const Eigen::VectorXd Sigma = sigmas(*fit_.model, test::vector_of(expected_.at("theta")));
  const Eigen::VectorXd ours = sigmas(*fit_.model, fit_.theta);
  EXPECT_LT((ours - Sigma).cwiseAbs().maxCoeff(), 1e-4 * std::max(1.0, std::sqrt(Sigma.maxCoeff())));
  EXPECT_NEAR(fit_.sigma, sigma(), 1e-6 * sigma());
}

TEST_P(Lme4, StandardErrorsAreTheHessianBasedOnesAndOnRequestRx) {
  // Along their flat valleys the covariance changes faster than the deviance.
  const bool valley = GetParam().id == "guprenat_nested" || GetParam().id == "guimmun_nested";
  const double tolerance = valley ? 1e-4 : 1e-5;
  const auto compare = [&](const Eigen::MatrixXd& vcov, const char* se, const char* full) {
    const std::vector<double> expected = numbers(expected_.at(se));
    const Eigen::VectorXd ours = vcov.diagonal().cwiseSqrt();
    expect_near(
        ours, expected, [&](std::size_t i) { return tolerance * expected[i]; }, se);
    const Eigen::MatrixXd all = test::matrix_of(expected_.at(full));
    for (Eigen::Index i = 0; i < vcov.rows(); ++i)
      for (Eigen::Index j = 0; j < vcov.cols(); ++j)
        EXPECT_NEAR(vcov(i, j), all(i, j), 2 * tolerance * ours[i] * ours[j]) << full << " " << i << " " << j;
  };
  compare(fit_.vcov_rx, "se_rx", "vcov_rx");
  if (!expected_.contains("se_hessian")) {  // beta is no parameter of the criterion: there is but one kind
    EXPECT_EQ(fit_.vcov, fit_.vcov_rx);
    return;
  }
  compare(fit_.vcov, "se_hessian", "vcov_hessian");
  FitOptions options = test::fit_options(GetParam(), test::test_device());
  options.se = StandardErrors::rx;
  const Fit rx = fit(*fit_.model, options);
  EXPECT_EQ(rx.vcov, rx.vcov_rx);
}

TEST_P(Lme4, ConditionalModesAreRanef) {
  for (const nlohmann::json& group : expected_.at("ranef")) {
    const Eigen::MatrixXd modes = modes_of_factor(fit_, group.at("group"));
    ASSERT_EQ(modes.rows(), group.at("nlevels").get<Eigen::Index>());
    const double unit = std::max(1.0, modes.cwiseAbs().maxCoeff());
    const auto levels = texts(group.at("levels"));
    for (std::size_t l = 0; l < levels.size(); ++l) {
      EXPECT_EQ(factor_of(fit_, group.at("group")).levels[l], levels[l]);
      const Eigen::VectorXd row = modes.row(static_cast<Eigen::Index>(l));
      expect_near(
          row, numbers(group.at("values").at(l)), [&](std::size_t) { return 1e-5 * unit; }, levels[l]);
    }
    const double n = static_cast<double>(modes.rows());
    const Eigen::VectorXd sum = modes.colwise().sum(), sumsq = modes.colwise().squaredNorm();
    expect_near(
        sum, numbers(group.at("sum")), [&](std::size_t) { return 1e-5 * n * unit; }, "sum");
    expect_near(
        sumsq, numbers(group.at("sumsq")), [&](std::size_t) { return 1e-5 * n * unit * unit; }, "sumsq");
  }
}

TEST_P(Lme4, ConditionalVariancesAreThoseOfRanef) {
  for (const nlohmann::json& group : expected_.at("condVar_first_level")) {
    std::size_t at = 0;
    for (std::size_t j = 0; j < fit_.modes_sd.size(); ++j) {
      const RandomTerm& term = fit_.model->terms[j];
      if (fit_.model->factors[static_cast<std::size_t>(term.factor)].name !=
          group.at("group").get<std::string>())
        continue;
      const Eigen::MatrixXd variance = test::variance_of_term(group, at++, term);
      for (int c = 0; c < term.size(); ++c) {
        const double sd = std::sqrt(variance(c, c));
        EXPECT_NEAR(fit_.modes_sd[j](0, c), sd, 1e-5 * std::max(1.0, sd)) << group.at("group") << " " << c;
      }
    }
    EXPECT_EQ(at, group.at("terms").size());
  }
}

TEST_P(Lme4, VarianceComponentsAreThoseOfVarCorr) {
  const std::vector<std::string> groups = test::printed_groups(expected_.at("varcorr"));
  ASSERT_EQ(fit_.varcorr.size(), groups.size());
  for (std::size_t j = 0; j < fit_.varcorr.size(); ++j) {
    const nlohmann::json& term = expected_.at("varcorr").at(j);
    EXPECT_EQ(fit_.varcorr[j].group, groups[j]);
    EXPECT_THAT(fit_.varcorr[j].columns, ElementsAreArray(texts(term.at("columns"))));
    const std::vector<double> sd = numbers(term.at("sd"));
    // A variance of about 1e-8 is all that tells an sd of 1e-4 from zero.
    const double unit = singular() ? 1e-4 : 1e-5;
    expect_near(
        fit_.varcorr[j].sd, sd, [&](std::size_t i) { return unit * std::max(sigma(), sd[i]); }, "sd");
    for (std::size_t r = 0; r < sd.size(); ++r)
      for (std::size_t c = 0; c < r; ++c)
        EXPECT_NEAR(fit_.varcorr[j].correlation(static_cast<long>(r), static_cast<long>(c)),
                    term.at("corr").at(r).at(c).get<double>(), singular() ? 1e-3 : 1e-4);
  }
}

TEST_P(Lme4, FittedValuesAndResidualsAgree) {
  const std::vector<double> first = numbers(expected_.at("fitted_first10"));
  const Eigen::VectorXd ours = fit_.mu.head(static_cast<Eigen::Index>(first.size()));
  expect_near(
      ours, first, [&](std::size_t i) { return 1e-5 * std::max(1.0, first[i]); }, "fitted");
  const auto close = [](double actual, double expected) {
    EXPECT_NEAR(actual, expected, 1e-5 * std::max(1.0, expected));
  };
  close(fit_.mu.sum(), expected("fitted_sum"));
  close(fit_.pearson_sum_of_squares(), expected("pearson_ssq"));
  close(fit_.u_squared, expected("u_sumsq"));
  if (fit_.is_linear()) return;
  close(fit_.scale(), expected("scale_penalized"));
  close(fit_.deviance_residuals.squaredNorm(), expected("deviance_conditional"));
}

TEST_P(Lme4, StatusTellsAboutSingularity) {
  EXPECT_EQ(name(fit_.status), singular() ? "singular" : "converged");
  // guprenat_nested: a mother's sd of 24, a long flat valley.
  EXPECT_LE(fit_.evaluations, GetParam().id == "guprenat_nested" ? 100 : 15);
}

INSTANTIATE_TEST_SUITE_P(Cases, Lme4, testing::ValuesIn(test::cases_in_scope()), test::case_name);

TEST(Lme4Cases, AreAllThere) { EXPECT_EQ(test::cases_in_scope().size(), 51u); }

class Separation : public testing::TestWithParam<Case> {};

TEST_P(Separation, IsSaid) {
  const Fit& f = fit_of(GetParam());
  EXPECT_EQ(f.status, Status::separation);
  EXPECT_FALSE(f.ok());
  EXPECT_THAT(f.messages, testing::Contains(testing::StartsWith("separation: ")));
}

INSTANTIATE_TEST_SUITE_P(Cases, Separation, testing::ValuesIn(test::separated_cases()), test::case_name);

}  // namespace
}  // namespace cuglmm
