// Linear predictor and residuals at lme4's estimates and modes are lme4's.
#include <host/fit/residuals.hpp>

#include <gtest/gtest.h>

#include <cmath>

#include <tests/support/cases.hpp>
#include <tests/support/lme4_cases.hpp>

namespace cuglmm {
namespace {

/// beta and modes from the corpus; the modes of one term of which all levels are listed there.
Fit at_lme4s_estimate(const std::string& id) {
  const test::Case& c = test::reference_case(id);
  Fit fit;
  fit.model = std::make_shared<const Model>(test::make_model(c));
  const std::vector<double> beta = test::numbers(c.expected().at("beta"));
  fit.beta = Eigen::Map<const Eigen::VectorXd>(beta.data(), static_cast<Eigen::Index>(beta.size()));
  const nlohmann::json& values = c.expected().at("ranef").at(0).at("values");
  fit.modes.emplace_back(values.size(), fit.model->terms[0].size());
  for (std::size_t l = 0; l < values.size(); ++l) {
    const std::vector<double> row = test::numbers(values[l]);
    fit.modes[0].row(static_cast<Eigen::Index>(l)) =
        Eigen::Map<const Eigen::RowVectorXd>(row.data(), static_cast<Eigen::Index>(row.size()));
  }
  add_residuals(fit);
  return fit;
}

class Residuals : public testing::TestWithParam<const char*> {};

TEST_P(Residuals, EqualLme4) {
  const nlohmann::json& expected = test::reference_case(GetParam()).expected();
  const Fit fit = at_lme4s_estimate(GetParam());
  const std::vector<double> fitted = test::numbers(expected.at("fitted_first10"));
  for (std::size_t i = 0; i < fitted.size(); ++i)
    EXPECT_NEAR(fit.mu[static_cast<Eigen::Index>(i)] / fitted[i], 1, 1e-9) << i;
  EXPECT_NEAR(fit.mu.sum() / expected.at("fitted_sum").get<double>(), 1, 1e-9);
  EXPECT_NEAR(fit.pearson_sum_of_squares() / expected.at("pearson_ssq").get<double>(), 1, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Cases, Residuals,
                         testing::Values("sleep_slope_reml", "sleep_weights_reml", "sleep_offset_weights_ml",
                                         "cbpp_logit", "cbpp_agq0"));

TEST(Residuals, OfALinearModelAreWeightedErrors) {
  const Fit fit = at_lme4s_estimate("sleep_weights_reml");
  const Model& model = *fit.model;
  EXPECT_EQ(fit.mu, fit.eta);
  for (Eigen::Index i = 0; i < model.rows(); ++i) {
    const double error = std::sqrt(model.weights[i]) * (model.y[i] - fit.mu[i]);
    EXPECT_NEAR(fit.pearson[i], error, 1e-12 * std::abs(error)) << i;
    EXPECT_NEAR(fit.deviance_residuals[i], error, 1e-12 * std::abs(error)) << i;
  }
}

}  // namespace
}  // namespace cuglmm
