/// The arbiter of linear models judged: against the density of y, finite differences and lme4's polished
/// fits.
#include <gtest/gtest.h>

#include <Eigen/Dense>

#include <cmath>
#include <functional>
#include <string>

#include <tests/reference/linear.hpp>
#include <tests/support/error.hpp>
#include <tests/support/lme4_cases.hpp>
#include <tests/support/random_model.hpp>

namespace cuglmm {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::error;
using test::make_model;
using test::matrix_of;
using test::reference_case;
using test::relative_error;
using test::vector_of;

class ReferenceLinearOnRandomModels : public testing::TestWithParam<std::string> {
 protected:
  /// REML and ML, at regular and singular theta.
  void for_each(const std::function<void(const Model&, const VectorXd& theta, bool reml)>& check) const {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      SCOPED_TRACE(seed);
      const Model model = test::random_model(
          seed, {.random_effects = GetParam(), .family = FamilyKind::gaussian, .max_rows = 60});
      const VectorXd theta = test::random_psi(model, seed, seed % 2 == 0).theta;
      for (const bool reml : {true, false}) check(model, theta, reml);
    }
  }
};

/// y ~ N(X beta + offset, sigma^2 V), V = W^-1 + Z Lambda Lambda' Z'.
TEST_P(ReferenceLinearOnRandomModels, CriterionIsThatOfTheDensityOfY) {
  for_each([](const Model& model, const VectorXd& theta, bool reml) {
    const reference::Linear f = reference::linear(model, theta, reml);
    const MatrixXd A = reference::dense_Z(model) * reference::Lambda(model, theta);
    const MatrixXd V = A * A.transpose() + MatrixXd(model.weights.cwiseInverse().asDiagonal());
    const Eigen::LDLT<MatrixXd> factor(V);
    const MatrixXd XVX = model.X.transpose() * factor.solve(model.X);
    const VectorXd y = model.y - model.offset;
    const VectorXd beta = XVX.ldlt().solve(model.X.transpose() * factor.solve(y)), e = y - model.X * beta;
    const double N = static_cast<double>(model.rows() - (reml ? model.X.cols() : 0));
    const double quadratic = e.dot(factor.solve(e)), sigma = std::sqrt(quadratic / N);
    double expected = factor.vectorD().array().log().sum() + N * std::log(2 * M_PI * sigma * sigma) + N;
    if (reml) expected += XVX.ldlt().vectorD().array().log().sum();
    EXPECT_NEAR(f.criterion, expected, 1e-10 * (1 + std::abs(expected)));
    EXPECT_LT(error(f.beta, beta), 1e-9);
    EXPECT_NEAR(f.sigma, sigma, 1e-10 * sigma);
    EXPECT_LT(relative_error(f.vcov, sigma * sigma * XVX.inverse()), 1e-8);
    EXPECT_LT(error(f.eta, model.offset + model.X * beta + A * f.u), 1e-9);
    EXPECT_LT(error(f.u, A.transpose() * factor.solve(e)), 1e-9) << "E(u | y)";
  });
}

TEST_P(ReferenceLinearOnRandomModels, GradientEqualsDifferencesAndTwiceGLambda) {
  for_each([](const Model& model, const VectorXd& theta, bool reml) {
    const reference::Linear f = reference::linear(model, theta, reml);
    const std::vector<MatrixXd> L = reference::templates(model, theta);
    VectorXd differences(theta.size()), from_G(theta.size());
    Eigen::Index k = 0;
    for (std::size_t j = 0; j < L.size(); ++j)
      for (Eigen::Index c = 0; c < L[j].cols(); ++c)
        for (Eigen::Index r = c; r < L[j].rows(); ++r, ++k) {
          const auto d = [&](double step) {
            return reference::linear(model, theta + step * VectorXd::Unit(theta.size(), k), reml).criterion;
          };
          const double h = 4e-3;
          const double wide = (d(h) - d(-h)) / (2 * h), narrow = (d(h / 2) - d(-h / 2)) / h;
          differences[k] = (4 * narrow - wide) / 3;
          from_G[k] = 2 * (f.G[j] * L[j])(r, c);
        }
    EXPECT_LT(error(f.gradient, differences), 1e-6);
    EXPECT_LT(error(f.gradient, from_G), 1e-10);
  });
}

/// The variance of b given y and beta: Sigma - Sigma Z' V^-1 Z Sigma, times sigma^2.
TEST_P(ReferenceLinearOnRandomModels, VarianceIsThatOfTheConditionalNormal) {
  for_each([](const Model& model, const VectorXd& theta, bool reml) {
    const reference::Linear f = reference::linear(model, theta, reml);
    const MatrixXd Z = reference::dense_Z(model), L = reference::Lambda(model, theta),
                   Sigma = L * L.transpose();
    const MatrixXd V = Z * Sigma * Z.transpose() + MatrixXd(model.weights.cwiseInverse().asDiagonal());
    const MatrixXd full = Sigma - Sigma * Z.transpose() * V.ldlt().solve(Z * Sigma);
    const auto expected = reference::diagonal_blocks(model, f.sigma * f.sigma * full);
    for (std::size_t j = 0; j < expected.size(); ++j)
      for (std::size_t l = 0; l < expected[j].size(); ++l)
        EXPECT_LT(error(f.variance[j][l], expected[j][l]), 1e-9);
  });
}

/// The first column of Lambda_j = 0 becomes sqrt(h) e: Sigma_j = h e e', so d grows by h e' G_j e.
TEST_P(ReferenceLinearOnRandomModels, GIsTheSlopeInSigmaWhereLambdaIsZero) {
  for_each([](const Model& model, const VectorXd& at, bool reml) {
    Eigen::Index first = 0;
    for (std::size_t j = 0; j < model.terms.size(); ++j) {
      const VectorXd e = VectorXd::LinSpaced(model.terms[j].size(), 1, 0.5);
      VectorXd theta = at;
      theta.segment(first, model.terms[j].theta_size()).setZero();
      const reference::Linear zero = reference::linear(model, theta, reml);
      const auto d = [&](double h) {
        theta.segment(first, e.size()) = std::sqrt(h) * e;
        return reference::linear(model, theta, reml).criterion;
      };
      const double h = 1e-6, slope = (4 * d(h) - d(2 * h) - 3 * zero.criterion) / (2 * h);
      const double expected = e.dot(zero.G[j] * e);
      EXPECT_NEAR(slope, expected, 1e-4 * (1 + std::abs(expected) + zero.G[j].norm()));
      first += model.terms[j].theta_size();
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Structures, ReferenceLinearOnRandomModels,
                         testing::ValuesIn(test::linear_structures()));

// lme4's polished optima.

class ReferenceLinearEqualsLme4 : public testing::TestWithParam<const char*> {
 protected:
  const test::Case& case_ = reference_case(GetParam());
  const nlohmann::json& expected = case_.expected();
  const Model model = make_model(case_);
  const VectorXd theta = vector_of(expected.at("theta"));
  const double criterion = expected.at("minus2LogLik"), sigma = expected.at("sigma");
  const reference::Linear f = reference::linear(model, theta, case_.reml);

  void expect_beta(const VectorXd& beta) const {
    const VectorXd difference = beta - vector_of(expected.at("beta"));
    EXPECT_LT((difference.array() / vector_of(expected.at("se_rx")).array()).abs().maxCoeff(), 1e-6);
  }
};

TEST_P(ReferenceLinearEqualsLme4, CriterionAndEstimates) {
  EXPECT_NEAR(f.criterion, criterion, std::max(1e-7, 1e-10 * criterion));
  EXPECT_LT(f.gradient.cwiseAbs().maxCoeff(), 1e-5);
  EXPECT_NEAR(f.sigma, sigma, 1e-8 * sigma);
  expect_beta(f.beta);
  EXPECT_LT(relative_error(f.vcov, matrix_of(expected.at("vcov_rx"))), 1e-5);
  EXPECT_NEAR(f.u.squaredNorm(), expected.at("u_sumsq").get<double>(), 1e-5 * (1 + f.u.squaredNorm()));
  EXPECT_NEAR(f.eta.sum(), expected.at("fitted_sum").get<double>(), 1e-7 * (1 + std::abs(f.eta.sum())));
}

TEST_P(ReferenceLinearEqualsLme4, ModesAndTheirVariances) {
  const std::vector<MatrixXd> modes = reference::modes(model, theta, f.u);
  for (std::size_t g = 0; g < expected.at("ranef").size(); ++g) {
    const nlohmann::json& ranef = expected.at("ranef")[g];
    const MatrixXd values = matrix_of(ranef.at("values"));
    Eigen::Index column = 0;
    std::size_t at = 0;
    for (std::size_t j = 0; j < model.terms.size(); ++j) {
      const RandomTerm& term = model.terms[j];
      if (model.factors[static_cast<std::size_t>(term.factor)].name != ranef.at("group").get<std::string>())
        continue;
      EXPECT_LT(error(modes[j].topRows(values.rows()), values.middleCols(column, term.size())), 1e-5);
      const nlohmann::json& variances = expected.at("condVar_first_level")[g];
      EXPECT_LT(error(f.variance[j][0], test::variance_of_term(variances, at++, term)), 1e-5);
      column += term.size();
    }
    EXPECT_EQ(column, values.cols());
  }
}

class ReferenceLinearFit : public ReferenceLinearEqualsLme4 {};

TEST_P(ReferenceLinearFit, FindsLme4sOptimum) {
  const reference::Optimum optimum = reference::fit_linear(model, case_.reml);
  EXPECT_NEAR(optimum.minus2_log_likelihood, criterion, std::max(1e-7, 1e-10 * criterion));
  EXPECT_LT(error(optimum.theta, theta), 1e-5);
  expect_beta(optimum.beta);
}

const auto small_cases = testing::Values(
    "sleep_slope_reml", "sleep_slope_ml", "sleep_doublebar_reml", "sleep_separate_ml", "sleep_weights_reml",
    "sleep_offset_weights_ml", "dyestuff_reml", "dyestuff_ml", "dyestuff2_reml", "penicillin_reml",
    "pastes_nested_reml", "cake_ordered_reml", "cake_helmert_reml", "machines_vector3_reml",
    "machines_nested_sum_ml", "airquality_na_ml");
const auto named = [](const auto& instance) { return std::string(instance.param); };

INSTANTIATE_TEST_SUITE_P(SmallCases, ReferenceLinearEqualsLme4, small_cases, named);
INSTANTIATE_TEST_SUITE_P(Exam, ReferenceLinearEqualsLme4,
                         testing::Values("exam_lmm_slope_ml", "exam_rankdef_reml"), named);
INSTANTIATE_TEST_SUITE_P(SmallCases, ReferenceLinearFit, small_cases, named);

}  // namespace
}  // namespace cuglmm
