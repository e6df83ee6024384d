#include "host/formula/terms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "cuglmm/error.hpp"
#include "host/formula/syntax.hpp"

namespace cuglmm {
namespace {

using Term = std::vector<int>;  // ascending
using TermList = std::vector<Term>;

bool contains(const TermList& list, const Term& term) {
  return std::find(list.begin(), list.end(), term) != list.end();
}

void add(TermList& list, const Term& term) {
  if (!contains(list, term)) list.push_back(term);
}

TermList combine(TermList a, const TermList& b) {
  for (const Term& term : b) add(a, term);
  return a;
}

Term join(const Term& a, const Term& b) {
  Term out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

TermList interact(const TermList& a, const TermList& b) {
  TermList out;
  for (const Term& s : a) {
    for (const Term& t : b) add(out, join(s, t));
  }
  return out;
}

/// All variables of the list in one term.
Term everything(const TermList& list) {
  Term out;
  for (const Term& term : list) out = join(out, term);
  return out;
}

bool subset(const Term& a, const Term& b) { return std::includes(b.begin(), b.end(), a.begin(), a.end()); }

class Expander {
 public:
  Expander(Terms& out, std::string_view source) : out_(out), source_(source) {}

  /// `keep` is false on the right of a minus, where 1 and 0 mean their opposites.
  TermList expand(const ExpressionPtr& e, bool keep) {
    switch (e->kind) {
      case Expression::Kind::number:
        return number(*e, keep);
      case Expression::Kind::string:
        fail("a string is no term of a formula", *e);
      case Expression::Kind::name:
        return {{variable(e)}};
      case Expression::Kind::call:
        break;
    }
    if (is_call(*e, "(") && e->arguments.size() == 1) return expand(e->arguments[0], keep);
    if (is_bar(*e)) fail("'|' belongs in a random-effects term of its own, in parentheses: (1 | group)", *e);
    if (is_call(*e, "~")) fail("a formula has one '~'", *e);
    if (is_call(*e, "offset")) fail("offset() must stand alone: ... + offset(..)", *e);
    if (e->arguments.size() == 1) return unary(e, keep);
    if (e->arguments.size() == 2) return binary(e, keep);
    return {{variable(e)}};
  }

 private:
  [[noreturn]] void fail(const std::string& what, const Expression& at) const {
    throw Error(with_caret(what, source_, at.position));
  }

  TermList number(const Expression& e, bool keep) {
    if (e.number != 0 && e.number != 1) {
      fail(
          fmt::format("the number {} is no term of a formula; 1 is the intercept, 0 leaves it out", e.number),
          e);
    }
    out_.intercept = (e.number == 1) == keep;
    return {};
  }

  int variable(const ExpressionPtr& e) {
    if (e->kind == Expression::Kind::name && e->text == ".") {
      fail("'.' is not supported in a formula; name the variables", *e);
    }
    const std::string name = deparse(*e);
    const auto found = std::find(out_.names.begin(), out_.names.end(), name);
    if (found != out_.names.end()) return static_cast<int>(found - out_.names.begin());
    out_.variables.push_back(e);
    out_.names.push_back(name);
    return static_cast<int>(out_.names.size()) - 1;
  }

  TermList unary(const ExpressionPtr& e, bool keep) {
    if (e->text == "+") return expand(e->arguments[0], keep);
    if (e->text != "-") return {{variable(e)}};
    expand(e->arguments[0], !keep);
    return {};
  }

  TermList binary(const ExpressionPtr& e, bool keep) {
    const std::string& op = e->text;
    const bool known = op == "+" || op == "-" || op == ":" || op == "*" || op == "/" || op == "%in%";
    if (op == "^") return power(*e, keep);
    if (!known) return {{variable(e)}};
    const TermList a = expand(e->arguments[0], keep);
    const TermList b = expand(e->arguments[1], op == "-" ? !keep : keep);
    if (op == "+") return combine(a, b);
    if (op == ":") return interact(a, b);
    if (op == "*") return combine(combine(a, b), interact(a, b));
    if (op == "/") return combine(a, interact({everything(a)}, b));
    if (op == "%in%") return interact(a, {everything(b)});
    TermList rest;
    for (const Term& term : a) {
      if (!contains(b, term)) rest.push_back(term);
    }
    return rest;
  }

  TermList power(const Expression& e, bool keep) {
    const Expression& exponent = *e.arguments[1];
    const double value = exponent.kind == Expression::Kind::number ? exponent.number : 0;
    if (value < 1 || value != std::floor(value)) {
      fail(
          "the power of a formula's term must be a whole number such as (a + b)^2; for a square write I(x^2)",
          exponent);
    }
    const TermList base = expand(e.arguments[0], keep);
    TermList out = base;
    // More than base.size() crossings change nothing.
    for (double k = 1; k < std::min(value, static_cast<double>(base.size())); ++k) out = interact(out, base);
    return out;
  }

  Terms& out_;
  std::string_view source_;
};

/// R looks for the term less variable v among the terms before it, as a part of any.
bool margin_present(const Terms& terms, std::size_t t, int v) {
  Term margin = terms.terms[t];
  margin.erase(std::find(margin.begin(), margin.end(), v));
  if (margin.empty()) return true;
  for (std::size_t before = 0; before < t; ++before) {
    if (subset(margin, terms.terms[before])) return true;
  }
  return false;
}

}  // namespace

Terms expand_terms(const ExpressionPtr& right_side, std::string_view source) {
  Terms out;
  out.terms = Expander(out, source).expand(right_side, true);
  std::stable_sort(out.terms.begin(), out.terms.end(),
                   [](const Term& a, const Term& b) { return a.size() < b.size(); });
  return out;
}

std::vector<std::vector<bool>> full_coding(const Terms& terms, const std::vector<bool>& is_factor) {
  std::vector<std::vector<bool>> full(terms.terms.size());
  bool needs_constant = !terms.intercept;  // without intercept the first factor spans the constant
  for (std::size_t t = 0; t < terms.terms.size(); ++t) {
    for (const int v : terms.terms[t]) {
      const bool factor = is_factor[static_cast<std::size_t>(v)];
      full[t].push_back(factor && (needs_constant || !margin_present(terms, t, v)));
      if (factor) needs_constant = false;
    }
  }
  return full;
}

}  // namespace cuglmm
