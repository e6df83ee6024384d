/// Precedence climbing over R's table of operators.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "cuglmm/error.hpp"
#include "host/data/expression.hpp"
#include "host/data/lexer.hpp"
#include "host/data/precedence.hpp"

namespace cuglmm {
namespace {

// Deep enough for any formula, shallow enough that a line of a million '(' cannot exhaust the stack.
constexpr int max_depth = 500;
constexpr std::size_t max_tokens = 5000;  // the same for a sum of a million terms, a tree that leans left

class Parser {
 public:
  Parser(std::string_view source, std::size_t begin) : source_(source), tokens_(tokenize(source, begin)) {}

  ExpressionPtr parse() {
    if (token().kind == Token::Kind::end) fail("an expression is missing", token());
    if (tokens_.size() > max_tokens) throw Error("the expression is too long");
    ExpressionPtr e = expression(0);
    if (is_sign(")")) fail("this ')' closes nothing", token());
    if (is_sign("=")) fail("'=' has no meaning here; a comparison is written '=='", token());
    if (token().kind != Token::Kind::end) fail("an operator such as '+' is missing before this", token());
    return e;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const Token& at) const {
    throw Error(with_caret(what, source_, at.position, at.length));
  }

  const Token& token() const { return tokens_[at_]; }
  const Token& take() { return tokens_[at_++]; }
  bool is_sign(std::string_view text) const {
    return token().kind == Token::Kind::sign && token().text == text;
  }

  static std::shared_ptr<Expression> node(Expression::Kind kind, const Token& from) {
    auto e = std::make_shared<Expression>();
    e->kind = kind;
    e->text = from.text;
    e->number = from.number;
    e->position = from.position;
    return e;
  }

  static ExpressionPtr call(const Token& name, std::vector<ExpressionPtr> arguments) {
    auto e = node(Expression::Kind::call, name);
    e->argument_names.resize(arguments.size());
    e->arguments = std::move(arguments);
    return e;
  }

  /// Everything that binds at least as tightly as `lowest`.
  ExpressionPtr expression(int lowest) {
    if (++depth_ > max_depth) fail("the expression is nested too deeply", token());
    ExpressionPtr left = operand();
    int after_comparison = 0;
    while (token().kind == Token::Kind::sign) {
      const int level = binary_precedence(token().text);
      if (level == 0 || level < lowest) break;
      if (level == after_comparison) {
        fail("comparisons cannot be chained; write (a < b) & (b < c)", token());
      }
      const Token& sign = take();
      after_comparison = level == comparison_precedence ? level : 0;
      // '^' is right associative, all others are left associative.
      const ExpressionPtr right = expression(sign.text == "^" ? level : level + 1);
      left = call(sign, {left, right});
    }
    --depth_;
    return left;
  }

  ExpressionPtr operand() {
    const Token& first = take();
    switch (first.kind) {
      case Token::Kind::number:
        return node(Expression::Kind::number, first);
      case Token::Kind::string:
        return string(first);
      case Token::Kind::name:
        return name(first);
      case Token::Kind::end:
        --at_;
        fail("the expression ends too early", first);
      case Token::Kind::sign:
        break;
    }
    if (first.text == "(") {
      ExpressionPtr inner = expression(0);
      if (!is_sign(")")) not_closed(first);
      take();
      return call(first, {inner});
    }
    const int level = unary_precedence(first.text);
    if (level == 0) fail(fmt::format("a name or a number is missing before '{}'", first.text), first);
    return call(first, {expression(level)});
  }

  ExpressionPtr string(const Token& first) {
    if (is_sign("(")) fail("a function's name is written without quotes", first);
    return node(Expression::Kind::string, first);
  }

  ExpressionPtr name(const Token& first) {
    if (!is_sign("(")) return node(Expression::Kind::name, first);
    const Token& open = take();
    auto e = node(Expression::Kind::call, first);
    while (!is_sign(")")) {
      argument(*e, open);
      if (is_sign(")")) break;
      if (!is_sign(",")) not_closed(open);
      const Token& comma = take();
      if (is_sign(")")) fail("an argument is missing after this comma", comma);
    }
    take();
    return e;
  }

  void argument(Expression& e, const Token& open) {
    if (token().kind == Token::Kind::end) not_closed(open);
    const bool may_name = token().kind == Token::Kind::name || token().kind == Token::Kind::string;
    const Token& next = tokens_[at_ + (may_name ? 1 : 0)];
    const bool named = may_name && next.kind == Token::Kind::sign && next.text == "=";
    e.argument_names.push_back(named ? token().text : "");
    if (named) at_ += 2;
    e.arguments.push_back(expression(0));
  }

  [[noreturn]] void not_closed(const Token& open) const {
    if (is_sign("=")) fail("'=' has no meaning here; a comparison is written '=='", token());
    if (token().kind != Token::Kind::end)
      fail("an operator, a comma or a ')' is missing before this", token());
    fail("this '(' is never closed", open);
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

ExpressionPtr parse_expression(std::string_view source, std::size_t begin) {
  return Parser(source, begin).parse();
}

}  // namespace cuglmm
