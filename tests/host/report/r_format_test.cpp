// The numbers on the right were made with R 4.2.2.
#include <host/report/r_format.hpp>

#include <gmock/gmock.h>

#include <cmath>

namespace cuglmm::r {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using Texts = std::vector<std::string>;

struct FormatCase {
  std::vector<double> x;
  int digits, nsmall;
  Texts expected;
};

TEST(Format, IsThatOfR) {
  const FormatCase cases[] = {
      {{0.08802, 0.07034, 1.60554, 0.21464}, 4, 0, {"0.08802", "0.07034", "1.60554", "0.21464"}},
      {{9.99996, 1}, 4, 0, {"10", " 1"}},
      {{99.99996}, 4, 0, {"100"}},
      {{1e-10, 1}, 4, 0, {"1e-10", "1e+00"}},
      {{123456, 1e-5}, 4, 0, {"1.235e+05", "1.000e-05"}},
      {{1e5}, 7, 0, {"1e+05"}},
      {{123456.789}, 3, 0, {"123457"}},
      {{NAN, 1.5, INFINITY, -INFINITY}, 4, 0, {" NaN", " 1.5", " Inf", "-Inf"}},
      {{0.15}, 1, 0, {"0.1"}},
      {{-1.5, 22.25}, 3, 0, {"-1.5", "22.2"}},
      {{1e-300}, 7, 0, {"1e-300"}},
      {{1e100, 1}, 4, 0, {"1e+100", " 1e+00"}},
      {{0, 0.1}, 7, 3, {"0.000", "0.100"}},
      {{0.072, 1, -0.5}, 7, 3, {" 0.072", " 1.000", "-0.500"}},
      {{-0.0}, 7, 0, {"0"}},
      {{1e15}, 7, 0, {"1e+15"}},
      {{0.0001}, 7, 0, {"1e-04"}},
      {{0.00002, 123}, 4, 0, {"2.00e-05", "1.23e+02"}},
      {{5322.6, 5341.6, -2658.3, 5316.6, 4056},
       7,
       0,
       {" 5322.6", " 5341.6", "-2658.3", " 5316.6", " 4056.0"}},
      {{}, 7, 0, {}},
  };
  for (const FormatCase& c : cases)
    EXPECT_THAT(format(c.x, c.digits, c.nsmall), ElementsAreArray(c.expected));
}

TEST(Format, OneNumberIsNotPadded) { EXPECT_EQ(format(0.99095006, 7), "0.9909501"); }

TEST(Round, IsThatOfR4) {
  EXPECT_EQ(round(0.15, 1), 0.1);
  EXPECT_EQ(round(2.5, 0), 2);
  EXPECT_EQ(round(-0.55, 1), -0.6);
  EXPECT_EQ(round(2.675, 2), 2.67);
  EXPECT_EQ(round(1e10 + 0.123456, 3), 10000000000.123);
  EXPECT_EQ(round(0, 3), 0);
  EXPECT_TRUE(std::isnan(round(NAN, 3)));
}

TEST(Zapsmall, SmallBesideLargeBecomesZero) {
  EXPECT_THAT(zapsmall({-2.4938123, -9.29123e-7, 0.4, 0.9, 200.2}, 5),
              ElementsAre(-2.494, 0, 0.4, 0.9, 200.2));
  EXPECT_THAT(zapsmall({0, 0}, 5), ElementsAre(0, 0));
}

TEST(FormatPValues, IsThatOfR) {
  const std::pair<std::vector<double>, Texts> cases[] = {
      {{0.211, 7.43e-14}, {"0.211", "7.43e-14"}},
      {{1e-20, 0.5}, {"<2e-16", "0.5"}},
      {{1e-20, 1e-5, 0.04}, {"<2e-16", "1e-05", "0.04"}},
      {{1e-20, 2e-20}, {"<2e-16", "<2e-16"}},
      {{0.00012, 0.5, 0.0012345}, {"0.00012", "0.50000", "0.00123"}},
      {{0, 1}, {"<2e-16", "1"}},
      {{7.12e-12, 1e-30, 0.4104, 0.0619}, {"7.12e-12", "< 2e-16", "0.4104", "0.0619"}},
      {{}, {}},
  };
  for (const auto& [p, expected] : cases) EXPECT_THAT(format_p_values(p, 3), ElementsAreArray(expected));
}

}  // namespace
}  // namespace cuglmm::r
