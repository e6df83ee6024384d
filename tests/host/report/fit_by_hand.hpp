/// Fits filled by hand, to test what is made of them without an engine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cuglmm/fit.hpp>

namespace cuglmm::test {

/// The numbers of a fit that its reports show; the rest follows from them.
struct FitNumbers {
  std::vector<double> beta, theta, vcov;
  double minus2_log_likelihood = 0;
  std::vector<double> pearson;  ///< of which the quartiles are shown: five numbers will do
  std::vector<std::vector<double>> sd, correlation;  ///< per term
  std::vector<std::string> groups;                   ///< per term
  Status status = Status::converged;
  double sigma = 1;
  FitOptions options = {};
};

inline Eigen::VectorXd vector(const std::vector<double>& x) {
  return Eigen::Map<const Eigen::VectorXd>(x.data(), static_cast<Eigen::Index>(x.size()));
}

inline Eigen::MatrixXd square(const std::vector<double>& x, Eigen::Index n) {
  return Eigen::Map<const Eigen::MatrixXd>(x.data(), n, n);
}

inline Fit fit_by_hand(Model model, const FitNumbers& x) {
  Fit fit;
  fit.model = std::make_shared<const Model>(std::move(model));
  fit.device = "cpu (by hand)";
  fit.status = x.status;
  fit.sigma = x.sigma;
  fit.options = x.options;
  fit.beta = vector(x.beta);
  fit.theta = vector(x.theta);
  fit.vcov = square(x.vcov, fit.beta.size());
  fit.minus2_log_likelihood = x.minus2_log_likelihood;
  fit.pearson = vector(x.pearson);
  for (std::size_t j = 0; j < x.sd.size(); ++j) {
    const RandomTerm& term = fit.model->terms[j];
    fit.varcorr.push_back(
        {x.groups[j], term.columns, vector(x.sd[j]), square(x.correlation[j], term.size())});
    const auto levels =
        static_cast<Eigen::Index>(fit.model->factors[static_cast<std::size_t>(term.factor)].levels.size());
    fit.modes.push_back(Eigen::MatrixXd::Constant(levels, term.size(), 0.25));
    fit.modes_sd.push_back(Eigen::MatrixXd::Constant(levels, term.size(), 0.5));
  }
  return fit;
}

/// lme4 1.1-31's fit of sleepstudy, lmer(Reaction ~ Days + (Days | Subject)).
inline Fit sleepstudy_fit() {
  ReadOptions options;
  options.factor = {"Subject"};
  const Data data = read_table(CUGLMM_TEST_DATA "/sleepstudy.csv", options);
  FitNumbers x;
  x.beta = {251.40510484848497, 10.467285959595987};
  x.theta = {0.96674177396741234, 0.015169058896036137, 0.23090995320779453};
  x.vcov = {46.575120048789422, -1.4510884166325206, -1.4510884166325206, 2.3894656232069797};
  x.minus2_log_likelihood = 1743.6282719599519;
  x.sigma = 25.59179572167535;
  x.pearson = {-101.17888787451932, -11.859178844485513, 0.59162255459756352, 11.859291321021473,
               132.54657346571383};
  x.sd = {{24.740657994984062, 5.9221376588980812}};
  x.correlation = {{1, 0.065551238238128209, 0.065551238238128209, 1}};
  x.groups = {"Subject"};
  return fit_by_hand(Model("Reaction ~ Days + (Days | Subject)", data, gaussian()), x);
}

/// lme4 1.1-31's fit of cbpp, glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), binomial).
inline Fit cbpp_fit() {
  ReadOptions options;
  options.factor = {"herd", "period"};
  const Data data = read_table(CUGLMM_TEST_DATA "/cbpp.csv", options);
  FitNumbers x;
  x.beta = {-1.39834286447114531, -0.99192497497573884, -1.12821621594333976, -1.57974541364919197};
  x.theta = {0.64206992772917926};
  x.vcov = {0.053459936038540858,  -0.025434628930817563, -0.025348913894835831, -0.025410212891578923,
            -0.025434628930817563, 0.091900313285791457,  0.027408103598012497,  0.027313325797453211,
            -0.025348913894835831, 0.027408103598012497,  0.104219307831819125,  0.026955111662241339,
            -0.025410212891578923, 0.027313325797453211,  0.026955111662241339,  0.178125492972460525};
  x.minus2_log_likelihood = 184.05313277906055;
  x.pearson = {-2.38163599828345918, -0.78893538122134088, -0.20262705314152385, 0.51425412925579916,
               2.87908806084977931};
  x.sd = {{0.64206992772917926}};
  x.correlation = {{1}};
  x.groups = {"herd"};
  return fit_by_hand(Model("cbind(incidence, size - incidence) ~ period + (1 | herd)", data, binomial()), x);
}

}  // namespace cuglmm::test
