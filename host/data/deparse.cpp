#include <fmt/format.h>

#include <algorithm>

#include "host/data/expression.hpp"
#include "host/data/format_real.hpp"
#include "host/data/lexer.hpp"
#include "host/data/precedence.hpp"

namespace cuglmm {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out += c;
    }
  }
  return out + '"';
}

bool is_constant(const std::string& name) {
  return name == "TRUE" || name == "FALSE" || name == "NA" || name == "NaN" || name == "Inf" ||
         name == "NULL";
}

std::string name_text(const std::string& name) {
  return is_syntactic_name(name) || is_constant(name) ? name : '`' + name + '`';
}

/// How tightly the outermost operator of e binds; 100 where it has none.
int tightness(const Expression& e) {
  if (e.kind == Expression::Kind::number && e.number < 0) return unary_sign_precedence;
  if (e.kind != Expression::Kind::call) return 100;
  const int level = e.arguments.size() == 2   ? binary_precedence(e.text)
                    : e.arguments.size() == 1 ? unary_precedence(e.text)
                                              : 0;
  return level == 0 ? 100 : level;
}

std::string in_parentheses_if(bool needed, const Expression& e) {
  return needed ? "(" + deparse(e) + ")" : deparse(e);
}

std::string binary(const Expression& e, int level) {
  const bool right_associative = e.text == "^";
  const int left = tightness(*e.arguments[0]), right = tightness(*e.arguments[1]);
  const bool tight = e.text == "^" || e.text == ":" || e.text == "/" || e.text == "%%" || e.text == "%/%";
  // A looser unary operator on the right needs no parentheses: a^-b.
  const bool right_unary = e.arguments[1]->arguments.size() == 1;
  return in_parentheses_if(right_associative ? left <= level : left < level, *e.arguments[0]) +
         (tight ? e.text : " " + e.text + " ") +
         in_parentheses_if(!right_unary && (right_associative ? right < level : right <= level),
                           *e.arguments[1]);
}

std::string function(const Expression& e) {
  std::string out = name_text(e.text) + "(";
  for (std::size_t k = 0; k < e.arguments.size(); ++k) {
    if (k > 0) out += ", ";
    if (!e.argument_names[k].empty()) out += name_text(e.argument_names[k]) + " = ";
    out += deparse(*e.arguments[k]);
  }
  return out + ")";
}

void collect(const Expression& e, std::vector<std::string>& names) {
  if (e.kind == Expression::Kind::name && !is_constant(e.text) && e.text != "pi" &&
      std::find(names.begin(), names.end(), e.text) == names.end()) {
    names.push_back(e.text);
  }
  for (const ExpressionPtr& argument : e.arguments) collect(*argument, names);
}

}  // namespace

std::string deparse(const Expression& e) {
  switch (e.kind) {
    case Expression::Kind::number:
      return e.text == "L" ? fmt::format("{:.0f}L", e.number) : number_text(e.number);
    case Expression::Kind::string:
      return quoted(e.text);
    case Expression::Kind::name:
      return name_text(e.text);
    case Expression::Kind::call:
      break;
  }
  if (e.text == "(" && e.arguments.size() == 1) return "(" + deparse(*e.arguments[0]) + ")";
  if (e.arguments.size() == 2 && binary_precedence(e.text) > 0) return binary(e, binary_precedence(e.text));
  if (e.arguments.size() == 1 && unary_precedence(e.text) > 0) {
    return e.text + in_parentheses_if(tightness(*e.arguments[0]) < unary_precedence(e.text), *e.arguments[0]);
  }
  return function(e);
}

std::vector<std::string> variables(const Expression& expression) {
  std::vector<std::string> names;
  collect(expression, names);
  return names;
}

}  // namespace cuglmm
