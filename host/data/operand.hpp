/// What the evaluator computes with: vectors of numbers, truth values, text, or factors; matrices from poly()
/// and cbind().
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/expression.hpp"

namespace cuglmm {

/// A Value before recycling: its columns may be shorter than the data (`1`, `mean(x)`, `c("a", "b")`).
struct Operand {
  Value value;
  bool is_text = false;  ///< a factor column that stands for strings: the order of its levels means nothing

  const Column& column() const { return value.columns[0]; }
  bool is_matrix() const { return value.is_matrix; }
  bool is_factor() const { return column().is_factor() && !is_text; }
  bool is_numeric() const { return !column().is_factor(); }  ///< or logical
  std::size_t size() const { return column().size(); }
};

Operand make_operand(Column column, bool is_text = false);
Operand make_numbers(std::vector<double> numbers, Column::Type type = Column::Type::numeric);
Operand make_number(double number);
Operand make_text(const std::vector<std::string>& strings);

/// The value in a row as text, as as.character() gives it; the row must not be missing.
std::string text_of(const Column& column, std::size_t row);

/// A place in the source, for what goes wrong there.
class Place {
 public:
  Place(const Expression& expression, std::string_view source) : expression_(&expression), source_(source) {}
  [[noreturn]] void fail(const std::string& what) const;
  Place of(const Expression& part) const { return Place(part, source_); }
  const Expression& expression() const { return *expression_; }

 private:
  const Expression* expression_;
  std::string_view source_;
};

/// The length that operands of lengths a and b have together; only single values are recycled.
std::size_t common_size(std::size_t a, std::size_t b, const Place& place);

/// The index into an operand of `size` values that belongs to row i.
inline std::size_t recycled(std::size_t i, std::size_t size) { return size == 1 ? 0 : i; }

/// The numbers of a numeric or logical vector; factors, text and matrices are an error that says what `what`
/// needs.
const std::vector<double>& numbers_of(const Operand& operand, const Place& place, const std::string& what);

/// R's operators. `place` is the call.
Operand arithmetic(const Operand& a, const Operand& b, const Place& place);
Operand compare(const Operand& a, const Operand& b, const Place& place);
Operand logical(const Operand& a, const Operand& b, const Place& place);
Operand negate(const Operand& a, const Place& place);  ///< `!`, unary `-` and `+`
Operand is_in(const Operand& a, const Operand& table, const Place& place);
Operand colon(const Operand& a, const Operand& b, const Place& place);

}  // namespace cuglmm
