// Distributions, with fixed seeds: the bootstrap against lme4's own refits, simulated data against their law.
#include <gtest/gtest.h>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>

#include <cmath>
#include <fstream>
#include <map>

#include <cuglmm/cuglmm.hpp>
#include <cuglmm/plan.hpp>
#include <host/engine/engine.hpp>
#include <tests/support/lme4_cases.hpp>

namespace cuglmm {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

double mean(const VectorXd& x) { return x.mean(); }
double variance(const VectorXd& x) { return (x.array() - x.mean()).square().sum() / double(x.size() - 1); }

// The bootstrap.

nlohmann::json lme4_bootstrap(const std::string& id) {
  static const auto json = nlohmann::json::parse(std::ifstream(CUGLMM_TEST_DATA "/bootstrap.json"));
  for (const nlohmann::json& entry : json.at("bootstraps"))
    if (entry.at("id") == id) return entry;
  throw std::out_of_range("no bootstrap of " + id);
}

/// theta, beta and -2 log L by column, of the replicates that count.
MatrixXd used(const Fits& fits) {
  MatrixXd all(fits.size(), fits.theta.rows() + fits.beta.rows() + 1);
  Eigen::Index rows = 0;
  for (Eigen::Index c = 0; c < fits.size(); ++c) {
    const Status status = fits.status[static_cast<std::size_t>(c)];
    if (status != Status::converged && status != Status::singular) continue;
    all.row(rows++) << fits.theta.col(c).transpose(), fits.beta.col(c).transpose(),
        fits.minus2_log_likelihood[c];
  }
  return all.topRows(rows);
}

class BootstrapDistribution : public testing::TestWithParam<std::string> {};

TEST_P(BootstrapDistribution, AgreesWithLme4sRefits) {
  const nlohmann::json lme4 = lme4_bootstrap(GetParam());
  const Fit original = fit(test::make_model(test::reference_case(GetParam())));
  const MatrixXd ours = used(bootstrap(original, {.replicates = 4000, .seed = 20240104}));
  ASSERT_GT(ours.rows(), 3900);
  const std::vector<double> means = test::numbers(lme4.at("mean")), sds = test::numbers(lme4.at("sd"));
  ASSERT_EQ(means.size(), static_cast<std::size_t>(ours.cols()));
  for (Eigen::Index i = 0; i < ours.cols(); ++i) {
    const double theirs = means[static_cast<std::size_t>(i)], sd = sds[static_cast<std::size_t>(i)];
    const double error = std::sqrt(sd * sd / lme4.at("replicates").get<double>() +
                                   variance(ours.col(i)) / double(ours.rows()));
    const std::string name = lme4.at("parameters").at(static_cast<std::size_t>(i));
    EXPECT_LT(std::abs(mean(ours.col(i)) - theirs), 4 * error)
        << name << ": " << mean(ours.col(i)) << ", lme4 " << theirs;
    EXPECT_NEAR(std::sqrt(variance(ours.col(i))) / sd, 1, 0.15) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, BootstrapDistribution,
                         testing::Values("exam_seed", "cbpp_logit", "grouseticks_3terms"),
                         [](const auto& of) { return of.param; });

// Simulated data.

/// The fit of a case with other parameters: what simulate() then draws from is known exactly.
Fit with_parameters(const std::string& id, const VectorXd& theta, const VectorXd& beta) {
  Fit result = fit(test::make_model(test::reference_case(id)));
  result.theta = theta;
  result.beta = beta;
  return result;
}

Fit without_random_effects(const std::string& id) {
  const Fit result = fit(test::make_model(test::reference_case(id)));
  return with_parameters(id, VectorXd::Zero(result.theta.size()), result.beta);
}

VectorXd fixed_eta(const Fit& f) { return f.model->X * f.beta + f.model->offset; }

/// Chi-square of observed counts 0, 1, 2, .. against probabilities; cells with few expected are pooled.
struct ChiSquare {
  double statistic = 0;
  int df = 0;

  void add(const std::map<int, int>& observed, double draws, const std::function<double(int)>& probability,
           int largest) {
    double expected = 0, seen = 0, total = 0;
    int cells = 0;
    for (int k = 0; k <= largest; ++k) {
      const auto found = observed.find(k);
      expected += draws * probability(k);
      seen += found == observed.end() ? 0 : found->second;
      const double rest = draws - total - expected;
      if (expected < 10 || (k < largest && rest < 10)) continue;
      statistic += (seen - expected) * (seen - expected) / expected;
      total += expected;
      expected = seen = 0;
      ++cells;
    }
    if (expected > 0.5) statistic += (seen - expected) * (seen - expected) / expected, ++cells;
    df += std::max(0, cells - 1);
  }
  double p_value() const {
    return boost::math::cdf(boost::math::complement(boost::math::chi_squared(df), statistic));
  }
};

std::map<int, int> counts_of(const VectorXd& x) {
  std::map<int, int> counts;
  for (const double value : x) {
    EXPECT_EQ(value, std::round(value));
    ++counts[static_cast<int>(value)];
  }
  return counts;
}

constexpr int kDraws = 3000;

TEST(Simulate, DrawsBinomialNumbersOfSuccesses) {
  const Fit f = without_random_effects("cbpp_logit");
  const MatrixXd Y = simulate(f, kDraws, 1);
  const VectorXd eta = fixed_eta(f);
  ChiSquare test;
  for (Eigen::Index i = 0; i < f.rows(); ++i) {
    const double n = f.model->weights[i], mu = 1 / (1 + std::exp(-eta[i]));
    const VectorXd successes = (Y.row(i) * n).array().round();
    EXPECT_LT((successes - n * Y.row(i).transpose()).cwiseAbs().maxCoeff(), 1e-12);
    const auto probability = [&](int k) {
      return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(mu) +
                      (n - k) * std::log1p(-mu));
    };
    test.add(counts_of(successes), kDraws, probability, static_cast<int>(n));
  }
  EXPECT_GT(test.df, 200);
  EXPECT_GT(test.p_value(), 1e-3);
  EXPECT_LT(test.p_value(), 1 - 1e-3) << "too good to be true";
}

TEST(Simulate, DrawsPoissonCountsWhateverThePriorWeights) {
  const Fit f = without_random_effects("owls_poisson_weights");
  ASSERT_NE(f.model->weights.maxCoeff(), f.model->weights.minCoeff());
  const MatrixXd Y = simulate(f, kDraws, 2);
  const VectorXd eta = fixed_eta(f);
  ChiSquare test;
  for (Eigen::Index i = 0; i < f.rows(); ++i) {
    const double mu = std::exp(eta[i]);
    const auto probability = [&](int k) { return std::exp(k * eta[i] - mu - std::lgamma(k + 1)); };
    test.add(counts_of(Y.row(i)), kDraws, probability, static_cast<int>(mu + 12 * std::sqrt(mu) + 12));
  }
  EXPECT_GT(test.df, 5000);
  EXPECT_GT(test.p_value(), 1e-3);
  EXPECT_LT(test.p_value(), 1 - 1e-3) << "too good to be true";
}

TEST(Simulate, DrawsLargeCounts) {
  std::vector<double> y, offset;
  std::vector<int> g;
  for (int i = 0; i < 12; ++i) {
    y.push_back(i);
    offset.push_back(std::log(std::pow(4.0, i % 6 + 1)));  // means 4 to 4096
    g.push_back(i % 3);
  }
  Column group{"g", Column::Type::factor, {}, g, {"a", "b", "c"}};
  const Data data(
      {{"y", Column::Type::numeric, y, {}, {}}, {"o", Column::Type::numeric, offset, {}, {}}, group});
  Fit f = fit(Model("y ~ 1 + offset(o) + (1 | g)", data, poisson()));
  ASSERT_TRUE(f.ok());
  f.theta.setZero();
  f.beta.setZero();
  const MatrixXd Y = simulate(f, kDraws, 3);
  for (Eigen::Index i = 0; i < f.rows(); ++i) {
    const double mu = std::exp(f.model->offset[i]), n = kDraws;
    EXPECT_LT(std::abs(mean(Y.row(i)) - mu) / std::sqrt(mu / n), 4) << mu;
    const double sd_of_variance = std::sqrt((mu + 2 * mu * mu) / n);  // fourth central moment mu + 3 mu^2
    EXPECT_LT(std::abs(variance(Y.row(i)) - mu) / sd_of_variance, 4) << mu;
  }
}

/// Means and covariances of counts with random intercept and slope: log-normal mixing has them in closed
/// form.
TEST(Simulate, RandomEffectsHaveTheCovarianceAskedFor) {
  const Fit fitted = fit(test::make_model(test::reference_case("epil_slope")));
  const Fit f = with_parameters("epil_slope", Eigen::Vector3d(0.4, -0.1, 0.2), 0.5 * fitted.beta);
  const int draws = 20'000;
  const MatrixXd Y = simulate(f, draws, 4);
  Eigen::Matrix2d Lambda;
  Lambda << 0.4, 0, -0.1, 0.2;
  const Eigen::Matrix2d Sigma = Lambda * Lambda.transpose();
  const MatrixXd& Z = f.model->terms[0].Z;
  const std::vector<int>& subject = f.model->factors[0].codes;
  const VectorXd eta = fixed_eta(f);
  const auto expected = [&](Eigen::Index i) {
    return std::exp(eta[i] + 0.5 * Z.row(i).dot(Z.row(i) * Sigma));
  };
  for (Eigen::Index i = 0; i < 60; ++i) {
    const VectorXd yi = Y.row(i);
    EXPECT_LT(std::abs(mean(yi) - expected(i)), 4.5 * std::sqrt(variance(yi) / draws)) << i;
    for (Eigen::Index j = 0; j < i; ++j) {
      const VectorXd product = (yi.array() - expected(i)) * (Y.row(j).transpose().array() - expected(j));
      const bool same = subject[static_cast<std::size_t>(i)] == subject[static_cast<std::size_t>(j)];
      const double covariance =
          same ? expected(i) * expected(j) * std::expm1(Z.row(i).dot(Z.row(j) * Sigma)) : 0;
      EXPECT_LT(std::abs(mean(product) - covariance), 5 * std::sqrt(variance(product) / draws))
          << i << " " << j;
    }
  }
}

/// The u that a replicate is drawn with, for many replicates: effects x replicates.
MatrixXd drawn_u(const Fit& f, int replicates) {
  const PlanData& plan = f.plan->data();
  const auto engine = make_engine(plan, "cpu", "auto", 1);
  const int width = engine->feed_width();
  FeedStorage storage(plan.view, width);
  VectorXd psi(f.theta.size() + f.beta.size());
  psi << f.theta, f.beta;
  MatrixXd u(plan.u_total(), replicates);
  for (int first = 0; first < replicates; first += width) {
    for (int lane = 0; lane < width; ++lane) storage.feed.number[lane] = first + lane + 1;
    storage.feed.count = width;
    engine->simulate({&plan, psi, 1, 5}, storage.feed, nullptr);
    for (Eigen::Index i = 0; i < u.rows(); ++i)
      for (int lane = 0; lane < std::min(width, replicates - first); ++lane)
        u(i, first + lane) = storage.feed.u[i * width + lane];
  }
  return u;
}

TEST(Simulate, DrawsIndependentStandardNormals) {
  const Fit f = fit(test::make_model(test::reference_case("epil_slope")));
  const int replicates = 2000;
  const MatrixXd u = drawn_u(f, replicates);
  const double n = double(u.size());
  EXPECT_LT(std::abs(u.mean()) * std::sqrt(n), 4);
  EXPECT_LT(std::abs(u.array().square().mean() - 1) * std::sqrt(n / 2), 4);
  EXPECT_LT(std::abs(u.array().cube().mean()) * std::sqrt(n / 15), 4);
  EXPECT_LT(std::abs(u.array().square().square().mean() - 3) * std::sqrt(n / 96), 4);
  std::vector<double> sorted(u.data(), u.data() + u.size());
  std::sort(sorted.begin(), sorted.end());
  double distance = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i)
    distance = std::max(distance,
                        std::abs(boost::math::cdf(boost::math::normal(), sorted[i]) - (double(i) + 0.5) / n));
  EXPECT_LT(distance * std::sqrt(n), 1.95) << "Kolmogorov and Smirnov, 0.1 %";
  const MatrixXd correlation = u * u.transpose() / replicates;  // between effects
  double largest = 0;
  for (Eigen::Index i = 0; i < u.rows(); ++i)
    for (Eigen::Index j = 0; j < i; ++j) largest = std::max(largest, std::abs(correlation(i, j)));
  EXPECT_LT(largest * std::sqrt(replicates), 5.2);
  const double lag = (u.leftCols(replicates - 1).array() * u.rightCols(replicates - 1).array()).mean();
  EXPECT_LT(std::abs(lag) * std::sqrt(n), 4) << "neighbouring replicates";
}

}  // namespace
}  // namespace cuglmm
