/// The arbiter judged: tests/reference against R's dense reference program and lme4's polished fits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <tests/reference/laplace.hpp>
#include <tests/support/error.hpp>
#include <tests/support/lme4_cases.hpp>

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

struct Psi {
  VectorXd theta, beta;
};

/// Numbers of laplace_reference.R at a psi away from any optimum.
class ReferenceEqualsR : public testing::Test {
 protected:
  static Psi psi(std::initializer_list<double> theta, std::initializer_list<double> beta) {
    const auto vector_of = [](std::initializer_list<double> values) {
      return VectorXd(Eigen::Map<const VectorXd>(values.begin(), static_cast<Eigen::Index>(values.size())));
    };
    return {vector_of(theta), vector_of(beta)};
  }
};

TEST_F(ReferenceEqualsR, NestedBinomial) {
  const Model model = make_model(reference_case("cbpp_olre"));
  const Psi at = psi({.8, .3}, {-1.2, -.9, -1, -1.5});
  const reference::Laplace f = reference::laplace(model, at.theta, at.beta);
  EXPECT_NEAR(f.minus2_log_likelihood, 181.602978932, 1e-8);
  const std::vector<double> gradient{3.14375539977, -6.90167248251, 26.6589287016,
                                     8.27779384857, 7.63783843778,  4.96177966761};
  EXPECT_LT(relative_error(f.gradient, vector_of(gradient)), 1e-10);
  const MatrixXd information =
      matrix_of({{65.1588108031, 0, 0, 0, 0, 0},
                 {0, 22.5061608024, 0, 0, 0, 0},
                 {0, 0, 60.0150528856, 14.4818456024, 13.3591647506, 8.29314504869},
                 {0, 0, 14.4818456024, 17.0668222974, -0.830894800258, -0.530669382586},
                 {0, 0, 13.3591647506, -0.830894800258, 15.7766915882, -0.454083349377},
                 {0, 0, 8.29314504869, -0.530669382586, -0.454083349377, 9.97921647666}});
  EXPECT_LT(relative_error(reference::information(model, at.theta, at.beta), information), 1e-10);
  const std::vector<double> start{0.741622375938, 0.55116494626};
  EXPECT_LT(relative_error(reference::score_start(model, at.beta), vector_of(start)), 1e-10);
}

TEST_F(ReferenceEqualsR, VectorPoisson) {
  const Model model = make_model(reference_case("epil_slope"));
  const Psi at = psi({.5, -.2, .6}, {1.1, .8, -.3, .5, -.25, .3});
  const reference::Laplace f = reference::laplace(model, at.theta, at.beta);
  EXPECT_NEAR(f.minus2_log_likelihood, 2771.86297805, 1e-8);
  const std::vector<double> gradient{-4903.81552559, -455.003407469, -48.2426024185,
                                     1099.89522528,  2002.10774922,  625.113923962,
                                     3649.93988312,  99.6486597693,  1161.9778971};
  EXPECT_LT(relative_error(f.gradient, vector_of(gradient)), 1e-10);
  const MatrixXd G = matrix_of({{-5092.24923557, -471.084274942}, {-471.084274942, -40.2021686821}});
  EXPECT_LT(relative_error(f.G[0], G), 1e-10);

  const MatrixXd information = reference::information(model, at.theta, at.beta);
  const MatrixXd theta_block = matrix_of({{739.425361982, 42.8206682894, -0.142513311272},
                                          {42.8206682894, 109.343562827, -0.587293692678},
                                          {-0.142513311272, -0.587293692678, 105.207206425}});
  const std::vector<double> beta_diagonal{431.240514743, 1668.40762364, 224.972716684,
                                          4771.15284762, 122.140376934, 885.910501213};
  EXPECT_LT(relative_error(information.topLeftCorner(3, 3), theta_block), 1e-10);
  EXPECT_LT(relative_error(information.diagonal().tail(6), vector_of(beta_diagonal)), 1e-10);
  EXPECT_EQ(information.topRightCorner(3, 6), MatrixXd::Zero(3, 6));

  const std::vector<double> start{0.902059570235, 0, 0.1414024259};
  EXPECT_LT(relative_error(reference::score_start(model, at.beta), vector_of(start)), 1e-10);
  const std::vector<double> se_rx{1.10187943632,  0.12399611369,  0.364479223642,
                                  0.323439252418, 0.131115046315, 0.187802692683};
  EXPECT_LT(
      relative_error(reference::vcov_rx(model, at.theta, at.beta).diagonal().cwiseSqrt(), vector_of(se_rx)),
      1e-10);
  const std::vector<double> se_hessian{1.15568344809, 0.125457126091, 0.370255578056,
                                       0.33213867499, 0.751396957208, 0.191498760419};
  const VectorXd variances = reference::vcov_hessian(model, at.theta, at.beta).diagonal();
  EXPECT_LT(relative_error(variances.cwiseSqrt(), vector_of(se_hessian)), 1e-6);
  const MatrixXd variance =
      matrix_of({{0.0384658152799, -0.0133816479635}, {-0.0133816479635, 0.262406144028}});
  EXPECT_LT(relative_error(reference::conditional_variances(model, at.theta, at.beta)[0][0], variance),
            1e-10);
}

/// Where a variance is not wanted by the data (tau < 0), the start is its floor.
TEST_F(ReferenceEqualsR, ScoreStartAtItsFloor) {
  const Model model = make_model(reference_case("sim_null_poisson_slope"));
  const std::vector<double> start{0.254921066343, 0, 0.06128898876};
  EXPECT_LT(relative_error(reference::score_start(model, psi({}, {.6, .3}).beta), vector_of(start)), 1e-10);
}

// lme4's polished optima.

class ReferenceEqualsLme4 : public testing::TestWithParam<const char*> {
 protected:
  const nlohmann::json& expected = reference_case(GetParam()).expected();
  const Model model = make_model(reference_case(GetParam()));
  const VectorXd theta = vector_of(expected.at("theta")), beta = vector_of(expected.at("beta"));
};

TEST_P(ReferenceEqualsLme4, ObjectiveIsTheExpectedOneAndFlat) {
  const reference::Laplace f = reference::laplace(model, theta, beta);
  const double d = expected.at("minus2LogLik");
  EXPECT_NEAR(f.minus2_log_likelihood, d, std::max(1e-7, 1e-10 * d));
  EXPECT_LT(f.gradient.cwiseAbs().maxCoeff(), 1e-5);
  EXPECT_NEAR(f.u_squared, expected.at("u_sumsq").get<double>(), 1e-5 * (1 + f.u_squared));
}

TEST_P(ReferenceEqualsLme4, StandardErrors) {
  EXPECT_LT(relative_error(reference::vcov_rx(model, theta, beta), matrix_of(expected.at("vcov_rx"))), 1e-5);
  EXPECT_LT(
      relative_error(reference::vcov_hessian(model, theta, beta), matrix_of(expected.at("vcov_hessian"))),
      1e-5);
}

TEST_P(ReferenceEqualsLme4, ModesAndTheirVariances) {
  const std::vector<MatrixXd> modes =
      reference::modes(model, theta, reference::laplace(model, theta, beta).u);
  const auto variances = reference::conditional_variances(model, theta, beta);
  ASSERT_EQ(expected.at("ranef").size(), modes.size()) << "these cases have one term per group";
  for (std::size_t j = 0; j < modes.size(); ++j) {
    const nlohmann::json& ranef = expected.at("ranef")[j];
    ASSERT_EQ(ranef.at("group"), model.factors[model.terms[j].factor].name);
    ASSERT_EQ(ranef.at("levels"), model.factors[model.terms[j].factor].levels);
    EXPECT_LT(error(modes[j], matrix_of(ranef.at("values"))), 1e-5);
    const MatrixXd variance = matrix_of(expected.at("condVar_first_level")[j].at("terms")[0]);
    EXPECT_LT(error(variances[j][0], variance), 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(SmallCases, ReferenceEqualsLme4,
                         testing::Values("cbpp_logit", "cbpp_prop_weights", "cbpp_olre", "cbpp_na_sum",
                                         "bacteria_laplace", "epil_poisson", "epil_slope",
                                         "owls_poisson_offset", "owls_poisson_weights", "sim_null_binomial",
                                         "sim_null_poisson_slope"),
                         [](const auto& instance) { return std::string(instance.param); });

class ReferenceFit : public testing::TestWithParam<const char*> {};

TEST_P(ReferenceFit, FindsLme4sOptimum) {
  const nlohmann::json& expected = reference_case(GetParam()).expected();
  const Model model = make_model(reference_case(GetParam()));
  const reference::Optimum optimum = reference::fit(model);
  EXPECT_NEAR(optimum.minus2_log_likelihood, expected.at("minus2LogLik").get<double>(), 1e-7);
  EXPECT_LT(optimum.gradient.cwiseAbs().maxCoeff(), 1e-3);
  const VectorXd se = vector_of(expected.at("se_rx"));
  EXPECT_LT(((optimum.beta - vector_of(expected.at("beta"))).array() / se.array()).abs().maxCoeff(), 1e-5);
  const std::vector<MatrixXd> actual = reference::templates(model, optimum.theta),
                              wanted = reference::templates(model, vector_of(expected.at("theta")));
  for (std::size_t j = 0; j < actual.size(); ++j)
    EXPECT_LT(error(actual[j] * actual[j].transpose(), wanted[j] * wanted[j].transpose()), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(SmallCases, ReferenceFit,
                         testing::Values("cbpp_logit", "cbpp_olre", "owls_poisson_weights",
                                         "sim_null_binomial", "sim_null_poisson_slope"),
                         [](const auto& instance) { return std::string(instance.param); });

// nAGQ = 0.

class ReferenceJointEqualsLme4 : public testing::TestWithParam<const char*> {
 protected:
  const nlohmann::json& expected = reference_case(GetParam()).expected();
  const Model model = make_model(reference_case(GetParam()));
  const VectorXd se = vector_of(expected.at("se_rx"));

  void expect_beta(const VectorXd& beta) const {
    const VectorXd difference = beta - vector_of(expected.at("beta"));
    EXPECT_LT((difference.array() / se.array()).abs().maxCoeff(), 1e-6);
  }
};

TEST_P(ReferenceJointEqualsLme4, AtItsOptimum) {
  const VectorXd theta = vector_of(expected.at("theta"));
  const reference::Laplace f = reference::joint(model, theta);
  const double d = expected.at("minus2LogLik");
  EXPECT_NEAR(f.minus2_log_likelihood, d, std::max(1e-7, 1e-10 * d));
  EXPECT_LT(f.gradient.cwiseAbs().maxCoeff(), 1e-5);
  expect_beta(f.beta);
  EXPECT_LT(relative_error(reference::vcov_rx(model, theta, f.beta), matrix_of(expected.at("vcov_rx"))),
            1e-5);
  EXPECT_NEAR(f.u_squared, expected.at("u_sumsq").get<double>(), 1e-5 * (1 + f.u_squared));
  const MatrixXd values = matrix_of(expected.at("ranef").at(0).at("values"));
  EXPECT_LT(error(reference::modes(model, theta, f.u)[0].topRows(values.rows()), values), 1e-5);
}

TEST_P(ReferenceJointEqualsLme4, AndFindsIt) {
  const reference::Optimum optimum = reference::fit_joint(model);
  EXPECT_NEAR(optimum.minus2_log_likelihood, expected.at("minus2LogLik").get<double>(), 1e-7);
  EXPECT_LT(error(optimum.theta, vector_of(expected.at("theta"))), 1e-5);
  expect_beta(optimum.beta);
}

INSTANTIATE_TEST_SUITE_P(SmallCases, ReferenceJointEqualsLme4, testing::Values("cbpp_agq0", "exam_seed_agq0"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace cuglmm
