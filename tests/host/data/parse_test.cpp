/// Parsing and deparsing. The deparsed texts are what R 4.2.2 gives for the same source.
#include "host/data/expression.hpp"

#include "tests/host/data/support.hpp"

namespace cuglmm {
namespace {

using test::message_of;
using testing::ElementsAre;

/// Fully parenthesised, so that the tree can be read off.
std::string tree(const Expression& e) {
  if (e.kind != Expression::Kind::call) return deparse(e);
  std::string out = "[" + e.text;
  for (const ExpressionPtr& argument : e.arguments) out += " " + tree(*argument);
  return out + "]";
}

struct Case {
  std::string source, expected;
};

class EveryTree : public testing::TestWithParam<Case> {};

TEST_P(EveryTree, FollowsRsPrecedence) {
  EXPECT_EQ(tree(*parse_expression(GetParam().source)), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Parse, EveryTree,
    testing::Values(Case{"a+b*c", "[+ a [* b c]]"}, Case{"a-b-c", "[- [- a b] c]"},
                    Case{"a^b^c", "[^ a [^ b c]]"}, Case{"a**b", "[^ a b]"}, Case{"-a^2", "[- [^ a 2]]"},
                    Case{"-a:b", "[: [- a] b]"}, Case{"-a*b", "[* [- a] b]"},
                    Case{"a^-b*c", "[* [^ a [- b]] c]"}, Case{"a*b:c%in%d", "[* a [%in% [: b c] d]]"},
                    Case{"a/b:c", "[/ a [: b c]]"}, Case{"!a==b&c", "[& [! [== a b]] c]"},
                    Case{"x+!a==b", "[+ x [! [== a b]]]"}, Case{"a|b&c", "[| a [& b c]]"},
                    Case{"y~x+(1|g)", "[~ y [+ x [( [| 1 g]]]]"},
                    Case{"y~x+(0+x||g)", "[~ y [+ x [( [|| [+ 0 x] g]]]]"}, Case{"~x", "[~ x]"},
                    Case{"1|a/b", "[| 1 [/ a b]]"}, Case{"a%%b*c", "[* [%% a b] c]"},
                    Case{"- -a", "[- [- a]]"}, Case{"f(a,b)^2", "[^ [f a b] 2]"},
                    Case{"(a<b)==c", "[== [( [< a b]] c]"}));

class EveryDeparsed : public testing::TestWithParam<Case> {};

TEST_P(EveryDeparsed, ReadsAsInR) {
  const std::string text = deparse(*parse_expression(GetParam().source));
  EXPECT_EQ(text, GetParam().expected);
  EXPECT_EQ(deparse(*parse_expression(text)), text);
}

INSTANTIATE_TEST_SUITE_P(
    Parse, EveryDeparsed,
    testing::Values(Case{"log(week+1)", "log(week + 1)"}, Case{"I( age ^2 )", "I(age^2)"},
                    Case{"I(week>2)", "I(week > 2)"},
                    Case{"poly(age,2,raw=TRUE)", "poly(age, 2, raw = TRUE)"}, Case{"a/b", "a/b"},
                    Case{"a:b", "a:b"}, Case{"a%%b%/%c", "a%%b%/%c"}, Case{"a%in%c('x')", "a %in% c(\"x\")"},
                    Case{"(a+b)*c", "(a + b) * c"}, Case{"-x", "-x"}, Case{"2*-a", "2 * -a"},
                    Case{"a - -b", "a - -b"}, Case{"a^-b", "a^-b"}, Case{"!a&&b||c", "!a && b || c"},
                    Case{"y~x", "y ~ x"}, Case{"~x", "~x"}, Case{"`my var`+`ok`", "`my var` + ok"},
                    Case{"'x\"y\\n'", "\"x\\\"y\\n\""}, Case{"f()", "f()"}, Case{"1e5", "1e+05"},
                    Case{"123456", "123456"}, Case{"1L", "1L"}, Case{"0x1F", "31"}, Case{"1e-5", "1e-05"},
                    Case{"0.0001", "1e-04"}, Case{"1e15", "1e+15"}, Case{".5", "0.5"},
                    Case{"3.14159265358979312", "3.14159265358979"}, Case{"NA", "NA"},
                    Case{"..x+.y+a_b.c", "..x + .y + a_b.c"},
                    Case{"cbind(incidence,size-incidence)~period+(1|herd)",
                         "cbind(incidence, size - incidence) ~ period + (1 | herd)"}));

TEST(Deparse, AddsParenthesesToBuiltTrees) {
  const auto call = [](const char* sign, const ExpressionPtr& a, const ExpressionPtr& b) {
    auto e = std::make_shared<Expression>();
    e->kind = Expression::Kind::call;
    e->text = sign;
    e->arguments = {a, b};
    e->argument_names = {"", ""};
    return ExpressionPtr(e);
  };
  const ExpressionPtr sum = parse_expression("a + b"), c = parse_expression("c"),
                      minus = parse_expression("-a");
  EXPECT_EQ(deparse(*call("*", sum, c)), "(a + b) * c");
  EXPECT_EQ(deparse(*call("-", c, sum)), "c - (a + b)");
  EXPECT_EQ(deparse(*call("^", minus, c)), "(-a)^c");
  EXPECT_EQ(deparse(*call(":", sum, c)), "(a + b):c");
}

TEST(Variables, AreNamedOnceInOrder) {
  EXPECT_THAT(variables(*parse_expression("log(b, base = 2) + a * b - TRUE + `my var` / pi + NA")),
              ElementsAre("b", "a", "my var"));
}

TEST(Caret, PointsPastMultibyteCharactersAndClipsLongSources) {
  EXPECT_EQ(with_caret("what", "\xC3\xA9 + xy", 5, 2), "what\n  \xC3\xA9 + xy\n      ^^");
  const std::string message = with_caret("what", std::string(1000, 'a'), 500, 1);
  EXPECT_LT(message.size(), 300U);
  EXPECT_EQ(with_caret("what", "", 9, 9), "what\n  \n  ^");
}

TEST(Parse, LongOrDeepSourcesAreRefused) {
  EXPECT_THAT(message_of([] { parse_expression(std::string(100000, '(')); }), testing::HasSubstr("too"));
  EXPECT_THAT(message_of([] { parse_expression(std::string(4000, '-') + "a"); }),
              testing::HasSubstr("the expression is nested too deeply"));
  std::string sum = "a";
  for (int k = 0; k < 100000; ++k) sum += "+a";
  EXPECT_EQ(message_of([&] { parse_expression(sum); }), "the expression is too long");
}

TEST(Parse, EveryPrefixIsParsedOrExplained) {
  const std::string text =
      "cbind(`a b`, x - 1.5e3) ~ I(x^2) %in% c(\"q\\n\", 'r') + (1 + x || g/h) & !y <= -0x1F";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    message_of([&] { parse_expression(std::string_view(text).substr(0, length)); });
    message_of([&] { parse_expression(std::string_view(text).substr(length)); });
  }
}

class EveryMistake : public testing::TestWithParam<Case> {};

TEST_P(EveryMistake, IsShownWithACaret) {
  EXPECT_EQ(message_of([] { parse_expression(GetParam().source); }), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Parse, EveryMistake,
    testing::Values(
        Case{"", "an expression is missing\n  \n  ^"},
        Case{"a +", "the expression ends too early\n  a +\n     ^"},
        Case{"a + * b", "a name or a number is missing before '*'\n  a + * b\n      ^"},
        Case{"(a", "this '(' is never closed\n  (a\n  ^"},
        Case{"f(a", "this '(' is never closed\n  f(a\n   ^"},
        Case{"a)", "this ')' closes nothing\n  a)\n   ^"},
        Case{"a b", "an operator such as '+' is missing before this\n  a b\n    ^"},
        Case{"f(a b)", "an operator, a comma or a ')' is missing before this\n  f(a b)\n      ^"},
        Case{"f(a,)", "an argument is missing after this comma\n  f(a,)\n     ^"},
        Case{"a = 1", "'=' has no meaning here; a comparison is written '=='\n  a = 1\n    ^"},
        Case{"(a = 1)", "'=' has no meaning here; a comparison is written '=='\n  (a = 1)\n     ^"},
        Case{"a < b < c", "comparisons cannot be chained; write (a < b) & (b < c)\n  a < b < c\n        ^"},
        Case{"'abc", "the quote ' that opens here is never closed\n  'abc\n  ^"},
        Case{"'a\\q'", "an unknown escape in a string; a backslash is written \\\\\n  'a\\q'\n    ^^"},
        Case{"3x", "'x' cannot follow a number; a product needs '*'\n  3x\n   ^"},
        Case{"a %o% b", "an unknown operator; those with % are %in%, %% and %/%\n  a %o% b\n    ^^^"},
        Case{"d$x", "'$' is not supported; name a column of the data\n  d$x\n   ^"},
        Case{"a @ b", "'@' has no meaning here\n  a @ b\n    ^"}, Case{"``", "an empty name\n  ``\n  ^^"},
        Case{"'f'(x)", "a function's name is written without quotes\n  'f'(x)\n  ^^^"},
        Case{"1e999", "this number cannot be represented\n  1e999\n  ^"}));

}  // namespace
}  // namespace cuglmm
