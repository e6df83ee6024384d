#include "cuglmm/formula.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuglmm/error.hpp"
#include "host/data/expression.hpp"
#include "host/formula/random_effects.hpp"

namespace cuglmm {
namespace {

using testing::HasSubstr;

/// "1 | b:a; 1 | a"
std::string random_text(const Formula& formula) {
  std::vector<std::string> out;
  for (const Formula::RandomEffects& term : formula.random()) {
    out.push_back(fmt::format("{} | {}", deparse(*term.effects), term.label));
  }
  return fmt::format("{}", fmt::join(out, "; "));
}

TEST(Formula, HasResponseFixedRandomAndOffsets) {
  const Formula formula("cbind(s, n - s) ~ a * x + offset(log(e)) + (1 + x | g) + (1 | h)");
  EXPECT_EQ(deparse(*formula.response()), "cbind(s, n - s)");
  EXPECT_EQ(deparse(*formula.fixed()), "a * x");
  EXPECT_EQ(random_text(formula), "1 + x | g; 1 | h");
  ASSERT_EQ(formula.offsets().size(), 1U);
  EXPECT_EQ(deparse(*formula.offsets()[0]), "log(e)");
  EXPECT_EQ(formula.text(), "cbind(s, n - s) ~ a * x + offset(log(e)) + (1 + x | g) + (1 | h)");
}

struct Row {
  const char* formula;
  const char* expected;
};

class FixedPart : public testing::TestWithParam<Row> {};
TEST_P(FixedPart, IsWhatIsLeft) {
  EXPECT_EQ(deparse(*Formula(GetParam().formula).fixed()), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(Formulas, FixedPart,
                         testing::Values(Row{"y ~ (1 | g)", "1"}, Row{"y ~ 0 + (1 | g)", "0"},
                                         Row{"y ~ (1 | g) - 1", "-1"}, Row{"y ~ x + (1 | g) - 1", "x - 1"},
                                         Row{"y ~ (x + (1 | g)) + z", "(x) + z"},
                                         Row{"y ~ ((1 | g)) + x", "x"}, Row{"y ~ +(1 | g) + offset(e)", "1"},
                                         Row{"y ~ I(a | b) + (1 | g)", "I(a | b)"}));

class RandomPart : public testing::TestWithParam<Row> {};
TEST_P(RandomPart, IsExpandedAsLme4Does) {
  EXPECT_EQ(random_text(Formula(GetParam().formula)), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(Formulas, RandomPart,
                         testing::Values(Row{"y ~ (1 | a/b)", "1 | b:a; 1 | a"},
                                         Row{"y ~ (1 | a/b/c)", "1 | c:(b:a); 1 | b:a; 1 | a"},
                                         Row{"y ~ (x | a:b)", "x | a:b"}, Row{"y ~ (1 | a:b:c)", "1 | a:b:c"},
                                         Row{"y ~ (1 | a/(b:c))", "1 | (b:c):a; 1 | a"},
                                         Row{"y ~ (x || g)", "1 | g; 0 + x | g"},
                                         Row{"y ~ (1 + x + z || g)", "1 | g; 0 + x | g; 0 + z | g"},
                                         Row{"y ~ (0 + x || g)", "0 + x | g"},
                                         Row{"y ~ (x * z || g)", "1 | g; 0 + x | g; 0 + z | g; 0 + x:z | g"},
                                         Row{"y ~ (x || a/b)", "1 | b:a; 1 | a; 0 + x | b:a; 0 + x | a"}));

/// What deparse(formula(lmer(..))) gives.
class DoubleBars : public testing::TestWithParam<Row> {};
TEST_P(DoubleBars, AreWrittenOutAsLmerDoes) {
  const std::string text = GetParam().formula;
  EXPECT_EQ(deparse(*expand_double_bars(parse_expression(text), text)), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    Formulas, DoubleBars,
    testing::Values(Row{"y ~ x + (1 | g)", "y ~ x + (1 | g)"},
                    Row{"y ~ I(a || b) + (1 | g)", "y ~ I(a || b) + (1 | g)"},
                    Row{"y ~ x + (1 + x || g) + (0 + z || g)",
                        "y ~ x + ((1 | g) + (0 + x | g)) + ((0 + z | g))"},
                    Row{"y ~ (x + I(x^2) || g)", "y ~ ((1 | g) + (0 + x | g) + (0 + I(x^2) | g))"},
                    Row{"y ~ (1 + x || a/b)", "y ~ ((1 | a/b) + (0 + x | a/b))"},
                    Row{"y ~ (x * z || g)", "y ~ ((1 | g) + (0 + x | g) + (0 + z | g) + (0 + x:z | g))"}));

TEST(Formula, GroupsAreInPrintingOrder) {
  const Formula formula("strength ~ 1 + (1 | batch/cask)");
  EXPECT_THAT(formula.random()[0].group, testing::ElementsAre("cask", "batch"));
  EXPECT_THAT(formula.random()[1].group, testing::ElementsAre("batch"));
}

class FormulaMistake : public testing::TestWithParam<Row> {};

TEST_P(FormulaMistake, IsShownWithACaret) {
  try {
    const Formula formula(GetParam().formula);
    FAIL() << "no error for " << GetParam().formula;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().expected));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().formula));
    EXPECT_THAT(error.what(), HasSubstr("^"));
    EXPECT_EQ(error.kind(), Error::Kind::usage);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formulas, FormulaMistake,
    testing::Values(
        Row{"y + x + (1 | g)", "a formula needs a '~' between response and effects: y ~ x + (1 | group)"},
        Row{"~ x + (1 | g)", "the response is missing: y ~ x + (1 | group)"},
        Row{"y ~ z ~ x + (1 | g)", "a formula has one '~'"},
        Row{"y ~ x", "a mixed model needs a random-effects term such as (1 | group)"},
        Row{"y ~ x + 1 | g", "a random-effects term needs parentheses: ... + (1 | group)"},
        Row{"y ~ x * (1 | g)", "a random-effects term stands by itself, added with '+'"},
        Row{"y ~ x - (1 | g)", "a random-effects term stands by itself, added with '+'"},
        Row{"y ~ x:offset(e) + (1 | g)", "offset() stands by itself, added with '+'"},
        Row{"y ~ offset(a, b) + (1 | g)", "offset() takes one expression"},
        Row{"y ~ (1 | a | b)", "one '|' in a random-effects term: (effects | group)"},
        Row{"y ~ (1 | factor(g))",
            "the right of '|' names a grouping factor: (1 | g), (1 | a:b) or (1 | a/b)"},
        Row{"y ~ (1 | a + b)", "the right of '|' names a grouping factor"},
        Row{"y ~ (1 | 3)", "the right of '|' names a grouping factor"},
        Row{"y ~ (1 | a/(b/c))", "nesting reads from the left: (1 | a/b/c)"},
        Row{"y ~ (0 | g)", "this random-effects term has no effects; (1 | group) is a random intercept"},
        Row{"y ~ . + (1 | g)", "'.' is not supported in a formula; name the variables"},
        Row{"y ~ 2 + x + (1 | g)", "the number 2 is no term of a formula"},
        Row{"y ~ y + (1 | g)", "the response cannot be an effect as well"},
        Row{"y ~ (1 + offset(e) | g)", "offset() must stand alone"}));

class UnparsableFormula : public testing::TestWithParam<const char*> {};

TEST_P(UnparsableFormula, IsShownWithACaret) {
  try {
    const Formula formula(GetParam());
    FAIL() << "no error for " << GetParam();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("^"));
  }
}

INSTANTIATE_TEST_SUITE_P(Formulas, UnparsableFormula,
                         testing::Values("", "y ~", "y ~ x + (1 | g", "y ~ x + 1 | g)", "y ~ (1 | )",
                                         "y ~ ( | g)", "y ~ x + + ", "y ~ x y + (1 | g)", "y ~ x + (1 || )"));

}  // namespace
}  // namespace cuglmm
