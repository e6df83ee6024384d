#include "cuglmm/formula.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "cuglmm/error.hpp"
#include "host/data/expression.hpp"
#include "host/formula/random_effects.hpp"
#include "host/formula/syntax.hpp"
#include "host/formula/terms.hpp"

namespace cuglmm {
namespace {

/// Takes random-effects terms and offsets out of the sum that a right-hand side is.
class Splitter {
 public:
  explicit Splitter(std::string_view source) : source_(source) {}

  std::vector<Formula::RandomEffects> random;
  std::vector<ExpressionPtr> offsets;

  /// What is left of e, or nullptr.
  ExpressionPtr fixed(const ExpressionPtr& e) {
    if (is_bar(*e)) {
      fail("a random-effects term needs parentheses: ... + (1 | group)", *e);
    }
    if (is_call(*e, "(") && e->arguments.size() == 1) return parenthesis(e);
    if (is_call(*e, "offset")) return offset(*e);
    if (is_binary(*e, "+")) return sum(e);
    if (is_call(*e, "+") && e->arguments.size() == 1) return fixed(e->arguments[0]);
    if (is_binary(*e, "-")) {
      require_fixed(*e->arguments[1]);
      const ExpressionPtr left = fixed(e->arguments[0]);
      if (left == e->arguments[0]) return e;
      return left ? make_call("-", {left, e->arguments[1]}, e->position)
                  : make_call("-", {e->arguments[1]}, e->position);
    }
    require_fixed(*e);
    return e;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const Expression& at) const {
    throw Error(with_caret(what, source_, at.position));
  }

  ExpressionPtr parenthesis(const ExpressionPtr& e) {
    const ExpressionPtr& inner = e->arguments[0];
    if (is_bar(*inner)) {
      std::vector<Formula::RandomEffects> terms = expand_bar(*inner, source_);
      std::move(terms.begin(), terms.end(), std::back_inserter(random));
      return nullptr;
    }
    const ExpressionPtr rest = fixed(inner);
    if (rest == inner) return e;
    return rest ? make_call("(", {rest}, e->position) : nullptr;
  }

  ExpressionPtr offset(const Expression& e) {
    if (e.arguments.size() != 1) fail("offset() takes one expression", e);
    offsets.push_back(e.arguments[0]);
    return nullptr;
  }

  ExpressionPtr sum(const ExpressionPtr& e) {
    const ExpressionPtr a = fixed(e->arguments[0]), b = fixed(e->arguments[1]);
    if (a == e->arguments[0] && b == e->arguments[1]) return e;
    if (!a) return b;
    return b ? make_call("+", {a, b}, e->position) : a;
  }

  /// Random effects and offsets are terms of their own; within a function's arguments '|' is a logical or.
  void require_fixed(const Expression& e) const {
    if (is_bar(e)) {
      fail("a random-effects term stands by itself, added with '+': ... + (1 | group)", e);
    }
    if (is_call(e, "offset")) fail("offset() stands by itself, added with '+': ... + offset(..)", e);
    const bool function = e.kind == Expression::Kind::call &&
                          (std::isalpha(static_cast<unsigned char>(e.text[0])) || e.text[0] == '.');
    if (function) return;
    for (const ExpressionPtr& argument : e.arguments) require_fixed(*argument);
  }

  std::string_view source_;
};

}  // namespace

Formula::Formula(const std::string& text) : text_(text) {
  const ExpressionPtr tree = parse_expression(text_);
  if (!is_call(*tree, "~")) {
    throw Error(with_caret("a formula needs a '~' between response and effects: y ~ x + (1 | group)", text_,
                           0, text_.size()));
  }
  if (tree->arguments.size() != 2) {
    throw Error(with_caret("the response is missing: y ~ x + (1 | group)", text_, tree->position));
  }
  response_ = tree->arguments[0];
  if (is_call(*response_, "~")) throw Error(with_caret("a formula has one '~'", text_, tree->position));

  Splitter splitter(text_);
  fixed_ = splitter.fixed(tree->arguments[1]);
  if (!fixed_) fixed_ = make_number(1, text_.size());
  random_ = std::move(splitter.random);
  offsets_ = std::move(splitter.offsets);
  if (random_.empty()) {
    throw Error(
        with_caret("a mixed model needs a random-effects term such as (1 | group)", text_, text_.size()));
  }
  const Terms terms = expand_terms(fixed_, text_);
  const auto repeated = std::find(terms.names.begin(), terms.names.end(), deparse(*response_));
  if (repeated != terms.names.end()) {
    const ExpressionPtr& variable = terms.variables[static_cast<std::size_t>(repeated - terms.names.begin())];
    throw Error(with_caret("the response cannot be an effect as well", text_, variable->position));
  }
}

}  // namespace cuglmm
