/// New columns, and rows chosen by an expression.
#include <fmt/format.h>

#include <cmath>

#include "cuglmm/data.hpp"
#include "cuglmm/error.hpp"
#include "host/data/expression.hpp"
#include "host/data/lexer.hpp"

namespace cuglmm {

void mutate(Data& data, const std::string& definition) {
  const std::vector<Token> tokens = tokenize(definition);
  const bool good = tokens.size() > 2 && tokens[0].kind == Token::Kind::name &&
                    tokens[1].kind == Token::Kind::sign && tokens[1].text == "=";
  if (!good) {
    const Token& at = tokens[0].kind == Token::Kind::name && tokens.size() > 1 ? tokens[1] : tokens[0];
    throw Error(
        with_caret("a new column is defined as NAME = EXPRESSION", definition, at.position, at.length));
  }
  const bool quoted = definition[tokens[0].position] == '`';
  if (!quoted && !is_syntactic_name(tokens[0].text)) {
    throw Error(with_caret(fmt::format("'{}' cannot be the name of a column", tokens[0].text), definition,
                           tokens[0].position, tokens[0].length));
  }
  const ExpressionPtr expression = parse_expression(definition, tokens[1].position + 1);
  Value value = evaluate(*expression, data, definition);
  if (value.columns.size() != 1) {
    throw Error(with_caret(fmt::format("this has {} columns; a new column is one", value.columns.size()),
                           definition, expression->position, expression->text.size()));
  }
  value.columns[0].name = tokens[0].text;
  data.set(std::move(value.columns[0]));
}

Data filter(const Data& data, const std::string& expression) {
  const ExpressionPtr tree = parse_expression(expression);
  const Value value = evaluate(*tree, data, expression);
  if (value.is_matrix || value.columns[0].is_factor()) {
    throw Error(with_caret("a filter must be true or false for each row, such as age > 20", expression,
                           tree->position, tree->text.size()));
  }
  std::vector<char> keep;
  bool any = false;
  for (const double number : value.columns[0].numbers) {
    keep.push_back(number != 0 && !std::isnan(number));
    any = any || keep.back();
  }
  if (!any) {
    throw Error(
        with_caret(fmt::format("the filter leaves none of the {} rows of {}", data.rows(), data.source()),
                   expression, 0, expression.size()));
  }
  return data.subset(keep);
}

}  // namespace cuglmm
