/// R's table of operators, from loose to tight. Parsing and deparsing share it.
#pragma once

#include <string_view>

namespace cuglmm {

constexpr int comparison_precedence = 5;
constexpr int unary_sign_precedence = 10;

/// 0: not a binary operator.
constexpr int binary_precedence(std::string_view sign) {
  if (sign == "~") return 1;
  if (sign == "|" || sign == "||") return 2;
  if (sign == "&" || sign == "&&") return 3;
  if (sign == "<" || sign == ">" || sign == "<=" || sign == ">=" || sign == "==" || sign == "!=") {
    return comparison_precedence;
  }
  if (sign == "+" || sign == "-") return 6;
  if (sign == "*" || sign == "/") return 7;
  if (sign == "%in%" || sign == "%%" || sign == "%/%") return 8;
  if (sign == ":") return 9;
  if (sign == "^") return 11;
  return 0;
}

/// 0: not a unary operator. `-a^b` is -(a^b), `-a:b` is (-a):b, `!a == b` is !(a == b).
constexpr int unary_precedence(std::string_view sign) {
  if (sign == "~") return 1;
  if (sign == "!") return 4;
  if (sign == "+" || sign == "-") return unary_sign_precedence;
  return 0;
}

}  // namespace cuglmm
