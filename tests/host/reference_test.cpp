/// The arbiter judged: tests/reference against finite differences and identities.
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>

#include <cmath>
#include <functional>

#include <tests/reference/laplace.hpp>
#include <tests/reference/rows.hpp>
#include <tests/support/error.hpp>
#include <tests/support/random_model.hpp>

namespace cuglmm {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::error;
using test::Psi;
using test::random_model;
using test::random_psi;

/// Derivative by central differences, extrapolated once: the error is of fourth order in the step.
double derivative(const std::function<double(double)>& f, double h) {
  const double wide = (f(h) - f(-h)) / (2 * h), narrow = (f(h / 2) - f(-h / 2)) / h;
  return (4 * narrow - wide) / 3;
}

VectorXd gradient_by_differences(const Model& model, const Psi& psi) {
  const Eigen::Index m = psi.theta.size(), k = m + psi.beta.size();
  VectorXd at(k), result(k);
  at << psi.theta, psi.beta;
  for (Eigen::Index i = 0; i < k; ++i)
    result[i] = derivative(
        [&](double step) {
          const VectorXd x = at + step * VectorXd::Unit(k, i);
          return reference::laplace(model, x.head(m), x.tail(k - m)).minus2_log_likelihood;
        },
        4e-3);
  return result;
}

/// 2 G_j Lambda_j, lower triangles.
VectorXd theta_gradient(const Model& model, const std::vector<MatrixXd>& G, const VectorXd& theta) {
  const std::vector<MatrixXd> L = reference::templates(model, theta);
  VectorXd gradient(theta.size());
  Eigen::Index k = 0;
  for (std::size_t j = 0; j < L.size(); ++j) {
    const MatrixXd dL = 2 * G[j] * L[j];
    for (Eigen::Index c = 0; c < dL.cols(); ++c)
      for (Eigen::Index r = c; r < dL.rows(); ++r) gradient[k++] = dL(r, c);
  }
  return gradient;
}

// Rows.

TEST(ReferenceRows, AreDerivativesOfTheDevianceInEta) {
  for (const Family& family : {binomial(), poisson()})
    for (const double y : {0.0, 0.25, 1.0})
      for (const double eta : {-6.0, -1.3, 0.0, 0.4, 5.0}) {
        const auto at = [&](double step) { return reference::row_terms(family, y, 3, eta + step); };
        const reference::RowTerms t = at(0);
        const double h = 1e-2;
        EXPECT_NEAR(t.s, -derivative([&](double step) { return at(step).D; }, h) / 2, 1e-7 * (1 + t.mu));
        EXPECT_NEAR(t.o, -derivative([&](double step) { return at(step).s; }, h), 1e-7 * (1 + t.mu));
        EXPECT_NEAR(t.dw, derivative([&](double step) { return at(step).w; }, h), 1e-7 * (1 + t.mu));
        EXPECT_NEAR(t.do_, derivative([&](double step) { return at(step).o; }, h), 1e-7 * (1 + t.mu));
        EXPECT_NEAR(t.w, t.o, 1e-14 * (1 + t.mu)) << "canonical links";
      }
}

TEST(ReferenceRows, DevianceAndSaturatedMakeTheLogDensity) {
  const double eta = -0.7, mu = 1 / (1 + std::exp(0.7)), lambda = std::exp(eta);
  const double choose_5_2 = std::log(10 * std::pow(mu, 2) * std::pow(1 - mu, 3));
  EXPECT_NEAR(reference::row_terms(binomial(), 0.4, 5, eta).D + reference::saturated(binomial(), 0.4, 5),
              -2 * choose_5_2, 1e-13);
  const double poisson_3 = std::log(std::pow(lambda, 3) * std::exp(-lambda) / 6);
  EXPECT_NEAR(reference::row_terms(poisson(), 3, 2, eta).D + reference::saturated(poisson(), 3, 2),
              2 * -2 * poisson_3, 1e-13)
      << "a prior weight counts the case twice";
}

TEST(ReferenceRows, BinomialIsExactInBothTails) {
  const reference::RowTerms low = reference::row_terms(binomial(), 1, 1, -700);
  EXPECT_DOUBLE_EQ(low.D, 1400);
  EXPECT_DOUBLE_EQ(low.s, 1);
  EXPECT_DOUBLE_EQ(low.w, std::exp(-700.0));
  const reference::RowTerms high = reference::row_terms(binomial(), 0, 1, 700);
  EXPECT_DOUBLE_EQ(high.D, 1400);
  EXPECT_DOUBLE_EQ(high.s, -1);
  EXPECT_DOUBLE_EQ(high.dw, -std::exp(-700.0));
}

TEST(ReferenceRows, RefuseAFamilyThatIsNotWrittenDown) {
  EXPECT_THROW(reference::row_terms(binomial(Link::probit), 0, 1, 0), std::invalid_argument);
}

// Objective and gradient on models drawn at random.

class ReferenceOnRandomModels : public testing::TestWithParam<std::string> {
 protected:
  /// Small, regular and singular, several of each.
  void for_each(const std::function<void(const Model&, const Psi&)>& check) const {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      SCOPED_TRACE(seed);
      const Model model = random_model(seed, {.random_effects = GetParam(), .max_rows = 60});
      check(model, random_psi(model, seed, seed % 2 == 0));
    }
  }
};

TEST_P(ReferenceOnRandomModels, GradientEqualsDifferencesOfTheObjective) {
  for_each([](const Model& model, const Psi& psi) {
    const VectorXd gradient = reference::laplace(model, psi.theta, psi.beta).gradient;
    EXPECT_LT(error(gradient, gradient_by_differences(model, psi)), 1e-6);
  });
}

TEST_P(ReferenceOnRandomModels, ModeSolvesItsEquation) {
  for_each([](const Model& model, const Psi& psi) {
    const reference::Laplace f = reference::laplace(model, psi.theta, psi.beta);
    const MatrixXd A = reference::dense_Z(model) * reference::Lambda(model, psi.theta);
    EXPECT_LT(error(A.transpose() * f.s, f.u), 1e-10);
    EXPECT_LT(error(f.eta, model.X * psi.beta + model.offset + A * f.u), 1e-14);
  });
}

TEST_P(ReferenceOnRandomModels, GradientInThetaIsTwiceGLambda) {
  for_each([](const Model& model, const Psi& psi) {
    const reference::Laplace f = reference::laplace(model, psi.theta, psi.beta);
    EXPECT_LT(error(f.gradient.head(psi.theta.size()), theta_gradient(model, f.G, psi.theta)), 1e-10);
  });
}

TEST_P(ReferenceOnRandomModels, GradientAtTheJointModeEqualsDifferences) {
  for_each([](const Model& model, const Psi& psi) {
    const reference::Laplace f = reference::joint(model, psi.theta);
    VectorXd differences(psi.theta.size());
    for (Eigen::Index i = 0; i < differences.size(); ++i)
      differences[i] = derivative(
          [&](double step) {
            const VectorXd theta = psi.theta + step * VectorXd::Unit(differences.size(), i);
            return reference::joint(model, theta).minus2_log_likelihood;
          },
          4e-3);
    EXPECT_LT(error(f.gradient, differences), 1e-6);
    EXPECT_LT(error(f.gradient, theta_gradient(model, f.G, psi.theta)), 1e-10) << "2 G Lambda";
  });
}

/// beta of the joint mode: X's = 0, and u is the mode given it.
TEST_P(ReferenceOnRandomModels, JointModeSolvesBothEquations) {
  for_each([](const Model& model, const Psi& psi) {
    const reference::Laplace f = reference::joint(model, psi.theta);
    EXPECT_LT((model.X.transpose() * f.s).cwiseAbs().maxCoeff(), 1e-8 * f.w.sum());
    const reference::Laplace given = reference::laplace(model, psi.theta, f.beta);
    EXPECT_NEAR(f.minus2_log_likelihood, given.minus2_log_likelihood,
                1e-12 * (1 + given.minus2_log_likelihood));
    EXPECT_LT(error(f.u, given.u), 1e-8);
  });
}

/// The first column of Lambda_j = 0 becomes sqrt(h) e: Sigma_j = h e e', so d grows by h e' G_j e.
TEST_P(ReferenceOnRandomModels, GIsTheSlopeInSigmaWhereLambdaIsZero) {
  for_each([](const Model& model, const Psi& psi) {
    Eigen::Index first = 0;
    for (std::size_t j = 0; j < model.terms.size(); ++j) {
      const int q = model.terms[j].size(), size = model.terms[j].theta_size();
      const VectorXd e = VectorXd::LinSpaced(q, 1, 0.5);
      VectorXd theta = psi.theta;
      theta.segment(first, size).setZero();
      const reference::Laplace at_zero = reference::laplace(model, theta, psi.beta);
      const auto d = [&](double h) {
        theta.segment(first, q) = std::sqrt(h) * e;
        return reference::laplace(model, theta, psi.beta).minus2_log_likelihood;
      };
      const double h = 1e-6;
      const double slope = (4 * d(h) - d(2 * h) - 3 * at_zero.minus2_log_likelihood) / (2 * h);
      const double expected = e.dot(at_zero.G[j] * e);
      EXPECT_NEAR(slope, expected, 1e-4 * (1 + std::abs(expected) + at_zero.G[j].norm()));
      first += size;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Structures, ReferenceOnRandomModels, testing::ValuesIn(test::all_structures()));

TEST(Reference, WithoutRandomEffectsIsTheGlm) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Model model = random_model(seed, {.max_rows = 60});
    const VectorXd beta = reference::glm(model);
    const reference::Laplace f = reference::laplace(model, VectorXd::Zero(model.theta_size()), beta);
    double minus2_log_likelihood = 0;
    for (Eigen::Index i = 0; i < model.rows(); ++i)
      minus2_log_likelihood += reference::saturated(model.family, model.y[i], model.weights[i]) +
                               reference::row_terms(model.family, model.y[i], model.weights[i], f.eta[i]).D;
    EXPECT_NEAR(f.minus2_log_likelihood, minus2_log_likelihood, 1e-10 * minus2_log_likelihood);
    EXPECT_LT(f.gradient.tail(beta.size()).cwiseAbs().maxCoeff(), 1e-6) << "glm() is the optimum";
  }
}

/// The Karush-Kuhn-Tucker conditions in (Sigma, beta): a singular Sigma_j must not want to grow.
TEST(ReferenceFitOnRandomModels, EndsWhereNothingDescends) {
  for (std::uint64_t seed = 10; seed <= 31; ++seed) {
    SCOPED_TRACE(seed);
    const Model model = random_model(seed, {.max_rows = 60});
    const reference::Optimum optimum = reference::fit(model);
    EXPECT_LT(optimum.decrement, 1e-9);
    const reference::Laplace f = reference::laplace(model, optimum.theta, optimum.beta);
    EXPECT_DOUBLE_EQ(f.minus2_log_likelihood, optimum.minus2_log_likelihood);
    EXPECT_LT(error(f.gradient, optimum.gradient), 1e-8);
    for (const MatrixXd& G : f.G)
      EXPECT_GE(Eigen::SelfAdjointEigenSolver<MatrixXd>(G).eigenvalues()[0], -1e-3 * (1 + G.norm()));
    for (const MatrixXd& L : reference::templates(model, optimum.theta))
      EXPECT_GE(L.diagonal().minCoeff(), 0);
  }
}

}  // namespace
}  // namespace cuglmm
