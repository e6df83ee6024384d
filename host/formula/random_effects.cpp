#include "host/formula/random_effects.hpp"

#include <algorithm>
#include <string>

#include "cuglmm/error.hpp"
#include "host/formula/syntax.hpp"
#include "host/formula/terms.hpp"

namespace cuglmm {
namespace {

/// One grouping factor: a name, or an interaction.
struct Group {
  std::vector<std::string> factors;
  std::string label;
};

[[noreturn]] void fail(const std::string& what, std::string_view source, std::size_t position) {
  throw Error(with_caret(what, source, position));
}

Group interaction(const Group& a, const Group& b) {
  Group out = a;
  out.factors.insert(out.factors.end(), b.factors.begin(), b.factors.end());
  const bool wrap = b.factors.size() > 1 && b.label.front() != '(';
  out.label += wrap ? ":(" + b.label + ")" : ":" + b.label;
  return out;
}

/// a/b is b:a and a, a/b/c is c:(b:a), b:a and a.
std::vector<Group> groups(const Expression& e, std::string_view source) {
  if (e.kind == Expression::Kind::name) return {{{e.text}, e.text}};
  if (is_call(e, "(")) {
    std::vector<Group> inner = groups(*e.arguments[0], source);
    if (inner.size() == 1 && inner[0].factors.size() > 1) inner[0].label = "(" + inner[0].label + ")";
    return inner;
  }
  const bool nested = is_binary(e, "/");
  if (!nested && !is_binary(e, ":")) {
    fail(
        "the right of '|' names a grouping factor: (1 | g), (1 | a:b) or (1 | a/b); make another one a "
        "column "
        "first, with --mutate",
        source, e.position);
  }
  std::vector<Group> outer = groups(*e.arguments[0], source);
  const std::vector<Group> inner = groups(*e.arguments[1], source);
  if (inner.size() > 1 || (!nested && outer.size() > 1)) {
    fail("nesting reads from the left: (1 | a/b/c)", source, e.position);
  }
  if (!nested) return {interaction(outer[0], inner[0])};
  outer.insert(outer.begin(), interaction(inner[0], outer[0]));
  return outer;
}

bool has_bar(const Expression& e) {
  return is_bar(e) || std::any_of(e.arguments.begin(), e.arguments.end(),
                                  [](const ExpressionPtr& argument) { return has_bar(*argument); });
}

/// `a:b` again from its variables.
ExpressionPtr term_expression(const Terms& terms, const std::vector<int>& term, std::size_t position) {
  ExpressionPtr out;
  for (const int v : term) {
    const ExpressionPtr& variable = terms.variables[static_cast<std::size_t>(v)];
    out = out ? make_call(":", {out, variable}, position) : variable;
  }
  return out;
}

/// As lme4: 1 for the intercept and 0 + term for each term; a factor's columns stay correlated.
std::vector<ExpressionPtr> uncorrelated(const Terms& terms, std::size_t position) {
  std::vector<ExpressionPtr> out;
  if (terms.intercept) out.push_back(make_number(1, position));
  for (const std::vector<int>& term : terms.terms) {
    const ExpressionPtr zero = make_number(0, position);
    out.push_back(make_call("+", {zero, term_expression(terms, term, position)}, position));
  }
  return out;
}

}  // namespace

std::vector<Formula::RandomEffects> expand_bar(const Expression& bar, std::string_view source) {
  if (bar.arguments.size() != 2) fail("a random-effects term is (effects | group)", source, bar.position);
  const ExpressionPtr& effects = bar.arguments[0];
  if (has_bar(*effects)) {
    fail("one '|' in a random-effects term: (effects | group)", source, bar.position);
  }
  const std::vector<Group> all = groups(*bar.arguments[1], source);
  const Terms terms = expand_terms(effects, source);
  if (!terms.intercept && terms.terms.empty()) {
    fail("this random-effects term has no effects; (1 | group) is a random intercept", source, bar.position);
  }
  const bool separate = bar.text == "||";
  std::vector<Formula::RandomEffects> out;
  for (const ExpressionPtr& e : separate ? uncorrelated(terms, bar.position) : std::vector{effects}) {
    for (const Group& group : all) out.push_back({e, group.factors, group.label, bar.position});
  }
  return out;
}

ExpressionPtr expand_double_bars(const ExpressionPtr& e, std::string_view source) {
  if (is_binary(*e, "||")) {
    ExpressionPtr sum;
    for (const ExpressionPtr& effects : uncorrelated(expand_terms(e->arguments[0], source), e->position)) {
      const ExpressionPtr bar = make_call("|", {effects, e->arguments[1]}, e->position);
      const ExpressionPtr term = make_call("(", {bar}, e->position);
      sum = sum ? make_call("+", {sum, term}, e->position) : term;
    }
    return sum;
  }
  const bool has_terms = is_call(*e, "~") || is_call(*e, "+") || is_call(*e, "-") || is_call(*e, "(");
  if (!has_terms) return e;
  std::vector<ExpressionPtr> arguments;
  for (const ExpressionPtr& argument : e->arguments)
    arguments.push_back(expand_double_bars(argument, source));
  return make_call(e->text, std::move(arguments), e->position);
}

}  // namespace cuglmm
