/// Small helpers for walking the syntax tree of a formula.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/data/expression.hpp"

namespace cuglmm {

inline bool is_call(const Expression& e, std::string_view name) {
  return e.kind == Expression::Kind::call && e.text == name;
}
inline bool is_binary(const Expression& e, std::string_view name) {
  return is_call(e, name) && e.arguments.size() == 2;
}
inline bool is_bar(const Expression& e) { return is_call(e, "|") || is_call(e, "||"); }

inline ExpressionPtr make_number(double value, std::size_t position) {
  Expression e;
  e.kind = Expression::Kind::number;
  e.number = value;
  e.position = position;
  return std::make_shared<const Expression>(std::move(e));
}

inline ExpressionPtr make_name(const std::string& name, std::size_t position) {
  Expression e;
  e.kind = Expression::Kind::name;
  e.text = name;
  e.position = position;
  return std::make_shared<const Expression>(std::move(e));
}

inline ExpressionPtr make_call(const std::string& function, std::vector<ExpressionPtr> arguments,
                               std::size_t position) {
  Expression e;
  e.kind = Expression::Kind::call;
  e.text = function;
  e.argument_names.resize(arguments.size());
  e.arguments = std::move(arguments);
  e.position = position;
  return std::make_shared<const Expression>(std::move(e));
}

}  // namespace cuglmm
