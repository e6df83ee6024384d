/// R's model.frame: the variables of a model, evaluated, for the rows that lack none of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/data/expression.hpp"

namespace cuglmm {

class Frame {
 public:
  explicit Frame(const Data& data) : data_(data) {}

  /// Evaluates an expression on all rows of the data, as R does (`scale` and `poly` see rows that are dropped
  /// later).
  void add(const ExpressionPtr& expression, std::string_view source);
  /// Drops the rows with a missing value, then levels that no row uses. Throws Error if no row is left, if a
  /// value is infinite, or if `fail_on_missing` and a value is missing.
  void finish(bool fail_on_missing);

  /// By R's name: that of the expression deparsed.
  const Value& operator[](const std::string& name) const;
  std::int64_t rows() const { return static_cast<std::int64_t>(row_numbers_.size()); }
  const std::vector<std::int64_t>& row_numbers() const { return row_numbers_; }
  std::int64_t dropped_rows() const { return dropped_rows_; }
  /// "data row 7 of pupils.csv", for row i of the frame.
  std::string where(std::int64_t i) const;
  const std::string& source() const { return data_.source(); }

 private:
  struct Variable {
    std::string name;
    ExpressionPtr expression;
    Value value;
  };

  std::vector<char> complete_rows() const;
  [[noreturn]] void report_missing() const;
  [[noreturn]] void report_nothing_left() const;
  std::string missing_column(const Variable& variable, std::size_t row) const;
  void require_finite() const;

  const Data& data_;
  std::vector<Variable> variables_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::int64_t> row_numbers_;
  std::int64_t dropped_rows_ = 0;
};

/// The column without the levels that no row uses.
void drop_unused_levels(Column& column);

}  // namespace cuglmm
