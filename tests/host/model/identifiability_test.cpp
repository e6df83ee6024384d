/// What Model says of random effects that the data cannot tell apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuglmm/model.hpp"
#include "tests/support/cases.hpp"

namespace cuglmm {
namespace {

using testing::IsEmpty;

/// Twelve rows; `g` and `same` are one partition, `h` crosses them, `row` is finer than all.
Data twelve() {
  const auto numbers = [](const char* name, std::vector<double> values) {
    Column column;
    column.name = name;
    column.numbers = std::move(values);
    return column;
  };
  return Data(
      {numbers("y", {1, 4, 2, 8, 5, 7, 1, 4, 2, 8, 5, 6}), numbers("k", {1, 4, 2, 8, 5, 7, 1, 4, 2, 8, 5, 6}),
       numbers("z", {1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0}), numbers("x", {1, 2, 3, 4, 2, 1, 2, 4, 6, 5, 3, 1}),
       numbers("f", {0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1}), numbers("g", {1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}),
       numbers("same", {5, 5, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2}),
       numbers("h", {1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2}),
       numbers("row", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})});
}

struct Said {
  const char* formula;
  Family family;
  std::vector<std::string> messages;
};

std::ostream& operator<<(std::ostream& out, const Said& s) { return out << s.formula; }

class Identifiability : public testing::TestWithParam<Said> {};

TEST_P(Identifiability, IsSaidInAMessage) {
  EXPECT_EQ(Model(GetParam().formula, twelve(), GetParam().family).messages, GetParam().messages);
}

const std::string only_the_sum =
    ": only the sum of its two variances is identified; leave it out of one of them";

INSTANTIATE_TEST_SUITE_P(
    TermsSaidTwice, Identifiability,
    testing::Values(
        Said{"y ~ 1 + (1 | g) + (1 | g)",
             gaussian(),
             {"terms (1 | g) and (1 | g) share an effect of 'g'" + only_the_sum}},
        Said{"y ~ 1 + (x | g) + (1 | g)",
             gaussian(),
             {"terms (x | g) and (1 | g) share an effect of 'g'" + only_the_sum}},
        Said{"k ~ 1 + (1 | g) + (0 + factor(f) | g)",
             poisson(),
             {"terms (1 | g) and (0 + factor(f) | g) share an effect of 'g'" + only_the_sum}},
        Said{"y ~ 1 + (1 | g) + (1 | same)",
             gaussian(),
             {"terms (1 | g) and (1 | same) share an effect, and 'g' and 'same' group the rows alike" +
              only_the_sum}},
        Said{"y ~ 1 + (1 | g/same)",
             gaussian(),
             {"terms (1 | same:g) and (1 | g) share an effect, and 'same:g' and 'g' group the rows alike" +
              only_the_sum}}));

INSTANTIATE_TEST_SUITE_P(NothingToSay, Identifiability,
                         testing::Values(Said{"y ~ 1 + (1 | g) + (0 + x | g)", gaussian(), {}},
                                         Said{"y ~ 1 + (x || g)", gaussian(), {}},
                                         Said{"y ~ 1 + (1 | g) + (0 + x | same)", gaussian(), {}},
                                         Said{"y ~ 1 + (1 | g) + (1 | h)", gaussian(), {}},
                                         Said{"y ~ 1 + (1 | g/h)", gaussian(), {}}));

INSTANTIATE_TEST_SUITE_P(
    EffectsOfRows, Identifiability,
    testing::Values(
        Said{"k ~ 1 + (1 | row) + (1 | g)",
             poisson(),
             {"grouping factor 'row' has a level for each observation, so its effects model overdispersion"}},
        Said{"cbind(k, 9 - k) ~ 1 + (1 | row)",
             binomial(),
             {"grouping factor 'row' has a level for each observation, so its effects model overdispersion"}},
        Said{"z ~ 1 + (1 | row)",
             binomial(),
             {"grouping factor 'row' has a level for each observation, so its effects model overdispersion; "
              "0/1 "
              "responses tell next to nothing of it"}}));

TEST(Identifiability, TheCorpusHasNoTermSaidTwice) {
  for (const char* id : {"sleep_doublebar_reml", "sleep_separate_ml", "penicillin_reml", "pastes_nested_reml",
                         "machines_nested_sum_ml", "cake_ordered_reml"})
    EXPECT_THAT(test::make_model(test::reference_case(id)).messages, IsEmpty()) << id;
}

}  // namespace
}  // namespace cuglmm
