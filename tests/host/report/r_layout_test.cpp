// The texts were made with R 4.2.2 (options: width 80, useFancyQuotes FALSE).
#include <host/report/r_layout.hpp>

#include <gmock/gmock.h>

#include <cmath>

#include <host/report/r_deparse.hpp>

namespace cuglmm::r {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

TEST(Abbreviate, IsThatOfR) {
  const std::vector<std::string> names = {"(Intercept)",
                                          "schavg",
                                          "period2",
                                          "period3",
                                          "poly(age, 2)1",
                                          "urbanY:livch1",
                                          "I(age^2)",
                                          "trtplacebo",
                                          "x",
                                          "FoodTreatmentSatiated:SexParentMale",
                                          "livch3+",
                                          "I(week > 2)TRUE",
                                          "momEdPrimary",
                                          "aaaaaaaaaaa",
                                          "aaaaaaaaaab",
                                          "Gender M b c d e f",
                                          "AAAABBBBCCCC",
                                          "AAAABBBBCCCD"};
  EXPECT_THAT(abbreviate(names, 6),
              ElementsAreArray({"(Intr)", "schavg", "perid2", "perid3", "p(,2)1", "urbY:1", "I(g^2)",
                                "trtplc", "x", "FTS:SP", "lvch3+", "I(>2)T", "mmEdPr", "aaaaaa", "aaaaab",
                                "GMbcdef", "AAAABBBBCCCC", "AAAABBBBCCCD"}));
  EXPECT_THAT(
      abbreviate(names, 11),
      ElementsAreArray({"(Intercept)", "schavg", "period2", "period3", "poly(ag,2)1", "urbnY:lvch1",
                        "I(age^2)", "trtplacebo", "x", "FdTrtmS:SPM", "livch3+", "I(wk>2)TRUE", "momEdPrimry",
                        "aaaaaaaaaaa", "aaaaaaaaaab", "GendrMbcdef", "AAAABBBBCCCC", "AAAABBBBCCCD"}));
}

TEST(Abbreviate, EqualNamesEnd) { EXPECT_THAT(abbreviate({"same", "same"}, 3), ElementsAre("same", "same")); }

TEST(PrintCoefficients, StarsAndTheirLegend) {
  const Coefficients c{{"a", "b", "(Intercept)"},
                       {1.234567, -0.00001, 1234.5},
                       {0.5, 1e-6, 100},
                       {2.47, -10, 12.3},
                       {0.0135, 1e-23, 1e-30}};
  EXPECT_EQ(print(c, 4),
            "              Estimate Std. Error z value Pr(>|z|)    \n"
            "a            1.235e+00  5.000e-01    2.47   0.0135 *  \n"
            "b           -1.000e-05  1.000e-06  -10.00   <2e-16 ***\n"
            "(Intercept)  1.234e+03  1.000e+02   12.30   <2e-16 ***\n"
            "---\n"
            "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1\n");
}

TEST(PrintCoefficients, NoStarsNoLegend) {
  const Coefficients c{{"a", "b"}, {1.234567, 0.00001}, {0.5, 1}, {2.47, 0.00001}, {0.135, 0.99}};
  EXPECT_EQ(print(c, 4),
            "  Estimate Std. Error z value Pr(>|z|)\n"
            "a  1.23457    0.50000    2.47    0.135\n"
            "b  0.00001    1.00000    0.00    0.990\n");
}

TEST(PrintCoefficients, MissingErrorsAreNaN) {
  const Coefficients c{{"a", "b"}, {1.234567, 0.00001}, {NAN, 1}, {NAN, 0.00001}, {NAN, 0.99}};
  EXPECT_EQ(print(c, 4),
            "  Estimate Std. Error z value Pr(>|z|)\n"
            "a  1.23457        NaN     NaN      NaN\n"
            "b  0.00001    1.00000       0     0.99\n");
}

TEST(PrintMatrix, WideOnesContinueBelow) {
  const std::string wide(40, 'x');
  const TextMatrix m{{"r1", "row2"}, {"A", "B", "C"}, {{wide, wide, "1"}, {"", "z", "22"}}};
  const std::string blank(39, ' ');
  EXPECT_EQ(print(m, false), "     A" + blank + "\nr1   " + wide + "\nrow2  " + blank + "\n" + "     B" +
                                 blank + " C \nr1   " + wide + " 1 \nrow2 z" + blank + " 22\n");
}

TEST(CatFilled, BreaksBeforeTheItemThatDoesNotFit) {
  EXPECT_EQ(cat_filled({"Number of obs: 5, groups: ", "g, 2"}), "Number of obs: 5, groups:  g, 2\n");
  EXPECT_EQ(cat_filled({"Formula:", std::string(75, 'x')}), "Formula: \n" + std::string(75, 'x') + "\n");
}

TEST(DeparseLines, BreakAfterAnOperatorBehindColumn60) {
  EXPECT_THAT(deparse_lines(
                  "y~kid2p+mom25p + ord + ethn + momEd + husEd + momWork + rural + pcInd81+(1|mom)+(1|comm)"),
              ElementsAre("y ~ kid2p + mom25p + ord + ethn + momEd + husEd + momWork + rural + ",
                          "    pcInd81 + (1 | mom) + (1 | comm)"));
  EXPECT_THAT(deparse_lines("incidence / size ~ period + (1|herd)"),
              ElementsAre("incidence/size ~ period + (1 | herd)"));
}

}  // namespace
}  // namespace cuglmm::r
