#include <host/report/json.hpp>

#include <gmock/gmock.h>

#include <cmath>

#include <tests/host/report/fit_by_hand.hpp>

namespace cuglmm {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> out;
  for (const auto& item : object.items()) out.push_back(item.key());
  return out;
}

TEST(FitJson, HasTheKeysOfTheInterfaceInTheirOrder) {
  const Json json = fit_json(test::cbpp_fit(), {});
  EXPECT_THAT(keys(json), ElementsAre("version", "command", "formula", "data", "device", "family", "link",
                                      "method", "nagq", "nobs", "rows", "ngroups", "dropped_rows",
                                      "dropped_columns", "status", "messages", "criterion", "gradient_norm",
                                      "evaluations", "seconds", "theta", "theta_names", "sigma", "dispersion",
                                      "size", "fixed", "vcov", "random", "residuals", "options"));
  EXPECT_THAT(keys(json["criterion"]),
              ElementsAre("minus2LogLik", "logLik", "AIC", "BIC", "deviance", "REML", "df", "df_residual"));
  EXPECT_THAT(keys(json["seconds"]), ElementsAre("read", "plan", "fit", "total"));
  EXPECT_THAT(keys(json["fixed"][0]), ElementsAre("term", "estimate", "std_error", "statistic", "p_value"));
  EXPECT_THAT(keys(json["random"][0]), ElementsAre("group", "term", "variance", "sd", "correlations"));
  EXPECT_THAT(keys(json["residuals"]), ElementsAre("pearson_ss", "scaled_quantiles", "scale"));
}

TEST(FitJson, HoldsTheNumbersOfTheFit) {
  const Fit fit = test::cbpp_fit();
  const Json json = fit_json(fit, {.seconds_read = 0.5});
  EXPECT_EQ(json["nobs"], 56);
  EXPECT_EQ(json["ngroups"], Json({{"herd", 15}}));
  EXPECT_EQ(json["theta_names"], Json({"herd.(Intercept)"}));
  EXPECT_EQ(json["status"], "converged");
  EXPECT_EQ(json["method"], "Laplace");
  EXPECT_EQ(json["criterion"]["deviance"], fit.minus2_log_likelihood);
  EXPECT_TRUE(json["criterion"]["REML"].is_null());
  EXPECT_TRUE(json["size"].is_null());
  EXPECT_EQ(json["dispersion"], 1);
  EXPECT_EQ(json["seconds"]["read"], 0.5);
  EXPECT_EQ(json["fixed"][1]["term"], "period2");
  EXPECT_NEAR(json["fixed"][1]["p_value"].get<double>(), 0.001068, 5e-7);  // lme4's print
  EXPECT_EQ(json["vcov"][1][0], fit.vcov(1, 0));
  EXPECT_EQ(json["residuals"]["scaled_quantiles"][4], fit.pearson(4));
  EXPECT_TRUE(json["random"][0]["correlations"].empty());
}

TEST(FitJson, OfARemlFitHoldsItsCriterionAndSigma) {
  const Fit fit = test::sleepstudy_fit();
  const Json json = fit_json(fit, {});
  EXPECT_EQ(json["family"], "gaussian");
  EXPECT_EQ(json["link"], "identity");
  EXPECT_EQ(json["method"], "REML");
  EXPECT_EQ(json["criterion"]["REML"], fit.minus2_log_likelihood);
  EXPECT_EQ(json["criterion"]["df"], 6);                                          // sigma counts
  EXPECT_NEAR(json["criterion"]["AIC"].get<double>(), 1755.628271959952, 1e-10);  // AIC(lmer(..))
  EXPECT_EQ(json["sigma"], fit.sigma);
  EXPECT_NEAR(json["dispersion"].get<double>(), 654.94000825936609, 1e-8);
  EXPECT_NEAR(json["random"][0]["variance"].get<double>(), 612.10015802279, 1e-8);
  EXPECT_NEAR(json["fixed"][1]["statistic"].get<double>(), 6.771481489, 1e-8);
  EXPECT_TRUE(json["fixed"][1]["p_value"].is_null());
  EXPECT_NEAR(json["residuals"]["scaled_quantiles"][0].get<double>(), -3.9535673, 1e-6);
}

TEST(FitJson, NamesTheMethod) {
  Fit linear = test::sleepstudy_fit(), glmm = test::cbpp_fit();
  linear.options.reml = false;
  EXPECT_EQ(fit_json(linear, {})["method"], "ML");
  EXPECT_TRUE(fit_json(linear, {})["criterion"]["REML"].is_null());
  glmm.options.nagq = 0;
  EXPECT_EQ(fit_json(glmm, {})["method"], "PQL-like (nAGQ=0)");
  EXPECT_EQ(fit_json(glmm, {})["nagq"], 0);
}

TEST(FitJson, WhatDoesNotExistIsNull) {
  Fit fit = test::cbpp_fit();
  fit.vcov.setConstant(NAN);
  fit.minus2_log_likelihood = NAN;
  const Json json = fit_json(fit, {});
  EXPECT_TRUE(json["fixed"][0]["std_error"].is_null());
  EXPECT_TRUE(json["fixed"][0]["p_value"].is_null());
  EXPECT_TRUE(json["vcov"][0][0].is_null());
  EXPECT_TRUE(json["criterion"]["AIC"].is_null());
}

TEST(BootstrapJson, HoldsFitIntervalsAndCounts) {
  Intervals x;
  x.replicates = 5;
  x.counts = {3, 1, 0, 0, 1};
  x.intervals = {{"beta.x", 1, 1.5, 2, {-1, 1}, {-2, 2}, {NAN, NAN}}};
  const Json json = bootstrap_json(test::cbpp_fit(), x, {.command = "bootstrap", .seed = 7});
  EXPECT_EQ(json["fit"]["command"], "fit");
  EXPECT_EQ(json["level"], 0.95);
  EXPECT_EQ(json["replicates"], 5);
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(
      json["counts"],
      Json({{"converged", 3}, {"singular", 1}, {"not_converged", 0}, {"separation", 0}, {"failed", 1}}));
  EXPECT_THAT(keys(json["intervals"][0]),
              ElementsAre("parameter", "estimate", "mean", "sd", "percentile", "basic", "normal"));
  EXPECT_EQ(json["intervals"][0]["percentile"], Json({-1, 1}));
  EXPECT_EQ(json["intervals"][0]["normal"], Json({nullptr, nullptr}));
}

TEST(WriteJson, NumbersHave17DigitsAndNaNIsNull) {
  const std::string text =
      write_json({{"x", 0.1}, {"n", 3}, {"bad", NAN}, {"list", {1.5, nullptr}}, {"none", Json::array()}});
  EXPECT_EQ(text,
            "{\n  \"x\": 0.10000000000000001,\n  \"n\": 3,\n  \"bad\": null,\n  \"list\": [1.5, null],\n"
            "  \"none\": []\n}\n");
}

TEST(WriteJson, EveryNumberReadsBack) {
  const Json json = fit_json(test::cbpp_fit(), {});
  EXPECT_EQ(Json::parse(write_json(json)), json);
}

TEST(WriteJson, TextThatIsNotUtf8IsReplaced) {
  EXPECT_THAT(write_json({{"level", "caf\xe9"}}), HasSubstr("caf\xef\xbf\xbd"));
}

}  // namespace
}  // namespace cuglmm
