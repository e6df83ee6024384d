// The texts are what lme4 1.1-31 prints for its own fits of these data, with the name of the file for that of
// the data frame, and BFGS for nloptwrap.
#include <cuglmm/report.hpp>

#include <gmock/gmock.h>

#include <tests/host/report/fit_by_hand.hpp>

namespace cuglmm {
namespace {

using test::fit_by_hand;
using test::FitNumbers;
using testing::HasSubstr;
using testing::StartsWith;

Data corpus(const std::string& file, const std::vector<std::string>& factors) {
  ReadOptions options;
  options.factor = factors;
  return read_table(CUGLMM_TEST_DATA "/" + file, options);
}

TEST(LinearSummary, OfARemlFitEqualsLme4) {
  EXPECT_EQ(summary(test::sleepstudy_fit()), R"(Linear mixed model fit by REML ['lmerMod']
Formula: Reaction ~ Days + (Days | Subject)
   Data: sleepstudy.csv

REML criterion at convergence: 1743.6

Scaled residuals: 
    Min      1Q  Median      3Q     Max 
-3.9536 -0.4634  0.0231  0.4634  5.1793 

Random effects:
 Groups   Name        Variance Std.Dev. Corr
 Subject  (Intercept) 612.10   24.741       
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

/// lmer(Reaction ~ Days + (1 + Days || Subject), weights = w, offset = off, REML = FALSE)
Fit weighted_fit() {
  FitNumbers x;
  x.beta = {249.26829623700181, 7.685803613818428};
  x.theta = {0.91821886111336415, 0.24081587869648377};
  x.vcov = {43.401763170271749, -1.6689027410701314, -1.6689027410701314, 2.6445440626732606};
  x.minus2_log_likelihood = 1754.4336744986344;
  x.sigma = 26.51601944725514;
  x.pearson = {-81.487481296406926, -12.398112547190314, 0.81860619243986377, 14.181198272959136,
               125.33445111300745};
  x.sd = {{24.347509178118429}, {6.3854785227237985}};
  x.correlation = {{1}, {1}};
  x.groups = {"Subject", "Subject.1"};
  x.options.reml = false;
  return fit_by_hand(Model("Reaction ~ Days + (1 + Days || Subject)", corpus("sleepstudy.csv", {"Subject"}),
                           gaussian(), {.weights = "w", .offset = "off", .contrasts = {}}),
                     x);
}

TEST(LinearSummary, OfAMaximumLikelihoodFitEqualsLme4) {
  EXPECT_EQ(summary(weighted_fit()), R"(Linear mixed model fit by maximum likelihood  ['lmerMod']
Formula: Reaction ~ Days + ((1 | Subject) + (0 + Days | Subject))
   Data: sleepstudy.csv
Weights: w
 Offset: off

     AIC      BIC   logLik deviance df.resid 
  1764.4   1780.4   -877.2   1754.4      175 

Scaled residuals: 
    Min      1Q  Median      3Q     Max 
-3.0731 -0.4676  0.0309  0.5348  4.7267 

Random effects:
 Groups    Name        Variance Std.Dev.
 Subject   (Intercept) 592.80   24.348  
 Subject.1 Days         40.77    6.385  
 Residual              703.10   26.516  
Number of obs: 180, groups:  Subject, 18

Fixed effects:
            Estimate Std. Error t value
(Intercept)  249.268      6.588  37.837
Days           7.686      1.626   4.726

Correlation of Fixed Effects:
     (Intr)
Days -0.156
)");
}

/// lmer(Yield ~ 1 + (1 | Batch), Dyestuff2)
Fit singular_fit() {
  FitNumbers x;
  x.beta = {5.6656};
  x.theta = {0};
  x.vcov = {0.46021032091954012};
  x.minus2_log_likelihood = 161.82827781228843;
  x.sigma = 3.7156842744757266;
  x.pearson = {-6.5576, -2.9006, -0.3006, 2.4854, 7.7684};
  x.sd = {{0}};
  x.correlation = {{1}};
  x.groups = {"Batch"};
  x.status = Status::singular;
  return fit_by_hand(Model("Yield ~ 1 + (1 | Batch)", corpus("Dyestuff2.csv", {}), gaussian()), x);
}

TEST(LinearSummary, OfASingularFitEqualsLme4) {
  EXPECT_EQ(summary(singular_fit()), R"(Linear mixed model fit by REML ['lmerMod']
Formula: Yield ~ 1 + (1 | Batch)
   Data: Dyestuff2.csv

REML criterion at convergence: 161.8

Scaled residuals: 
    Min      1Q  Median      3Q     Max 
-1.7648 -0.7806 -0.0809  0.6689  2.0907 

Random effects:
 Groups   Name        Variance Std.Dev.
 Batch    (Intercept)  0.00    0.000   
 Residual             13.81    3.716   
Number of obs: 30, groups:  Batch, 6

Fixed effects:
            Estimate Std. Error t value
(Intercept)   5.6656     0.6784   8.352
optimizer (BFGS) convergence code: 0 (OK)
boundary (singular) fit: see help('isSingular')

)");
}

/// lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin)
Fit crossed_fit() {
  FitNumbers x;
  x.beta = {22.972222222221916};
  x.theta = {1.5396755543064833, 3.5125188598816663};
  x.vcov = {0.65382645845551246};
  x.minus2_log_likelihood = 330.86058899960437;
  x.sigma = 0.54992268206288131;
  x.pearson = {-1.1434177539737256, -0.36921635704643485, 0.034602325095601572, 0.32102902680070855,
               1.6385418174435102};
  x.sd = {{0.84670251033087474}, {1.93161379222258}};
  x.correlation = {{1}, {1}};
  x.groups = {"plate", "sample"};
  return fit_by_hand(
      Model("diameter ~ 1 + (1 | plate) + (1 | sample)", corpus("Penicillin.csv", {}), gaussian()), x);
}

TEST(LinearSummary, OfCrossedFactorsEqualsLme4) {
  EXPECT_EQ(summary(crossed_fit()), R"(Linear mixed model fit by REML ['lmerMod']
Formula: diameter ~ 1 + (1 | plate) + (1 | sample)
   Data: Penicillin.csv

REML criterion at convergence: 330.9

Scaled residuals: 
     Min       1Q   Median       3Q      Max 
-2.07923 -0.67140  0.06292  0.58377  2.97959 

Random effects:
 Groups   Name        Variance Std.Dev.
 plate    (Intercept) 0.7169   0.8467  
 sample   (Intercept) 3.7311   1.9316  
 Residual             0.3024   0.5499  
Number of obs: 144, groups:  plate, 24; sample, 6

Fixed effects:
            Estimate Std. Error t value
(Intercept)  22.9722     0.8086   28.41
)");
}

TEST(LinearSummary, NotesStandApart) {
  Fit with_note = crossed_fit();
  Model model = *with_note.model;
  model.messages = {"something about the model"};
  with_note.model = std::make_shared<const Model>(model);
  EXPECT_THAT(summary(with_note), HasSubstr("28.41\n\nsomething about the model\n"));
}

TEST(Summary, OfNagq0EqualsLme4) {
  Fit fit = test::cbpp_fit();
  fit.options.nagq = 0;
  EXPECT_THAT(summary(fit), StartsWith(R"(Generalized linear mixed model fit by maximum likelihood (Adaptive
  Gauss-Hermite Quadrature, nAGQ = 0) [glmerMod]
 Family: binomial  ( logit )
Formula: cbind(incidence, size - incidence) ~ period + (1 | herd)
)"));
}

}  // namespace
}  // namespace cuglmm
