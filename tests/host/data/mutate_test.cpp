#include "tests/host/data/support.hpp"

namespace cuglmm {
namespace {

using test::message_of;
using test::na;
using testing::ElementsAre;

Data sample() {
  return Data({test::numeric("score", {-1, 0, 2, na}), test::factor("use", {"N", "Y"}, {0, 1, 1, 0})},
              "s.csv");
}

TEST(Mutate, RecodesTheSeedsResponse) {
  Data data = sample();
  mutate(data, "success = score >= 0");
  const Column& success = data.column("success");
  EXPECT_EQ(success.type, Column::Type::logical);
  test::expect_numbers(success.numbers, {0, 1, 1, na});
}

TEST(Mutate, ReplacesAndTakesQuotedNames) {
  Data data = sample();
  mutate(data, "score=score*2");
  mutate(data, "`my score` = ifelse(score == 4, 'four', 'other')");
  test::expect_numbers(data.column("score").numbers, {-2, 0, 4, na});
  EXPECT_EQ(data.columns().size(), 3U);
  EXPECT_THAT(data.column("my score").levels, ElementsAre("four", "other"));
  mutate(data, "one = 1");
  test::expect_numbers(data.column("one").numbers, {1, 1, 1, 1});
}

struct Mistake {
  std::string source, message;
};

class EveryMutateMistake : public testing::TestWithParam<Mistake> {};

TEST_P(EveryMutateMistake, IsShownWithACaret) {
  Data data = sample();
  EXPECT_EQ(message_of([&] { mutate(data, GetParam().source); }), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Mutate, EveryMutateMistake,
    testing::Values(
        Mistake{"score >= 0", "a new column is defined as NAME = EXPRESSION\n  score >= 0\n        ^^"},
        Mistake{"score == 0", "a new column is defined as NAME = EXPRESSION\n  score == 0\n        ^^"},
        Mistake{"", "a new column is defined as NAME = EXPRESSION\n  \n  ^"},
        Mistake{"x =", "an expression is missing\n  x =\n     ^"},
        Mistake{"2 = x", "a new column is defined as NAME = EXPRESSION\n  2 = x\n  ^"},
        Mistake{"TRUE = 1", "'TRUE' cannot be the name of a column\n  TRUE = 1\n  ^^^^"},
        Mistake{"x = scor > 1",
                "no column 'scor' in s.csv; did you mean 'score'?\n  x = scor > 1\n      ^^^^"},
        Mistake{"x = score +", "the expression ends too early\n  x = score +\n             ^"},
        Mistake{"x = y = 2", "'=' has no meaning here; a comparison is written '=='\n  x = y = 2\n        ^"},
        Mistake{"x = cbind(score, 1)",
                "this has 2 columns; a new column is one\n  x = cbind(score, 1)\n      ^^^^^"}));

TEST(Filter, KeepsTheRowsWhereItHolds) {
  const Data some = filter(sample(), "score >= 0 & use == 'Y'");
  EXPECT_THAT(some.row_numbers(), ElementsAre(2, 3));
  EXPECT_THAT(filter(sample(), "score").row_numbers(), ElementsAre(1, 3));
  EXPECT_THAT(filter(sample(), "TRUE").row_numbers(), ElementsAre(1, 2, 3, 4));
}

TEST(Filter, ExplainsMistakes) {
  EXPECT_EQ(message_of([] { filter(sample(), "use"); }),
            "a filter must be true or false for each row, such as age > 20\n  use\n  ^^^");
  EXPECT_EQ(message_of([] { filter(sample(), "score > 9"); }),
            "the filter leaves none of the 4 rows of s.csv\n  score > 9\n  ^^^^^^^^^");
  EXPECT_EQ(message_of([] { filter(sample(), "score = 0"); }),
            "'=' has no meaning here; a comparison is written '=='\n  score = 0\n        ^");
  EXPECT_EQ(message_of([] { filter(sample(), "scores > 0"); }),
            "no column 'scores' in s.csv; did you mean 'score'?\n  scores > 0\n  ^^^^^^");
}

}  // namespace
}  // namespace cuglmm
