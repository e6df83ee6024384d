/// Values of expressions. Expected values are R 4.2.2's, where they are not plain arithmetic.
#include "host/data/expression.hpp"

#include "tests/host/data/support.hpp"

namespace cuglmm {
namespace {

using test::factor;
using test::message_of;
using test::na;
using testing::ElementsAre;

constexpr double infinity = std::numeric_limits<double>::infinity();

Data sample() {
  Column dose = factor("dose", {"low", "mid", "high"}, {0, 2, 1, -1});
  dose.type = Column::Type::ordered;
  return Data({test::numeric("x", {1, 2, -3, na}), test::numeric("z", {0.5, 4, 2.25, 9}),
               test::logical("yes", {1, 0, na, 1}), factor("f", {"b", "a", "c"}, {0, 1, 1, -1}),
               factor("grade", {"10", "9"}, {0, 1, 0, 0}), dose},
              "sample.csv");
}

Value value(const std::string& source) { return evaluate(*parse_expression(source), sample(), source); }

std::vector<std::string> strings(const Column& column) {
  std::vector<std::string> out;
  for (const int code : column.codes)
    out.push_back(code < 0 ? "NA" : column.levels[static_cast<std::size_t>(code)]);
  return out;
}

struct Numbers {
  std::string source;
  std::vector<double> expected;
};

class EveryNumber : public testing::TestWithParam<Numbers> {};

TEST_P(EveryNumber, IsAsInR) {
  const Value result = value(GetParam().source);
  ASSERT_EQ(result.columns.size(), 1U);
  EXPECT_EQ(result.columns[0].type, Column::Type::numeric);
  test::expect_numbers(result.columns[0].numbers, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Arithmetic, EveryNumber,
    testing::Values(
        Numbers{"x", {1, 2, -3, na}}, Numbers{"1", {1, 1, 1, 1}}, Numbers{"x + z * 2", {2, 10, 1.5, na}},
        Numbers{"-z^2", {-0.25, -16, -5.0625, -81}}, Numbers{"2^-1 * z", {0.25, 2, 1.125, 4.5}},
        Numbers{"x %% 2", {1, 0, 1, na}}, Numbers{"-x %% 2", {1, 0, 1, na}}, Numbers{"z %/% 2", {0, 2, 1, 4}},
        Numbers{"x %% 0", {na, na, na, na}}, Numbers{"x / 0", {infinity, infinity, -infinity, na}},
        Numbers{"NA^0 * z", {0.5, 4, 2.25, 9}}, Numbers{"yes + 1", {2, 1, na, 2}},
        Numbers{"pi - pi + z", {0.5, 4, 2.25, 9}}, Numbers{"1L + 0x10 + 1e1", {27, 27, 27, 27}},
        Numbers{"(x)", {1, 2, -3, na}}, Numbers{"I(x^2)", {1, 4, 9, na}}, Numbers{"+x", {1, 2, -3, na}},
        Numbers{"2^3^0", {2, 2, 2, 2}}, Numbers{"Inf * z", {infinity, infinity, infinity, infinity}}));

INSTANTIATE_TEST_SUITE_P(
    Functions, EveryNumber,
    testing::Values(
        Numbers{"log(z * 2)", {0, std::log(8), std::log(4.5), std::log(18)}},
        Numbers{"log(z, 2)", {-1, 2, std::log2(2.25), std::log2(9)}},
        Numbers{"log(base = 10, z)", {std::log10(0.5), std::log10(4), std::log10(2.25), std::log10(9)}},
        Numbers{"log2(z) + log10(1) + log1p(0)", {-1, 2, std::log2(2.25), std::log2(9)}},
        Numbers{"log(x)", {0, std::log(2), na, na}}, Numbers{"exp(x) - 1 - expm1(x)", {0, 0, 0, na}},
        Numbers{"sqrt(z)", {std::sqrt(0.5), 2, 1.5, 3}}, Numbers{"abs(x)", {1, 2, 3, na}},
        Numbers{"sign(x)", {1, 1, -1, na}}, Numbers{"sin(x)^2 + cos(x)^2", {1, 1, 1, na}},
        Numbers{"tan(z) - sin(z) / cos(z)", {0, 0, 0, 0}}, Numbers{"floor(z)", {0, 4, 2, 9}},
        Numbers{"ceiling(z)", {1, 4, 3, 9}}, Numbers{"round(z)", {0, 4, 2, 9}},
        Numbers{"round(z / 3, 2)", {0.17, 1.33, 0.75, 3}}, Numbers{"round(z * 10, -1)", {0, 40, 20, 90}},
        Numbers{"as.numeric(f)", {1, 2, 2, na}}, Numbers{"as.numeric(grade)", {1, 2, 1, 1}},
        Numbers{"as.numeric(as.character(grade))", {10, 9, 10, 10}},
        Numbers{"as.numeric(as.character(f))", {na, na, na, na}}, Numbers{"as.integer(z)", {0, 4, 2, 9}},
        Numbers{"as.numeric(yes)", {1, 0, na, 1}}, Numbers{"ifelse(x > 1, x, 0)", {0, 2, 0, na}},
        Numbers{"ifelse(is.na(x), z, x)", {1, 2, -3, 9}}, Numbers{"pmin(x, 1)", {1, 1, -3, na}},
        Numbers{"pmax(x, z, na.rm = TRUE)", {1, 4, 2.25, 9}}, Numbers{"pmax(1, x)", {1, 2, 1, na}}));

INSTANTIATE_TEST_SUITE_P(
    Statistics, EveryNumber,
    testing::Values(
        Numbers{"mean(z)", {3.9375, 3.9375, 3.9375, 3.9375}}, Numbers{"mean(x)", {na, na, na, na}},
        Numbers{"mean(x, na.rm = TRUE)", {0, 0, 0, 0}}, Numbers{"mean(x, na = TRUE)", {0, 0, 0, 0}},
        Numbers{"median(z)", {3.125, 3.125, 3.125, 3.125}}, Numbers{"median(x, TRUE)", {1, 1, 1, 1}},
        Numbers{"var(x, na.rm = TRUE)", {7, 7, 7, 7}}, Numbers{"sd(x, na.rm = TRUE)^2", {7, 7, 7, 7}},
        Numbers{"min(z, x, na.rm = TRUE)", {-3, -3, -3, -3}}, Numbers{"max(z)", {9, 9, 9, 9}},
        Numbers{"max(x)", {na, na, na, na}}, Numbers{"sum(yes, na.rm = TRUE) + length(f)", {6, 6, 6, 6}},
        Numbers{"scale(x)", {1 / std::sqrt(7), 2 / std::sqrt(7), -3 / std::sqrt(7), na}},
        Numbers{"scale(z, scale = FALSE)", {-3.4375, 0.0625, -1.6875, 5.0625}},
        Numbers{"scale(x, FALSE)", {1 / std::sqrt(7), 2 / std::sqrt(7), -3 / std::sqrt(7), na}},
        Numbers{"scale(z, 1, 2)", {-0.25, 1.5, 0.625, 4}},
        Numbers{"cut(z, c(0, 1, 5), labels = FALSE)", {1, 2, 2, na}}));

class EveryTruth : public testing::TestWithParam<Numbers> {};

TEST_P(EveryTruth, IsLogicalAndAsInR) {
  const Value result = value(GetParam().source);
  ASSERT_EQ(result.columns.size(), 1U);
  EXPECT_EQ(result.columns[0].type, Column::Type::logical);
  test::expect_numbers(result.columns[0].numbers, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Evaluate, EveryTruth,
    testing::Values(Numbers{"x > 1", {0, 1, 0, na}}, Numbers{"x >= 1", {1, 1, 0, na}},
                    Numbers{"x == z - 2", {0, 1, 0, na}}, Numbers{"x != 1", {0, 1, 1, na}},
                    Numbers{"1 <= x", {1, 1, 0, na}}, Numbers{"!yes", {0, 1, na, 0}},
                    Numbers{"yes & NA", {na, 0, na, na}}, Numbers{"yes | NA", {1, na, na, 1}},
                    Numbers{"NA & FALSE", {0, 0, 0, 0}}, Numbers{"NA | TRUE", {1, 1, 1, 1}},
                    Numbers{"x > 0 && z > 1 || FALSE", {0, 1, 0, na}}, Numbers{"is.na(x)", {0, 0, 0, 1}},
                    Numbers{"is.na(f)", {0, 0, 0, 1}}, Numbers{"f == 'a'", {0, 1, 1, na}},
                    Numbers{"'a' != f", {1, 0, 0, na}}, Numbers{"f == 'zz'", {0, 0, 0, na}},
                    Numbers{"grade == 10", {1, 0, 1, 1}}, Numbers{"x == '2'", {0, 1, 0, na}},
                    Numbers{"f == grade", {0, 0, 0, na}}, Numbers{"dose > 'low'", {0, 1, 1, na}},
                    Numbers{"dose <= 'mid'", {1, 0, 1, na}}, Numbers{"'mid' < dose", {0, 1, 0, na}},
                    Numbers{"as.character(f) < 'b'", {0, 1, 1, na}},
                    Numbers{"f %in% c('a', 'c')", {0, 1, 1, 0}}, Numbers{"x %in% c(1, 2)", {1, 1, 0, 0}},
                    Numbers{"x %in% c(1, NA)", {1, 0, 0, 1}}, Numbers{"x %in% -3:1", {1, 0, 1, 0}},
                    Numbers{"grade %in% 9", {0, 1, 0, 0}}, Numbers{"x %in% 'abc'", {0, 0, 0, 0}},
                    Numbers{"as.logical(x)", {1, 1, 1, na}},
                    Numbers{"as.logical(as.character(yes))", {1, 0, na, 1}},
                    Numbers{"ifelse(yes, FALSE, NA)", {0, na, na, 0}}, Numbers{"!x > 1", {1, 0, 1, na}}));

struct Factors {
  std::string source;
  std::vector<std::string> levels, values;
  Column::Type type = Column::Type::factor;
};

class EveryFactor : public testing::TestWithParam<Factors> {};

TEST_P(EveryFactor, IsAsInR) {
  const Value result = value(GetParam().source);
  ASSERT_EQ(result.columns.size(), 1U);
  EXPECT_EQ(result.columns[0].type, GetParam().type);
  EXPECT_EQ(result.columns[0].levels, GetParam().levels);
  EXPECT_EQ(strings(result.columns[0]), GetParam().values);
}

INSTANTIATE_TEST_SUITE_P(
    Evaluate, EveryFactor,
    testing::Values(
        Factors{"f", {"b", "a", "c"}, {"b", "a", "a", "NA"}},
        Factors{"factor(f)", {"b", "a"}, {"b", "a", "a", "NA"}},
        Factors{"droplevels(f)", {"b", "a"}, {"b", "a", "a", "NA"}},
        Factors{"as.factor(f)", {"b", "a", "c"}, {"b", "a", "a", "NA"}},
        Factors{"as.character(f)", {"a", "b"}, {"b", "a", "a", "NA"}},
        Factors{"factor(as.character(f))", {"a", "b"}, {"b", "a", "a", "NA"}},
        Factors{"factor(x)", {"-3", "1", "2"}, {"1", "2", "-3", "NA"}},
        Factors{"as.factor(z / 3 > 1)", {"FALSE", "TRUE"}, {"FALSE", "TRUE", "FALSE", "TRUE"}},
        Factors{"factor(x, levels = c(2, 1))", {"2", "1"}, {"1", "2", "NA", "NA"}},
        Factors{"factor(x, levels = c(1, 2, -3), labels = c('one', 'two', 'one'))",
                {"one", "two"},
                {"one", "two", "one", "NA"}},
        Factors{"factor(f, labels = 'L')", {"L1", "L2"}, {"L1", "L2", "L2", "NA"}},
        Factors{"ordered(f, levels = c('c', 'b', 'a'))",
                {"c", "b", "a"},
                {"b", "a", "a", "NA"},
                Column::Type::ordered},
        Factors{"factor(x, ordered = TRUE)", {"-3", "1", "2"}, {"1", "2", "-3", "NA"}, Column::Type::ordered},
        Factors{"factor(dose, ordered = FALSE)", {"low", "mid", "high"}, {"low", "high", "mid", "NA"}},
        Factors{"relevel(f, ref = 'c')", {"c", "b", "a"}, {"b", "a", "a", "NA"}},
        Factors{"ifelse(x > 1, 'big', 'small')", {"big", "small"}, {"small", "big", "small", "NA"}},
        Factors{"ifelse(x > 1, as.character(f), 'z')", {"a", "z"}, {"z", "a", "z", "NA"}},
        Factors{"cut(z, c(0, 1, 5))", {"(0,1]", "(1,5]"}, {"(0,1]", "(1,5]", "(1,5]", "NA"}},
        Factors{"cut(z, c(0.5, 4, 9), right = FALSE)",
                {"[0.5,4)", "[4,9)"},
                {"[0.5,4)", "[4,9)", "[0.5,4)", "NA"}},
        Factors{"cut(z, c(0.5, 4, 9), include.lowest = TRUE)",
                {"[0.5,4]", "(4,9]"},
                {"[0.5,4]", "[0.5,4]", "[0.5,4]", "(4,9]"}},
        Factors{"cut(z, c(-Inf, 2, Inf), labels = c('lo', 'hi'), ordered_result = TRUE)",
                {"lo", "hi"},
                {"lo", "hi", "hi", "hi"},
                Column::Type::ordered},
        Factors{"cut(z, c(-Inf, 2, Inf))",
                {"(-Inf,2]", "(2, Inf]"},
                {"(-Inf,2]", "(2, Inf]", "(2, Inf]", "(2, Inf]"}},
        Factors{"cut(z, 2)",
                {"(0.491,4.75]", "(4.75,9.01]"},
                {"(0.491,4.75]", "(0.491,4.75]", "(0.491,4.75]", "(4.75,9.01]"}},
        Factors{"cut(z, c(0, 2.123456, 2.123457, 10))",
                {"(0,2.123456]", "(2.123456,2.123457]", "(2.123457,10]"},
                {"(0,2.123456]", "(2.123457,10]", "(2.123457,10]", "(2.123457,10]"}},
        Factors{"droplevels(f):grade", {"b:10", "b:9", "a:10", "a:9"}, {"b:10", "a:9", "a:10", "NA"}}));

TEST(Evaluate, ResultIsNamedAsTheTerm) { EXPECT_EQ(value("log(z+1)").columns[0].name, "log(z + 1)"); }

TEST(Evaluate, NumbersTurnIntoTextWithFifteenDigits) {
  EXPECT_EQ(value("as.factor(x / 3)").columns[0].levels,
            (std::vector<std::string>{"-1", "0.333333333333333", "0.666666666666667"}));
  EXPECT_EQ(value("as.factor(z * 1e5)").columns[0].levels,
            (std::vector<std::string>{"50000", "225000", "4e+05", "9e+05"}));
}

TEST(Poly, IsOrthonormalAndAsInR) {
  const std::string source = "poly(z, 2)";
  const Value result = value(source);
  EXPECT_TRUE(result.is_matrix);
  EXPECT_THAT(result.suffixes, ElementsAre("1", "2"));
  test::expect_numbers(result.columns[0].numbers,
                       {-0.5415106753840280, 0.0098456486433459653, -0.2658325133703410, 0.7974975401110231},
                       1e-13);
  double norm = 0, product = 0, sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double p1 = result.columns[0].numbers[i], p2 = result.columns[1].numbers[i];
    norm += p2 * p2;
    product += p1 * p2;
    sum += p2;
  }
  EXPECT_NEAR(norm, 1, 1e-14);
  EXPECT_NEAR(product, 0, 1e-14);
  EXPECT_NEAR(sum, 0, 1e-14);
}

TEST(Poly, RawGivesPowersAndOneColumnHasNoSuffix) {
  const Value raw = value("poly(x, 3, raw = TRUE)");
  EXPECT_THAT(raw.suffixes, ElementsAre("1", "2", "3"));
  test::expect_numbers(raw.columns[2].numbers, {1, 8, -27, na});
  EXPECT_THAT(value("poly(z)").suffixes, ElementsAre(""));
}

TEST(Cbind, NamesColumnsAsRDoes) {
  const Value counts = value("cbind(x, z - x)");
  EXPECT_TRUE(counts.is_matrix);
  EXPECT_THAT(counts.suffixes, ElementsAre("x", ""));
  test::expect_numbers(counts.columns[1].numbers, {-0.5, 2, 5.25, na});
  EXPECT_THAT(value("cbind(x^2, z^2)").suffixes, ElementsAre("1", "2"));
  EXPECT_THAT(value("cbind(a = x^2, z)").suffixes, ElementsAre("a", "z"));
  test::expect_numbers(value("cbind(x, 1)").columns[1].numbers, {1, 1, 1, 1});
  test::expect_numbers(value("cbind(1, x)").columns[0].numbers, {1, 1, 1, 1});
}

struct Mistake {
  std::string source, message;
};

class EveryEvaluationMistake : public testing::TestWithParam<Mistake> {};

TEST_P(EveryEvaluationMistake, IsShownWithACaret) {
  EXPECT_EQ(message_of([] { value(GetParam().source); }), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Evaluate, EveryEvaluationMistake,
    testing::Values(
        Mistake{"1 + yess", "no column 'yess' in sample.csv; did you mean 'yes'?\n  1 + yess\n      ^^^^"},
        Mistake{"unheard", "no column 'unheard' in sample.csv\n  unheard\n  ^^^^^^^"},
        Mistake{"T & yes", "no column 'T' in sample.csv; the constant is written TRUE\n  T & yes\n  ^"},
        Mistake{"lgo(x)", "no function 'lgo'; did you mean 'log'?\n  lgo(x)\n  ^^^"},
        Mistake{"f + 1", "'+' needs numbers, but 'f' is a factor\n  f + 1\n  ^"},
        Mistake{"log('a')", "log() needs numbers, but this is text\n  log('a')\n      ^"},
        Mistake{"poly(z, 2) * 2", "'*' needs one column, but this has 2\n  poly(z, 2) * 2\n  ^^^^"},
        Mistake{"f < 'a'",
                "'<' needs numbers or an ordered factor; this factor has no order\n  f < 'a'\n    ^"},
        Mistake{"dose < 'med'",
                "'med' is no level of the ordered factor: low < mid < high\n  dose < 'med'\n         ^"},
        Mistake{"x + c(1, 2)",
                "4 values and 2 values cannot be combined; only single values are repeated\n  x + c(1, 2)\n  "
                "  ^"},
        Mistake{"c(1, 2)", "this has 2 values, but sample.csv has 4 rows\n  c(1, 2)\n  ^"},
        Mistake{"x ~ 1", "'~' belongs in a model formula, not in an expression\n  x ~ 1\n    ^"},
        Mistake{"log()", "log() needs its argument 'x'\n  log()\n  ^^^"},
        Mistake{"log(x, 2, 3)",
                "too many arguments; those of log() are x, base\n  log(x, 2, 3)\n            ^"},
        Mistake{
            "log(x, bass = 2)",
            "log() has no argument 'bass'; its arguments are x, base\n  log(x, bass = 2)\n                ^"},
        Mistake{"log(x, base = 2, base = 3)",
                "the argument 'base' of log() is given twice\n  log(x, base = 2, base = 3)\n                 "
                "         ^"},
        Mistake{"log(z, x)", "the argument 'base' of log() is a single number\n  log(z, x)\n         ^"},
        Mistake{
            "mean(x, na.rm = NA)",
            "the argument 'na.rm' of mean() is TRUE or FALSE\n  mean(x, na.rm = NA)\n                  ^^"},
        Mistake{"poly(x, 2)",
                "poly() does not take missing values; leave such rows out: --filter '!is.na(x)'\n  poly(x, "
                "2)\n       ^"},
        Mistake{"poly(z, 4)",
                "the degree of poly() must be less than the number of distinct values, 4\n  poly(z, 4)\n     "
                "     ^"},
        Mistake{"poly(z, 1.5)", "the degree of poly() is a whole number from 1\n  poly(z, 1.5)\n          ^"},
        Mistake{"relevel(f, ref = 'B')",
                "no level 'B'; did you mean 'b'?\n  relevel(f, ref = 'B')\n                   ^"},
        Mistake{"relevel(x, ref = 1)",
                "relevel() needs a factor; write factor(..) around it\n  relevel(x, ref = 1)\n          ^"},
        Mistake{"factor(f, levels = c('a', 'a'))",
                "the level 'a' is listed twice\n  factor(f, levels = c('a', 'a'))\n                     ^"},
        Mistake{
            "factor(f, labels = c('a', 'b', 'c'))",
            "3 labels for 2 levels: b, a\n  factor(f, labels = c('a', 'b', 'c'))\n                     ^"},
        Mistake{"cut(z, c(1, 1))", "two breaks are equal\n  cut(z, c(1, 1))\n         ^"},
        Mistake{"ifelse(yes, f, 1)",
                "ifelse() would take a factor's codes; write as.character(..) around it\n  ifelse(yes, f, "
                "1)\n              ^"},
        Mistake{"1:x", "':' makes a sequence from one number to another, 1:5\n  1:x\n   ^"}));

TEST(Evaluate, ListsTheFunctionsWhereNoneIsNear) {
  EXPECT_THAT(message_of([] { value("bootstrap(x)"); }),
              testing::AllOf(testing::HasSubstr("no function 'bootstrap'; there are I, abs, "),
                             testing::HasSubstr(", tan, var\n")));
}

}  // namespace
}  // namespace cuglmm
