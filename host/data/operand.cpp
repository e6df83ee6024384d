#include "host/data/operand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "cuglmm/error.hpp"
#include "host/data/format_real.hpp"

namespace cuglmm {

Operand make_operand(Column column, bool is_text) {
  Operand out;
  out.value.columns.push_back(std::move(column));
  out.is_text = is_text;
  return out;
}

Operand make_numbers(std::vector<double> numbers, Column::Type type) {
  Column column;
  column.type = type;
  column.numbers = std::move(numbers);
  return make_operand(std::move(column));
}

Operand make_number(double number) { return make_numbers({number}); }

Operand make_text(const std::vector<std::string>& strings) {
  Column column;
  column.type = Column::Type::factor;
  std::unordered_map<std::string, int> codes;
  for (const std::string& text : strings) {
    const auto [found, added] = codes.emplace(text, static_cast<int>(codes.size()));
    if (added) column.levels.push_back(text);
    column.codes.push_back(found->second);
  }
  return make_operand(std::move(column), true);
}

std::string text_of(const Column& column, std::size_t row) {
  if (column.is_factor()) return column.levels[static_cast<std::size_t>(column.codes[row])];
  if (column.type == Column::Type::logical) return column.numbers[row] != 0 ? "TRUE" : "FALSE";
  return number_text(column.numbers[row]);
}

void Place::fail(const std::string& what) const {
  const Expression& e = *expression_;
  const bool written = source_.substr(std::min(e.position, source_.size()), e.text.size()) == e.text;
  throw Error(with_caret(what, source_, e.position, written ? e.text.size() : 1));
}

std::size_t common_size(std::size_t a, std::size_t b, const Place& place) {
  if (a == b || b == 1) return a;
  if (a == 1) return b;
  place.fail(
      fmt::format("{} values and {} values cannot be combined; only single values are repeated", a, b));
}

const std::vector<double>& numbers_of(const Operand& operand, const Place& place, const std::string& what) {
  if (operand.is_matrix()) {
    place.fail(fmt::format("{} needs one column, but this has {}", what, operand.value.columns.size()));
  }
  if (operand.is_text) place.fail(fmt::format("{} needs numbers, but this is text", what));
  if (operand.is_factor()) {
    const std::string& name = operand.column().name;
    const std::string which = name.empty() ? "this" : fmt::format("'{}'", name);
    place.fail(fmt::format("{} needs numbers, but {} is a factor", what, which));
  }
  return operand.column().numbers;
}

}  // namespace cuglmm
