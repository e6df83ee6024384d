/// R expressions: one grammar serves formulas, --mutate, --filter, --weights and --offset.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cuglmm/data.hpp>

namespace cuglmm {

struct Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;

/// A node of the syntax tree. Operators are calls named by their sign: `a + b` is call "+" with two
/// arguments,
/// `-a` call "-" with one, `(a)` call "(" with one (kept, so that deparse() prints it again), `y ~ x` call
/// "~".
struct Expression {
  enum class Kind { number, string, name, call };
  Kind kind = Kind::name;
  double number = 0;
  std::string text;  ///< name, string contents, the function or operator called; "L" of 1L
  std::vector<ExpressionPtr> arguments;  ///< of a call
  std::vector<std::string>
      argument_names;        ///< parallel to arguments, "" where not named: `poly(x, degree = 2)`
  std::size_t position = 0;  ///< offset in the source, for carets
};

/// Parses with R's precedence (from loose to tight): ~, | ||, & &&, !, comparison, + -, * /, %in% and %% , :,
/// unary + -, ^. Names may be quoted with backticks; TRUE, FALSE, NA, pi are known to evaluate(). Throws
/// Error that shows the source with a caret under the place. Reading starts at `begin`: what precedes it is
/// only shown in messages.
ExpressionPtr parse_expression(std::string_view source, std::size_t begin = 0);

/// As R deparses it, which is how R names terms: `I(age^2)`, `poly(age, 2)`, `log(week + 1)`, `I(week > 2)`.
std::string deparse(const Expression& expression);

/// The names of the columns an expression uses (not of functions), in order of appearance, once each.
std::vector<std::string> variables(const Expression& expression);

/// A value: one or more columns of data.rows() rows. Only functions that make matrices (poly, cbind) give
/// more than one; then `suffixes` holds what R appends to the term's name ("1", "2" for poly).
struct Value {
  std::vector<Column> columns;
  std::vector<std::string> suffixes;
  bool is_matrix = false;
};

/// Evaluates with R's rules (recycling of scalars only; NA propagates; comparisons of factors and strings by
/// level name). `source` is the text that was parsed, for error messages with a caret.
Value evaluate(const Expression& expression, const Data& data, std::string_view source);

/// "what\n  source\n  ^^^" : the message for a place in a formula.
std::string with_caret(const std::string& what, std::string_view source, std::size_t position,
                       std::size_t length = 1);

/// The name in candidates nearest to `name` (edit distance at most 2), or "".
std::string nearest(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace cuglmm
