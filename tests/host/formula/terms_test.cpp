#include "host/formula/terms.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuglmm/error.hpp"

namespace cuglmm {
namespace {

Terms terms_of(const std::string& text) { return expand_terms(parse_expression(text), text); }

/// "a, b, a:b", after "0" where there is no intercept.
std::string labels(const Terms& terms) {
  std::vector<std::string> out;
  if (!terms.intercept) out.push_back("0");
  for (const std::vector<int>& term : terms.terms) {
    std::vector<std::string> names;
    for (const int v : term) names.push_back(terms.names[static_cast<std::size_t>(v)]);
    out.push_back(fmt::format("{}", fmt::join(names, ":")));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

struct Expansion {
  const char* formula;
  const char* labels;  ///< R's attr(terms(~ formula), "term.labels")
};

class TermsAsR : public testing::TestWithParam<Expansion> {};

TEST_P(TermsAsR, Expand) {
  EXPECT_EQ(labels(terms_of(GetParam().formula)), GetParam().labels) << GetParam().formula;
}

INSTANTIATE_TEST_SUITE_P(
    Formulas, TermsAsR,
    testing::Values(
        Expansion{"1", ""}, Expansion{"0", "0"}, Expansion{"-1", "0"}, Expansion{"a + b + a", "a, b"},
        Expansion{"a:b + a", "a, a:b"}, Expansion{"b:a + a", "a, b:a"}, Expansion{"a * b", "a, b, a:b"},
        Expansion{"a * b * c", "a, b, c, a:b, a:c, b:c, a:b:c"}, Expansion{"a / b / c - a:b", "a, a:b:c"},
        Expansion{"(a + b) / (c + d)", "a, b, a:b:c, a:b:d"}, Expansion{"a * b %in% c", "a, b:c, a:b:c"},
        Expansion{"(a + b + c)^2 %in% d", "a:d, b:d, c:d, a:b:d, a:c:d, b:c:d"},
        Expansion{"(a + b + c)^2", "a, b, c, a:b, a:c, b:c"},
        Expansion{"(a + b + c)^99", "a, b, c, a:b, a:c, b:c, a:b:c"}, Expansion{"a^2", "a"},
        Expansion{"a * b - a", "b, a:b"}, Expansion{"a:1 + b", "b"}, Expansion{"a * 1 + b", "a, b"},
        Expansion{"a - (a + 1)", "0"}, Expansion{"a + 0 + 1", "a"}, Expansion{"a - 0", "a"},
        Expansion{"(0 + a) * b", "0, a, b, a:b"}, Expansion{"a:a", "a"},
        Expansion{"b:a + a + I(x^2) + log(x):b", "a, I(x^2), b:a, b:log(x)"},
        Expansion{"poly(x, 2) * (a - 1)", "0, poly(x, 2), a, poly(x, 2):a"}, Expansion{"x > 3", "x > 3"}));

TEST(Terms, KeepTheVariablesOfTermsRemoved) {
  EXPECT_THAT(terms_of("a + b - b").names, testing::ElementsAre("a", "b"));
}

TEST(Terms, AreOrderedByDegreeAndElseAsWritten) {
  EXPECT_EQ(labels(terms_of("c:b:a + d:c + e + b:d + a")), "e, a, c:d, b:d, c:b:a");
}

struct Coding {
  const char* formula;
  std::vector<std::vector<bool>> full;  ///< per term and variable; every variable but x is a factor
};

class FullCoding : public testing::TestWithParam<Coding> {};

TEST_P(FullCoding, FollowsTheMarginsPresent) {
  const Terms terms = terms_of(GetParam().formula);
  std::vector<bool> factor;
  for (const std::string& name : terms.names) factor.push_back(name != "x");
  EXPECT_EQ(full_coding(terms, factor), GetParam().full) << GetParam().formula;
}

INSTANTIATE_TEST_SUITE_P(
    Formulas, FullCoding,
    testing::Values(Coding{"a", {{false}}}, Coding{"0 + a", {{true}}}, Coding{"0 + a + b", {{true}, {false}}},
                    Coding{"0 + x + a", {{false}, {true}}}, Coding{"a:b", {{true, true}}},
                    Coding{"a + a:b", {{false}, {true, false}}},
                    Coding{"a * b", {{false}, {false}, {false, false}}}, Coding{"a:x", {{true, false}}},
                    Coding{"x + a:x", {{false}, {false, false}}},
                    Coding{"0 + a * b", {{true}, {false}, {false, false}}}));

struct Mistake {
  const char* formula;
  const char* message;
};

class TermsMistake : public testing::TestWithParam<Mistake> {};

TEST_P(TermsMistake, IsShownWithACaret) {
  try {
    terms_of(GetParam().formula);
    FAIL() << "no error for " << GetParam().formula;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(GetParam().message));
    EXPECT_THAT(error.what(), testing::HasSubstr("^"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formulas, TermsMistake,
    testing::Values(Mistake{"a + 2", "the number 2 is no term of a formula"},
                    Mistake{"\"a\"", "a string is no term"},
                    Mistake{"a + .", "'.' is not supported in a formula; name the variables"},
                    Mistake{"(a + b)^1.5", "must be a whole number"},
                    Mistake{"a^0", "must be a whole number"}, Mistake{"a^b", "must be a whole number"},
                    Mistake{"a:offset(b)", "offset() must stand alone"},
                    Mistake{"a * (b | c)", "'|' belongs in a random-effects term of its own"}));

}  // namespace
}  // namespace cuglmm
