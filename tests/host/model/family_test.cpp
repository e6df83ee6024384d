#include "cuglmm/family.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuglmm/error.hpp"

namespace cuglmm {
namespace {

struct Spelling {
  const char *text, *link;
  const char *name, *link_name;
  bool canonical;
};

class FamilySpelling : public testing::TestWithParam<Spelling> {};

TEST_P(FamilySpelling, IsRead) {
  const Spelling& s = GetParam();
  const Family family = parse_family(s.text, s.link);
  EXPECT_EQ(family.name(), s.name);
  EXPECT_EQ(family.link_name(), s.link_name);
  EXPECT_EQ(family.canonical(), s.canonical);
}

INSTANTIATE_TEST_SUITE_P(
    Families, FamilySpelling,
    testing::Values(Spelling{"binomial", "", "binomial", "logit", true},
                    Spelling{"binomial()", "", "binomial", "logit", true},
                    Spelling{"binomial(link = \"probit\")", "", "binomial", "probit", false},
                    Spelling{"binomial(\"cloglog\")", "", "binomial", "cloglog", false},
                    Spelling{"binomial(cauchit)", "cauchit", "binomial", "cauchit", false},
                    Spelling{"poisson", "", "poisson", "log", true},
                    Spelling{"poisson", "sqrt", "poisson", "sqrt", false},
                    Spelling{"gaussian", "", "gaussian", "identity", true},
                    Spelling{"gaussian", "log", "gaussian", "log", false},
                    Spelling{"Gamma", "", "Gamma", "inverse", true},
                    Spelling{"Gamma(log)", "", "Gamma", "log", false},
                    Spelling{"inverse.gaussian", "", "inverse.gaussian", "1/mu^2", true},
                    Spelling{"inverse.gaussian(\"1/mu^2\")", "", "inverse.gaussian", "1/mu^2", true},
                    Spelling{"negative.binomial", "", "negative.binomial", "log", false}));

struct Mistake {
  const char *text, *link, *message;
};

class FamilyMistake : public testing::TestWithParam<Mistake> {};

TEST_P(FamilyMistake, IsExplained) {
  try {
    parse_family(GetParam().text, GetParam().link);
    FAIL() << "no error for " << GetParam().text;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Families, FamilyMistake,
    testing::Values(
        Mistake{"binomal", "",
                "unknown family 'binomal', did you mean 'binomial'?; known: gaussian, binomial,"},
        Mistake{"quasi", "", "unknown family 'quasi'; known: gaussian, binomial, poisson, Gamma,"},
        Mistake{"3", "", "unknown family '3'"},
        Mistake{"binomial", "sqrt",
                "family binomial has no link 'sqrt'; its links: logit, probit, cauchit, log, cloglog"},
        Mistake{"poisson(\"logit\")", "",
                "family poisson has no link 'logit'; its links: log, identity, sqrt"},
        Mistake{"binomial(probit)", "logit",
                "two links: 'probit' in the family, 'logit' beside it; name one"},
        Mistake{"binomial(x = 2)", "", "a family takes a link: binomial(link = \"probit\")"}));

std::string refusal(const Family& family) {
  try {
    require_supported(family);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Family, SupportedAreGaussianIdentityBinomialLogitAndPoissonLog) {
  EXPECT_EQ(refusal(gaussian()), "");
  EXPECT_EQ(refusal(binomial()), "");
  EXPECT_EQ(refusal(poisson()), "");
}

TEST(Family, WhatIsNotSupportedYetSaysSo) {
  const std::string now = "; supported now: gaussian (identity), binomial (logit), poisson (log)";
  EXPECT_EQ(refusal(parse_family("Gamma")), "family Gamma is not supported yet" + now);
  EXPECT_EQ(refusal(gaussian(Link::log)), "link log of family gaussian is not supported yet" + now);
  EXPECT_EQ(refusal(parse_family("negative.binomial")),
            "family negative.binomial is not supported yet" + now);
  EXPECT_EQ(refusal(binomial(Link::probit)), "link probit of family binomial is not supported yet" + now);
  EXPECT_EQ(refusal(poisson(Link::sqrt)), "link sqrt of family poisson is not supported yet" + now);
}

}  // namespace
}  // namespace cuglmm
