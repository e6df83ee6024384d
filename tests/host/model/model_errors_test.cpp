/// Everything that Model refuses, and how it says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cuglmm/error.hpp"
#include "cuglmm/model.hpp"

namespace cuglmm {
namespace {

using testing::HasSubstr;

constexpr double NA = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Column numeric(const std::string& name, std::vector<double> values) {
  Column column;
  column.name = name;
  column.numbers = std::move(values);
  return column;
}

Column factor(const std::string& name, std::vector<std::string> levels, std::vector<int> codes) {
  Column column;
  column.name = name;
  column.type = Column::Type::factor;
  column.levels = std::move(levels);
  column.codes = std::move(codes);
  return column;
}

/// Eight rows with something for everybody.
Data small() {
  return Data({numeric("y", {0, 1, 1, 0, 1, 0, 0, 1}), numeric("n", {3, 2, 0, 1, 4, 2, 2, 1}),
               numeric("x", {1, 2, 3, 4, 5, 6, 7, 9}), numeric("half", {0, 1, .5, 0, 1, 0, 0, 1}),
               numeric("neg", {1, 1, -2, 1, 1, 1, 1, 1}), numeric("zero", {0, 0, 0, 0, 0, 0, 0, 0}),
               numeric("one", {1, 1, 1, 1, 1, 1, 1, 1}), numeric("na", {NA, NA, NA, NA, NA, NA, NA, NA}),
               numeric("some", {1, 2, NA, 4, 5, NA, 7, 8}), numeric("inf", {1, 2, 3, infinity, 5, 6, 7, 8}),
               factor("g", {"a", "b", "c"}, {0, 0, 1, 1, 2, 2, 0, 1}),
               factor("f", {"no", "maybe", "yes"}, {0, 2, 2, 0, 2, 0, 0, 2}),
               factor("three", {"p", "q", "r"}, {0, 1, 2, 0, 1, 2, 0, 1}),
               factor("only", {"k", "l"}, {1, 1, 1, 1, 1, 1, 1, 1})},
              "small.csv");
}

struct Refusal {
  const char* formula;
  const char* family;
  ModelOptions options;
  const char* message;
};

std::ostream& operator<<(std::ostream& out, const Refusal& r) { return out << r.formula; }

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, SaysWhatWhereAndWhatToDo) {
  const Refusal& r = GetParam();
  try {
    const Model model(r.formula, small(), parse_family(r.family), r.options);
    FAIL() << "no error for " << r.formula;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(r.message));
    EXPECT_EQ(error.kind(), Error::Kind::usage);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Response, Refused,
    testing::Values(
        Refusal{"x ~ 1 + (1 | g)",
                "binomial",
                {},
                "the response of family binomial must be 0 <= y <= 1, but 'x' is 2 in data row 2 of "
                "small.csv; code it "
                "as 0 and 1 (--mutate 'success = x >= ..'), or give counts as cbind(successes, failures)"},
        Refusal{"neg ~ 1 + (1 | g)", "binomial", {}, "but 'neg' is -2 in data row 3 of small.csv"},
        Refusal{"three ~ 1 + (1 | g)",
                "binomial",
                {},
                "the response 'three' has 3 levels, family binomial needs two: say which is a success, e.g. "
                "--mutate "
                "'success = three == \"r\"'"},
        Refusal{"only ~ 1 + (1 | g)",
                "binomial",
                {},
                "the response 'only' has one level in the rows used ('l'); family binomial needs two"},
        Refusal{"one ~ 1 + (1 | g)",
                "binomial",
                {},
                "the response 'one' is constant (1): there is nothing to fit"},
        Refusal{"cbind(half, n) ~ 1 + (1 | g)",
                "binomial",
                {},
                "'cbind(half, n)' must give whole numbers of successes and failures, 0 or more, but gives "
                "0.5 and 0 in "
                "data row 3 of small.csv"},
        Refusal{
            "cbind(n, neg) ~ 1 + (1 | g)", "binomial", {}, "but gives 0 and -2 in data row 3 of small.csv"},
        Refusal{"cbind(n, n, n) ~ 1 + (1 | g)",
                "binomial",
                {},
                "the response 'cbind(n, n, n)' of family binomial needs two columns of counts: "
                "cbind(successes, failures)"},
        Refusal{"cbind(zero, zero) ~ 1 + (1 | g)",
                "binomial",
                {},
                "'cbind(zero, zero)' has no trials in any row"},
        Refusal{"half ~ 1 + (1 | g)",
                "poisson",
                {},
                "the response of family poisson must be a count (a whole number, 0 or more), but 'half' is "
                "0.5 in data "
                "row 3 of small.csv"},
        Refusal{"neg ~ 1 + (1 | g)", "poisson", {}, "but 'neg' is -2 in data row 3 of small.csv"},
        Refusal{"f ~ 1 + (1 | g)",
                "poisson",
                {},
                "the response 'f' of family poisson must be one column of numbers, and is a factor"},
        Refusal{"cbind(n, n) ~ 1 + (1 | g)",
                "poisson",
                {},
                "the response 'cbind(n, n)' of family poisson must be one column of numbers"},
        Refusal{"zero ~ 1 + (1 | g)",
                "poisson",
                {},
                "the response 'zero' is constant (0): there is nothing to fit"},
        Refusal{"n ~ 1 + (1 | g)",
                "Gamma",
                {},
                "the response of family Gamma must be positive, but 'n' is 0 in data row 3 of small.csv"},
        Refusal{"one ~ x + (1 | g)",
                "gaussian",
                {},
                "the response 'one' is constant (1): there is nothing to fit"},
        Refusal{"f ~ 1 + (1 | g)",
                "gaussian",
                {},
                "the response 'f' of family gaussian must be one column of numbers, and is a factor; give "
                "--family binomial for one of two levels, or --numeric COL to read numbers"},
        Refusal{"cbind(n, x) ~ 1 + (1 | g)",
                "gaussian",
                {},
                "the response 'cbind(n, x)' of family gaussian must be one column of numbers; give --family "
                "binomial for successes and failures"},
        Refusal{"inf ~ 1 + (1 | g)", "gaussian", {}, "'inf' is infinite in data row 4 of small.csv"},
        Refusal{"inf ~ 1 + (1 | g)", "poisson", {}, "'inf' is infinite in data row 4 of small.csv"}));

INSTANTIATE_TEST_SUITE_P(
    Variables, Refused,
    testing::Values(
        Refusal{"y ~ three + xx + (1 | g)", "binomial", {}, "no column 'xx' in small.csv"},
        Refusal{"y ~ (1 | gg)", "binomial", {}, "no column 'gg' in small.csv"},
        Refusal{"y ~ x + na + (1 | g)",
                "binomial",
                {},
                "no row of small.csv is complete: each of the 8 lacks a variable of the model ('na' is "
                "missing in 8)"},
        Refusal{"y ~ log(some) + (1 | g)",
                "binomial",
                {.weights = "", .offset = "", .contrasts = {}, .fail_on_missing = true},
                "'some' is missing in data row 3 of small.csv; mend it, or leave such rows out (--na omit)"},
        Refusal{
            "y ~ inf + (1 | g)",
            "binomial",
            {},
            "'inf' is infinite in data row 4 of small.csv; mend the value, or leave the row out (--filter)"},
        Refusal{
            "y ~ log(zero) + (1 | g)", "binomial", {}, "'log(zero)' is infinite in data row 1 of small.csv"},
        Refusal{"y ~ offset(log(zero)) + (1 | g)",
                "binomial",
                {},
                "'log(zero)' is infinite in data row 1 of small.csv"},
        Refusal{"y ~ (inf | g)", "binomial", {}, "'inf' is infinite in data row 4 of small.csv"},
        Refusal{"y ~ only + (1 | g)",
                "binomial",
                {},
                "factor 'only' has one level in the rows used ('l'): contrasts can be applied only to "
                "factors with 2 or "
                "more levels; leave it out of the formula"},
        Refusal{"y ~ (only | g)", "binomial", {}, "factor 'only' has one level in the rows used ('l')"},
        Refusal{"y ~ x + (1 | only)",
                "binomial",
                {},
                "grouping factors must have > 1 sampled level; 'only' has one in the rows used ('l')"},
        Refusal{"y ~ x + (three | g)",
                "binomial",
                {},
                "number of observations (=8) < number of random effects (=9) for term (three | g); the "
                "random-effects "
                "parameters are probably unidentifiable: simplify the term"},
        Refusal{
            "y ~ 1 + (1 | x) + (1 | g)",
            "gaussian",
            {},
            "number of levels of each grouping factor must be < number of observations (problems: x): its "
            "variance and the residual variance are one and the same; leave the term out"},
        Refusal{"y ~ 1 + (three | g)",
                "gaussian",
                {},
                "number of observations (=8) <= number of random effects (=9) for term (three | g); the "
                "random-effects parameters and the residual variance (or scale parameter) are probably "
                "unidentifiable: simplify the term"},
        Refusal{"y ~ factor(x) + (1 | g)",
                "gaussian",
                {},
                "number of observations (=8) <= number of fixed effects (=8): nothing is left to estimate "
                "variances from; simplify the fixed effects"}));

INSTANTIATE_TEST_SUITE_P(
    Options, Refused,
    testing::Values(Refusal{"y ~ x + (1 | g)",
                            "binomial",
                            {.weights = "neg", .offset = "", .contrasts = {}},
                            "negative weight: 'neg' is -2 in data row 3 of small.csv"},
                    Refusal{"y ~ x + (1 | g)",
                            "gaussian",
                            {.weights = "n", .offset = "", .contrasts = {}},
                            "zero weight: 'n' is 0 in data row 3 of small.csv, so family gaussian gives that "
                            "row an infinite variance; leave such rows out (--filter 'n > 0')"},
                    Refusal{"y ~ x + (1 | g)",
                            "gaussian",
                            {.weights = "neg", .offset = "", .contrasts = {}},
                            "negative weight: 'neg' is -2 in data row 3 of small.csv"},
                    Refusal{"y ~ x + (1 | g)",
                            "binomial",
                            {.weights = "zero", .offset = "", .contrasts = {}},
                            "the weights 'zero' are all zero"},
                    Refusal{"y ~ x + (1 | g)",
                            "binomial",
                            {.weights = "inf", .offset = "", .contrasts = {}},
                            "'inf' is infinite in data row 4 of small.csv"},
                    Refusal{"y ~ x + (1 | g)",
                            "binomial",
                            {.weights = "g", .offset = "", .contrasts = {}},
                            "the weights must be one column of numbers, and 'g' is not"},
                    Refusal{"y ~ x + (1 | g)",
                            "binomial",
                            {.weights = "", .offset = "three", .contrasts = {}},
                            "the offset must be one column of numbers, and 'three' is not"},
                    Refusal{"y ~ x + (1 | g)",
                            "binomial",
                            {.weights = "", .offset = "", .contrasts = {{"x", Contrasts::sum}}},
                            "contrasts apply only to factors, and 'x' is numeric; read it with --factor x"},
                    Refusal{"y ~ x + (1 | g)",
                            "binomial",
                            {.weights = "", .offset = "", .contrasts = {{"thre", Contrasts::sum}}},
                            "no column 'thre' in small.csv; did you mean 'three'?"}));

}  // namespace
}  // namespace cuglmm
