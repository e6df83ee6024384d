#include "host/model/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cuglmm/error.hpp"

namespace cuglmm {
namespace {

bool missing(const Value& value, std::size_t row) {
  return std::any_of(value.columns.begin(), value.columns.end(),
                     [row](const Column& column) { return column.missing(row); });
}

void mark_missing(const Column& column, std::vector<char>& keep) {
  for (std::size_t row = 0; row < keep.size(); ++row) {
    if (column.missing(row)) keep[row] = 0;
  }
}

template <class T>
void compress(std::vector<T>& values, const std::vector<char>& keep) {
  std::size_t kept = 0;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (keep[row]) values[kept++] = values[row];
  }
  values.resize(kept);
}

}  // namespace

void drop_unused_levels(Column& column) {
  std::vector<int> renumbered(column.levels.size(), -1);
  for (const int code : column.codes) renumbered[static_cast<std::size_t>(code)] = 0;
  std::vector<std::string> used;
  for (std::size_t level = 0; level < renumbered.size(); ++level) {
    if (renumbered[level] < 0) continue;
    renumbered[level] = static_cast<int>(used.size());
    used.push_back(std::move(column.levels[level]));
  }
  for (int& code : column.codes) code = renumbered[static_cast<std::size_t>(code)];
  column.levels = std::move(used);
}

void Frame::add(const ExpressionPtr& expression, std::string_view source) {
  std::string name = deparse(*expression);
  if (index_.count(name)) return;
  index_.emplace(name, variables_.size());
  variables_.push_back({std::move(name), expression, evaluate(*expression, data_, source)});
}

void Frame::finish(bool fail_on_missing) {
  const std::vector<char> keep = complete_rows();
  dropped_rows_ = std::count(keep.begin(), keep.end(), 0);
  if (dropped_rows_ == static_cast<std::int64_t>(keep.size())) report_nothing_left();
  if (dropped_rows_ > 0 && fail_on_missing) report_missing();
  row_numbers_ = data_.row_numbers();
  if (dropped_rows_ > 0) compress(row_numbers_, keep);
  for (Variable& variable : variables_) {
    for (Column& column : variable.value.columns) {
      if (dropped_rows_ > 0) {
        compress(column.numbers, keep);
        compress(column.codes, keep);
      }
      if (column.is_factor()) drop_unused_levels(column);
    }
  }
  require_finite();
}

const Value& Frame::operator[](const std::string& name) const { return variables_[index_.at(name)].value; }

std::string Frame::where(std::int64_t i) const {
  return fmt::format("data row {} of {}", row_numbers_[static_cast<std::size_t>(i)], data_.source());
}

std::vector<char> Frame::complete_rows() const {
  std::vector<char> keep(data_.rows(), 1);
  for (const Variable& variable : variables_) {
    for (const Column& column : variable.value.columns) mark_missing(column, keep);
  }
  return keep;
}

/// The column to blame: `x` rather than `log(x)`, unless it is the function that made the missing value.
std::string Frame::missing_column(const Variable& variable, std::size_t row) const {
  for (const std::string& name : variables(*variable.expression)) {
    const Column* column = data_.find(name);
    if (column && column->missing(row)) return name;
  }
  return variable.name;
}

void Frame::report_missing() const {
  for (std::size_t row = 0; row < data_.rows(); ++row) {
    for (const Variable& variable : variables_) {
      if (!missing(variable.value, row)) continue;
      throw Error(
          fmt::format("'{}' is missing in data row {} of {}; mend it, or leave such rows out (--na omit)",
                      missing_column(variable, row), data_.row_numbers()[row], data_.source()));
    }
  }
  throw Error("a value is missing");
}

void Frame::report_nothing_left() const {
  if (data_.rows() == 0) throw Error(fmt::format("there are no rows to use in {}", data_.source()));
  const Variable* worst = nullptr;
  std::size_t most = 0;
  for (const Variable& variable : variables_) {
    std::size_t count = 0;
    for (std::size_t row = 0; row < data_.rows(); ++row) count += missing(variable.value, row);
    if (count > most) worst = &variable, most = count;
  }
  throw Error(fmt::format(
      "no row of {} is complete: each of the {} lacks a variable of the model ('{}' is missing in {})",
      data_.source(), data_.rows(), worst->name, most));
}

void Frame::require_finite() const {
  for (const Variable& variable : variables_) {
    for (const Column& column : variable.value.columns) {
      const auto infinite = std::find_if(column.numbers.begin(), column.numbers.end(),
                                         [](double value) { return std::isinf(value); });
      if (infinite == column.numbers.end()) continue;
      throw Error(fmt::format("'{}' is infinite in {}; mend the value, or leave the row out (--filter)",
                              variable.name, where(infinite - column.numbers.begin())));
    }
  }
}

}  // namespace cuglmm
