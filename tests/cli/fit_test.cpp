#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include <tests/cli/program.hpp>

namespace cuglmm::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Fit, PrintsTheSeedModelAsLme4Does) {
  const Result result = run(Words{"fit"} + exam_model());
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, IsEmpty());
  for (const char* part :
       {"  Approximation) [glmerMod]\n Family: binomial  ( logit )\nFormula: success ~ schavg + (1 | "
        "school)\n",
        "     AIC      BIC   logLik deviance df.resid \n  5322.6   5341.6  -2658.3   5316.6     4056 \n",
        "    Min      1Q  Median      3Q     Max \n-2.4939 -0.9291  0.4010  0.9489  2.2668 \n",
        " Groups Name        Variance Std.Dev.\n school (Intercept) 0.2323   0.482   \n",
        "Number of obs: 4059, groups:  school, 65\n",
        "(Intercept)  0.08802    0.07036   1.251    0.211    \n",
        "schavg       1.60559    0.21484   7.473 7.81e-14 ***\n",
        "Correlation of Fixed Effects:\n       (Intr)\nschavg 0.072 \n",
        "\nEstimated scale (compare to 1)  0.9909501\n"})
    EXPECT_THAT(result.out, HasSubstr(part));
}

TEST(Fit, JsonToStandardOutputIsAllThatIsThere) {
  const Result result = run(Words{"fit"} + exam_model() + Words{"--json", "-"});
  EXPECT_EQ(result.status, 0);
  const Json json = Json::parse(result.out);
  EXPECT_NEAR(json["criterion"]["minus2LogLik"].get<double>(), 5316.63481022454, 1e-6);
  EXPECT_EQ(json["status"], "converged");
  EXPECT_EQ(json["ngroups"]["school"], 65);
  EXPECT_EQ(json["rows"], 65);  // after collapse
  EXPECT_EQ(json["fixed"][1]["term"], "schavg");
}

TEST(Fit, WritesModesAndFittedValues) {
  const Folder folder;
  const Result result =
      run(Words{"fit"} + cbpp_model() + Words{"--ranef", folder / "r.csv", "--fitted", folder / "f.csv"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(read_bytes(folder / "r.csv"), StartsWith("group,level,term,mode,sd\nherd,1,(Intercept),"));
  EXPECT_EQ(lines(read_bytes(folder / "r.csv")), 1 + 15u);
  EXPECT_THAT(read_bytes(folder / "f.csv"), StartsWith("row,fitted,eta,residual\n1,"));
  EXPECT_EQ(lines(read_bytes(folder / "f.csv")), 1 + 56u);
}

TEST(Fit, ReadsStandardInput) {
  const Result result = run({"fit", "cbind(incidence, size - incidence) ~ factor(period) + (1 | herd)",
                             "--data", "-", "--family", "binomial", "--json", "-"},
                            read_bytes(data_file("cbpp.csv")));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NEAR(Json::parse(result.out)["criterion"]["minus2LogLik"].get<double>(), 184.0525648, 1e-4);
}

TEST(Fit, AnEarlierJsonStandsForFormulaDataAndOptions) {
  const Folder folder;
  ASSERT_EQ(run(Words{"fit"} + exam_model() + Words{"--json", folder / "fit.json"}).status, 0);
  const Result again = run({"fit", "--fit", folder / "fit.json", "--json", "-"});
  ASSERT_EQ(again.status, 0) << again.err;
  const Json a = Json::parse(read_bytes(folder / "fit.json")), b = Json::parse(again.out);
  EXPECT_EQ(a["theta"], b["theta"]);
  EXPECT_EQ(a["options"], b["options"]);
}

TEST(Fit, StartsAtAnEarlierFit) {
  const Folder folder;
  ASSERT_EQ(run(Words{"fit"} + exam_model() + Words{"--json", folder / "fit.json"}).status, 0);
  const Result again =
      run(Words{"fit"} + exam_model() + Words{"--start", folder / "fit.json", "--json", "-"});
  ASSERT_EQ(again.status, 0) << again.err;
  const Json a = Json::parse(read_bytes(folder / "fit.json")), b = Json::parse(again.out);
  EXPECT_LT(b["evaluations"], a["evaluations"]);
  EXPECT_NEAR(a["theta"][0].get<double>(), b["theta"][0].get<double>(), 1e-5);
}

TEST(Fit, RefusesTheStartOfAnotherModel) {
  const Folder folder;
  ASSERT_EQ(run(Words{"fit"} + exam_model() + Words{"--json", folder / "fit.json"}).status, 0);
  const Result result = run(Words{"fit"} + cbpp_model() + Words{"--start", folder / "fit.json"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.err,
            "cuglmm: --start " + (folder / "fit.json") +
                ": its fixed effects are (Intercept), schavg, but this model's are (Intercept), period2, "
                "period3, period4\n");
}

TEST(Fit, ThatDoesNotConvergeEndsWith1AndIsWritten) {
  const Result result = run(Words{"fit"} + exam_model() + Words{"--max-evaluations", "2", "--json", "-"});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(Json::parse(result.out)["status"], "not_converged");
  EXPECT_EQ(result.err, "cuglmm: the fit ended with status 'not_converged'; see its messages\n");
}

TEST(Fit, WithSeparationEndsWith1) {
  const Result result = run({"fit", "y ~ x + (1 | g)", "--data", data_file("sim_separation.csv"), "--family",
                             "binomial", "--json", "-"});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(Json::parse(result.out)["status"], "separation");
}

TEST(Fit, StandardErrorsMayBeRx) {
  const auto se = [](const Words& more) {
    return Json::parse(
               run(Words{"fit"} + exam_model() + more + Words{"--json", "-"}).out)["fixed"][1]["std_error"]
        .get<double>();
  };
  EXPECT_NEAR(se({}) / 0.214839169851506, 1, 1e-5);
  EXPECT_NEAR(se({"--se", "rx"}) / 0.214133177118986, 1, 1e-5);
}

/// At the optimum; lme4's default optimizer stops where the intercepts' sd is 24.741.
TEST(Fit, WithoutAFamilyIsALinearMixedModel) {
  const Result result = run(Words{"fit"} + sleepstudy_model());
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, R"(Linear mixed model fit by REML ['lmerMod']
Formula: Reaction ~ Days + (Days | Subject)
   Data: sleepstudy.csv

REML criterion at convergence: 1743.6

Scaled residuals: 
    Min      1Q  Median      3Q     Max 
-3.9536 -0.4634  0.0231  0.4634  5.1793 

Random effects:
 Groups   Name        Variance Std.Dev. Corr
 Subject  (Intercept) 612.09   24.740       
          Days         35.07    5.922   0.07
 Residual             654.94   25.592       
Number of obs: 180, groups:  Subject, 18

Fixed effects:
            Estimate Std. Error t value
(Intercept)  251.405      6.825  36.838
Days          10.467      1.546   6.771

Correlation of Fixed Effects:
     (Intr)
Days -0.138
)");
}

TEST(Fit, OfALinearModelMayBeByMaximumLikelihood) {
  const auto criterion = [](const Words& more) {
    return Json::parse(run(Words{"fit"} + sleepstudy_model() + more + Words{"--json", "-"}).out)["criterion"];
  };
  const Json ml = criterion({"--ml"});
  EXPECT_NEAR(ml["deviance"].get<double>(), 1751.9393444636, 1e-6);
  EXPECT_TRUE(ml["REML"].is_null());
  for (const Words& reml : {Words{}, Words{"--reml"}, Words{"--REML", "--family", "gaussian"}})
    EXPECT_NEAR(criterion(reml)["REML"].get<double>(), 1743.6282719600, 1e-6);
}

TEST(Fit, AnEarlierJsonKeepsTheCriterionUnlessAnotherIsGiven) {
  const Folder folder;
  ASSERT_EQ(run(Words{"fit"} + sleepstudy_model() + Words{"--ml", "--json", folder / "ml.json"}).status, 0);
  ASSERT_EQ(run(Words{"fit"} + cbpp_model() + Words{"--nagq", "0", "--json", folder / "0.json"}).status, 0);
  const auto method = [](const Words& words) {
    const Result result = run(Words{"fit", "--json", "-"} + words);
    return result.status == 0 ? Json::parse(result.out)["method"].get<std::string>() : result.err;
  };
  EXPECT_EQ(method({"--fit", folder / "ml.json"}), "ML");
  EXPECT_EQ(method({"--fit", folder / "ml.json", "--reml"}), "REML");
  EXPECT_EQ(method({"--fit", folder / "0.json"}), "PQL-like (nAGQ=0)");
  EXPECT_EQ(method({"--fit", folder / "0.json", "--nagq", "1"}), "Laplace");
  EXPECT_EQ(method({"--fit", folder / "0.json", "--family", "binomial"}), "Laplace");
}

TEST(Data, ShowsTheRecodedColumn) {
  const Result result = run({"data", data_file("Exam.csv"), "--mutate", "success = (normexam >= 0) * 1"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("success"));
  EXPECT_THAT(result.out, HasSubstr("Mean   :0.5122"));
}

TEST(Plan, TellsOfRowsAfterCollapse) {
  const Result result = run(Words{"plan"} + exam_model());
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("4059"));
  EXPECT_THAT(result.out, HasSubstr("65"));
}

TEST(Info, NamesVersionDevicesAndLibraries) {
  const Result result = run({"info"});
  EXPECT_EQ(result.status, 0);
  for (const char* part : {"version:", "SIMD:", "threads:", "cpu (no GPU can be used: ", "Eigen 3.", "xsimd ",
                           "Boost 1.", "fmt ", "zlib 1."})
    EXPECT_THAT(result.out, HasSubstr(part));
}

}  // namespace
}  // namespace cuglmm::test
