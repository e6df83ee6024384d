// The texts are what lme4 1.1-31 prints for its own fits of these data, with the name of the file for that of
// the data frame, BFGS for Nelder_Mead, and the older lme4's line about the scale at the end.
#include <cuglmm/report.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <tests/host/report/fit_by_hand.hpp>

namespace cuglmm {
namespace {

using test::fit_by_hand;
using test::FitNumbers;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// The text up to the line about the scale, without the blank line that is put before it where lme4 has none.
std::string lme4_part(const Fit& fit) {
  std::string text = summary(fit);
  text.resize(text.find("Estimated scale (compare to 1)  "));
  if (text.find("convergence code") == std::string::npos) text.pop_back();
  return text;
}

TEST(Summary, OfAScalarTermEqualsLme4) {
  EXPECT_EQ(lme4_part(test::cbpp_fit()), R"(Generalized linear mixed model fit by maximum likelihood (Laplace
  Approximation) [glmerMod]
 Family: binomial  ( logit )
Formula: cbind(incidence, size - incidence) ~ period + (1 | herd)
   Data: cbpp.csv

     AIC      BIC   logLik deviance df.resid 
   194.1    204.2    -92.0    184.1       51 

Scaled residuals: 
    Min      1Q  Median      3Q     Max 
-2.3816 -0.7889 -0.2026  0.5142  2.8791 

Random effects:
 Groups Name        Variance Std.Dev.
 herd   (Intercept) 0.4123   0.6421  
Number of obs: 56, groups:  herd, 15

Fixed effects:
            Estimate Std. Error z value Pr(>|z|)    
(Intercept)  -1.3983     0.2312  -6.048 1.47e-09 ***
period2      -0.9919     0.3032  -3.272 0.001068 ** 
period3      -1.1282     0.3228  -3.495 0.000474 ***
period4      -1.5797     0.4220  -3.743 0.000182 ***
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1

Correlation of Fixed Effects:
        (Intr) perid2 perid3
period2 -0.363              
period3 -0.340  0.280       
period4 -0.260  0.213  0.198
)");
}

Fit contraception_fit() {
  ReadOptions options;
  options.factor = {"district"};
  Data data = read_table(CUGLMM_TEST_DATA "/Contraception.csv", options);
  mutate(data, "a = age / 10");
  FitNumbers x;
  x.beta = {-1.064231668299586930, 0.070884018732386894, -0.459304193026714214, 0.775501678265427263,
            0.828663034282480893,  0.912938502542951946, 0.935403532989523168,  -0.172999090287175583};
  x.theta = {0.621854985803882432, -0.586509394366400483, 0.033148151670359463, 0.449304079190191719,
             0.084013524097721906, 0.048991743867538497,  0.139862296167029443};
  x.vcov = {
      3.5128022842041480e-02,  9.8549452836083316e-03,  -7.1474962653569748e-03, -1.3091277873908472e-02,
      -1.8181385550549926e-02, -2.3046065375042939e-02, -2.6035784652089111e-02, 6.0160693500456626e-05,
      9.8549452836083316e-03,  1.1889481652236782e-02,  -3.6206085582082036e-03, -5.4609395803554813e-05,
      -3.9315769438117102e-03, -7.8481979723200000e-03, -1.2365617286313781e-02, -5.8859761213914145e-03,
      -7.1474962653569748e-03, -3.6206085582082036e-03, 5.6255261070228251e-03,  2.7138706993015129e-04,
      3.0114163155818656e-03,  4.9156488510588561e-03,  4.4607386063740167e-03,  8.0845561733127391e-04,
      -1.3091277873908472e-02, -5.4609395803554813e-05, 2.7138706993015129e-04,  2.6999617849406646e-02,
      1.6175009091429946e-03,  2.5173253896448658e-03,  2.4740231610884816e-03,  3.4653875978169342e-04,
      -1.8181385550549926e-02, -3.9315769438117102e-03, 3.0114163155818656e-03,  1.6175009091429946e-03,
      2.7676429852096087e-02,  1.6563116740850731e-02,  1.7841514915528996e-02,  -2.4428495803415428e-04,
      -2.3046065375042939e-02, -7.8481979723200000e-03, 4.9156488510588561e-03,  2.5173253896448658e-03,
      1.6563116740850731e-02,  3.5824967647589148e-02,  2.3379947605749345e-02,  -3.4190623213655228e-04,
      -2.6035784652089111e-02, -1.2365617286313781e-02, 4.4607386063740167e-03,  2.4740231610884816e-03,
      1.7841514915528996e-02,  2.3379947605749345e-02,  3.6386362943575168e-02,  -3.4362568040914739e-04,
      6.0160693500456626e-05,  -5.8859761213914145e-03, 8.0845561733127391e-04,  3.4653875978169342e-04,
      -2.4428495803415428e-04, -3.4190623213655228e-04, -3.4362568040914739e-04, 1.8354421378938834e-02};
  x.minus2_log_likelihood = 2357.6431020482746;
  x.pearson = {-1.92127317227156214, -0.74258492768269113, -0.43217843168551917, 0.89775998971228377,
               3.05280241528088414};
  x.sd = {{0.62185498580388243, 0.73882841394804788, 0.10274854333596244}, {0.13986229616702944}};
  x.correlation = {{1.00000000000000000, -0.79383708489538685, 0.32261432224857117, -0.79383708489538685,
                    1.00000000000000000, 0.24114164516518763, 0.32261432224857112, 0.24114164516518763,
                    1.00000000000000000},
                   {1}};
  x.groups = {"district", "district.1"};
  return fit_by_hand(
      Model("use ~ a + I(a^2) + urban * a + livch + (urban + a | district) + (0 + a || district)", data,
            binomial()),
      x);
}

TEST(Summary, OfVectorTermsEqualsLme4) {
  EXPECT_EQ(lme4_part(contraception_fit()),
            R"(Generalized linear mixed model fit by maximum likelihood (Laplace
  Approximation) [glmerMod]
 Family: binomial  ( logit )
Formula: use ~ a + I(a^2) + urban * a + livch + (urban + a | district) +  
    (0 + a || district)
   Data: Contraception.csv

     AIC      BIC   logLik deviance df.resid 
  2387.6   2471.2  -1178.8   2357.6     1919 

Scaled residuals: 
    Min      1Q  Median      3Q     Max 
-1.9213 -0.7426 -0.4322  0.8978  3.0528 

Random effects:
 Groups     Name        Variance Std.Dev. Corr       
 district   (Intercept) 0.38670  0.6219              
            urbanY      0.54587  0.7388   -0.79      
            a           0.01056  0.1027    0.32  0.24
 district.1 a           0.01956  0.1399              
Number of obs: 1934, groups:  district, 60

Fixed effects:
            Estimate Std. Error z value Pr(>|z|)    
(Intercept) -1.06423    0.18742  -5.678 1.36e-08 ***
a            0.07088    0.10904   0.650    0.516    
I(a^2)      -0.45930    0.07500  -6.124 9.14e-10 ***
urbanY       0.77550    0.16432   4.720 2.36e-06 ***
livch1       0.82866    0.16636   4.981 6.32e-07 ***
livch2       0.91294    0.18927   4.823 1.41e-06 ***
livch3+      0.93540    0.19075   4.904 9.40e-07 ***
a:urbanY    -0.17300    0.13548  -1.277    0.202    
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1

Correlation of Fixed Effects:
         (Intr) a      I(a^2) urbanY livch1 livch2 lvch3+
a         0.482                                          
I(a^2)   -0.508 -0.443                                   
urbanY   -0.425 -0.003  0.022                            
livch1   -0.583 -0.217  0.241  0.059                     
livch2   -0.650 -0.380  0.346  0.081  0.526              
livch3+  -0.728 -0.595  0.312  0.079  0.562  0.648       
a:urbanY  0.002 -0.398  0.080  0.016 -0.011 -0.013 -0.013
)");
}

Fit null_fit() {
  const Data data = read_table(CUGLMM_TEST_DATA "/sim_null.csv");
  FitNumbers x;
  x.beta = {0.29312611799959937, 0.32618298695836767};
  x.theta = {0.132965931071422183, 0.037831934328870609, 0.000000000000000000};
  x.vcov = {0.00409598304732929422, -0.00090795862509088763, -0.00090795862509088763, 0.00386864783892679719};
  x.minus2_log_likelihood = 706.77562677391779;
  x.pearson = {-1.42373703986556510, -0.79692050973887651, -0.16656522997948486, 0.62644683725832473,
               3.28104972471876266};
  x.sd = {{0.132965931071422183, 0.037831934328870609}};
  x.correlation = {{1, 1, 1, 1}};
  x.groups = {"g"};
  x.status = Status::singular;
  return fit_by_hand(Model("count ~ x + (x | g)", data, poisson()), x);
}

TEST(Summary, OfASingularFitEqualsLme4) {
  EXPECT_EQ(lme4_part(null_fit()), R"(Generalized linear mixed model fit by maximum likelihood (Laplace
  Approximation) [glmerMod]
 Family: poisson  ( log )
Formula: count ~ x + (x | g)
   Data: sim_null.csv

     AIC      BIC   logLik deviance df.resid 
   716.8    734.2   -353.4    706.8      235 

Scaled residuals: 
    Min      1Q  Median      3Q     Max 
-1.4237 -0.7969 -0.1666  0.6264  3.2810 

Random effects:
 Groups Name        Variance Std.Dev. Corr
 g      (Intercept) 0.017680 0.13297      
        x           0.001431 0.03783  1.00
Number of obs: 240, groups:  g, 24

Fixed effects:
            Estimate Std. Error z value Pr(>|z|)    
(Intercept)   0.2931     0.0640   4.580 4.65e-06 ***
x             0.3262     0.0622   5.244 1.57e-07 ***
---
Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1

Correlation of Fixed Effects:
  (Intr)
x -0.228
optimizer (BFGS) convergence code: 0 (OK)
boundary (singular) fit: see help('isSingular')

)");
}

TEST(Summary, EndsWithTheScaleOfOlderLme4) {
  const Fit fit = test::cbpp_fit();
  EXPECT_THAT(summary(fit), EndsWith(fmt::format("\nEstimated scale (compare to 1)  {:.7g}\n", fit.scale())));
}

ModelOptions options_of(const std::string& weights, const std::string& offset) {
  ModelOptions out;
  out.weights = weights;
  out.offset = offset;
  return out;
}

TEST(Summary, NamesWeightsAndOffset) {
  ReadOptions options;
  options.factor = {"herd", "period"};
  const Data data = read_table(CUGLMM_TEST_DATA "/cbpp.csv", options);
  Fit fit = test::cbpp_fit();
  fit.model = std::make_shared<const Model>("incidence / size ~ period + (1 | herd)", data, binomial(),
                                            options_of("size", "log(size)"));
  EXPECT_THAT(summary(fit), HasSubstr("Formula: incidence/size ~ period + (1 | herd)\n"));
  EXPECT_THAT(summary(fit), HasSubstr("cbpp.csv\nWeights: size\n Offset: log(size)\n\n"));
}

TEST(Summary, TellsOfDroppedRows) {
  ReadOptions options;
  options.factor = {"herd", "period"};
  const Data data = read_table(CUGLMM_TEST_DATA "/cbpp_na.csv", options);
  Fit fit = test::cbpp_fit();
  fit.model = std::make_shared<const Model>("cbind(incidence, size - incidence) ~ period + (1 | herd)", data,
                                            binomial());
  ASSERT_GT(fit.model->dropped_rows, 1);
  EXPECT_THAT(summary(fit), HasSubstr(fmt::format("({} observations deleted due to missingness)\n",
                                                  fit.model->dropped_rows)));
}

TEST(Summary, OfAFitThatFailedSaysSo) {
  Fit fit = test::cbpp_fit();
  fit.status = Status::not_converged;
  fit.messages = {"the evaluations were used up"};
  EXPECT_THAT(summary(fit), HasSubstr("optimizer (BFGS) convergence code: 1 (not_converged)\n"
                                      "the evaluations were used up\n"));
}

TEST(Table, AlignsIntervalsAndCountsReplicates) {
  Intervals x;
  x.replicates = 1000;
  x.counts = {990, 5, 3, 0, 2};
  x.intervals = {
      {"beta.(Intercept)", 0.0880, 0.0901, 0.0702, {-0.05, 0.23}, {-0.054, 0.226}, {-0.0515, 0.2237}},
      {"sd_(Intercept)|school", 0.482, 0.47, 0.05, {0.37, 0.57}, {0.39, 0.59}, {0.39, 0.59}}};
  EXPECT_EQ(table(x), R"(Parametric bootstrap, 95 % intervals
1000 replicates: 990 converged, 5 singular, 3 not_converged, 2 failed; 995 used

                                                   percentile          basic           normal
                      Estimate    Mean Std.Dev.    2.5 %  97.5 %    2.5 %  97.5 %    2.5 %  97.5 %
beta.(Intercept)        0.0880  0.0901   0.0702  -0.0500  0.2300  -0.0540  0.2260  -0.0515  0.2237
sd_(Intercept)|school    0.482   0.470    0.050    0.370   0.570    0.390   0.590    0.390   0.590
)");
}

}  // namespace
}  // namespace cuglmm
