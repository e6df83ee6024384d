#include "host/data/factor.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "host/data/format_real.hpp"

namespace cuglmm {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower_b) {
  return std::equal(a.begin(), a.end(), lower_b.begin(), lower_b.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

/// new_code[old code]; codes of missing values stay.
void renumber(std::vector<int>& codes, const std::vector<int>& new_code) {
  for (int& code : codes) {
    if (code >= 0) code = new_code[static_cast<std::size_t>(code)];
  }
}

/// The order that sorts the levels: order[0] is the number of the first.
std::vector<std::size_t> level_order(const std::vector<std::string>& levels) {
  std::vector<std::size_t> order(levels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> numbers;
  for (const std::string& level : levels) {
    const std::optional<double> number = parse_number(level);
    if (!number || std::isnan(*number)) break;
    numbers.push_back(*number);
  }
  const bool numeric = numbers.size() == levels.size();
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (numeric && numbers[a] != numbers[b]) return numbers[a] < numbers[b];
    return levels[a] < levels[b];
  });
  return order;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  const bool sign = text[0] == '+' || text[0] == '-';
  const bool negative = text[0] == '-';
  const std::string_view digits = text.substr(sign ? 1 : 0);
  if (digits.empty()) return std::nullopt;
  if ((digits[0] < '0' || digits[0] > '9') && digits[0] != '.') {
    const double infinity = std::numeric_limits<double>::infinity();
    if (equal_ignoring_case(digits, "inf") || equal_ignoring_case(digits, "infinity")) {
      return negative ? -infinity : infinity;
    }
    if (equal_ignoring_case(digits, "nan")) return std::numeric_limits<double>::quiet_NaN();
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return std::nullopt;
  // Too large or too small for a double: infinite or zero, as strtod() and R say.
  if (error == std::errc::result_out_of_range)
    value = std::strtod(std::string(digits).c_str(), nullptr);
  else if (error != std::errc())
    return std::nullopt;
  return negative ? -value : value;
}

void sort_levels(std::vector<std::string>& levels) {
  std::vector<std::string> sorted;
  for (const std::size_t level : level_order(levels)) sorted.push_back(levels[level]);
  levels = std::move(sorted);
}

void sort_and_drop_levels(Column& factor) {
  std::vector<char> used(factor.levels.size(), 0);
  for (const int code : factor.codes) {
    if (code >= 0) used[static_cast<std::size_t>(code)] = 1;
  }
  std::vector<int> new_code(factor.levels.size(), -1);
  std::vector<std::string> levels;
  for (const std::size_t level : level_order(factor.levels)) {
    if (!used[level]) continue;
    new_code[level] = static_cast<int>(levels.size());
    levels.push_back(factor.levels[level]);
  }
  renumber(factor.codes, new_code);
  factor.levels = std::move(levels);
}

Column as_factor(const Column& column) {
  if (column.is_factor()) return column;
  std::vector<double> values;
  for (const double value : column.numbers) {
    if (!std::isnan(value)) values.push_back(value == 0 ? 0 : value);  // no level "-0"
  }
  std::sort(values.begin(), values.end());
  Column out;
  out.name = column.name;
  out.type = Column::Type::factor;
  std::vector<int> code;
  for (const double value : values) {
    // Numbers that agree to 15 digits are one level, as in R.
    std::string level =
        column.type == Column::Type::logical ? (value != 0 ? "TRUE" : "FALSE") : number_text(value);
    if (out.levels.empty() || out.levels.back() != level) out.levels.push_back(std::move(level));
    code.push_back(static_cast<int>(out.levels.size()) - 1);
  }
  for (const double value : column.numbers) {
    const auto found = std::lower_bound(values.begin(), values.end(), value);
    out.codes.push_back(std::isnan(value) ? -1 : code[static_cast<std::size_t>(found - values.begin())]);
  }
  return out;
}

}  // namespace cuglmm
