/// Functions that put values together: c(), cbind(); and poly().
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "host/data/functions.hpp"

namespace cuglmm {
namespace {

Operand text_vector(const Call& call) {
  std::vector<std::string> strings;
  std::vector<std::size_t> missing;
  for (const Operand& part : call.rest) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part.column().missing(i)) missing.push_back(strings.size());
      strings.push_back(part.column().missing(i) ? "" : text_of(part.column(), i));
    }
  }
  Operand out = make_text(strings);
  for (const std::size_t i : missing) out.value.columns[0].codes[i] = -1;
  return out;
}

Operand combine(const Call& call) {
  std::vector<double> numbers;
  bool all_logical = true;
  for (std::size_t k = 0; k < call.rest.size(); ++k) {
    const Operand& part = call.rest[k];
    if (part.is_matrix()) call.place.of(*call.rest_written[k]).fail("c() does not work on matrices");
    if (!part.is_numeric()) return text_vector(call);
    all_logical = all_logical && part.column().type == Column::Type::logical;
    numbers.insert(numbers.end(), part.column().numbers.begin(), part.column().numbers.end());
  }
  if (numbers.empty()) call.fail("c() needs values");
  return make_numbers(std::move(numbers), all_logical ? Column::Type::logical : Column::Type::numeric);
}

/// Repeats a single value to n; any other length is an error.
void stretch(Column& column, std::size_t n, const Place& place) {
  if (common_size(column.numbers.size(), n, place) != n || column.numbers.size() == n) return;
  column.numbers.assign(n, double{column.numbers[0]});
}

/// A matrix. Suffixes as R's column names: the argument's name, a variable's own name, else nothing; numbers
/// if no column has a name.
Operand cbind(const Call& call) {
  if (call.rest.empty()) call.fail("cbind() needs columns");
  Operand out;
  out.value.is_matrix = true;
  std::size_t n = 1;
  bool named = false;
  for (std::size_t k = 0; k < call.rest.size(); ++k) {
    const Operand& part = call.rest[k];
    const Place place = call.place.of(*call.rest_written[k]);
    if (!part.is_matrix()) numbers_of(part, place, "cbind()");
    n = common_size(n, part.size(), place);
    const Expression& written = *call.rest_written[k];
    const bool variable = written.kind == Expression::Kind::name;
    const std::string name = !call.rest_names[k].empty() ? call.rest_names[k] : variable ? written.text : "";
    for (std::size_t c = 0; c < part.value.columns.size(); ++c) {
      out.value.columns.push_back(part.value.columns[c]);
      out.value.columns.back().type = Column::Type::numeric;
      out.value.suffixes.push_back(part.is_matrix() ? part.value.suffixes[c] : name);
      named = named || !out.value.suffixes.back().empty();
    }
  }
  const std::size_t count = out.value.columns.size();
  for (std::size_t c = 0; c < count; ++c) {
    stretch(out.value.columns[c], n, call.place);
    if (count == 1) out.value.suffixes[c].clear();
    if (count > 1 && !named) out.value.suffixes[c] = fmt::format("{}", c + 1);
  }
  return out;
}

/// Orthogonal polynomials of degree 1 to `degree` by the three-term recurrence on centred x,
/// p_{k+1} = (x - alpha_k) p_k - (|p_k|^2 / |p_{k-1}|^2) p_{k-1}, alpha_k = sum x p_k^2 / |p_k|^2, each
/// scaled to norm 1.
std::vector<std::vector<double>> orthogonal(std::vector<double> x, int degree) {
  const std::size_t n = x.size();
  long double sum = 0;
  for (const double value : x) sum += value;
  for (double& value : x) value = static_cast<double>(value - sum / static_cast<long double>(n));
  std::vector<double> before(n, 0.0), now(n, 1.0);
  long double norm_before = 1, norm = static_cast<long double>(n);
  std::vector<std::vector<double>> out;
  for (int k = 0; k < degree; ++k) {
    long double alpha = 0;
    for (std::size_t i = 0; i < n; ++i) alpha += static_cast<long double>(x[i]) * now[i] * now[i];
    alpha /= norm;
    const long double beta = norm / norm_before;
    std::vector<double> next(n);
    for (std::size_t i = 0; i < n; ++i) {
      next[i] = static_cast<double>((x[i] - alpha) * now[i] - (k > 0 ? beta * before[i] : 0));
    }
    norm_before = norm;
    norm = 0;
    for (const double value : next) norm += static_cast<long double>(value) * value;
    before = std::exchange(now, std::move(next));
    out.push_back(now);
    for (double& value : out.back()) value = static_cast<double>(value / std::sqrt(norm));
  }
  return out;
}

std::vector<std::vector<double>> powers(const std::vector<double>& x, int degree) {
  std::vector<std::vector<double>> out{x};
  for (int k = 2; k <= degree; ++k) {
    std::vector<double> next;
    for (const double value : x) next.push_back(k == 2 ? value * value : std::pow(value, k));
    out.push_back(std::move(next));
  }
  return out;
}

/// What orthogonal polynomials need; raw powers do without, as in R.
void require_distinct(const Call& call, const std::vector<double>& x, double degree) {
  if (std::any_of(x.begin(), x.end(), [](double value) { return std::isnan(value); })) {
    call.where(0).fail(
        fmt::format("poly() does not take missing values; leave such rows out: --filter '!is.na({})'",
                    deparse(*call.written[0])));
  }
  if (std::any_of(x.begin(), x.end(), [](double value) { return std::isinf(value); })) {
    call.where(0).fail("poly() does not take infinite values");
  }
  const std::size_t distinct = std::set<double>(x.begin(), x.end()).size();
  if (degree >= static_cast<double>(distinct)) {
    call.where(1).fail(
        fmt::format("the degree of poly() must be less than the number of distinct values, {}", distinct));
  }
}

/// poly(x, degree = 1, raw = FALSE).
Operand poly(const Call& call) {
  const std::vector<double>& x = call.numbers(0);
  const double degree = call.number(1, 1);
  if (!(degree >= 1) || degree != std::floor(degree))
    call.where(1).fail("the degree of poly() is a whole number from 1");
  const bool raw = call.flag(2, false);
  if (!raw) require_distinct(call, x, degree);
  if (degree > 100) call.where(1).fail("the degree of poly() is too high");
  const int count = static_cast<int>(degree);
  Operand out;
  out.value.is_matrix = true;
  for (std::vector<double>& numbers : raw ? powers(x, count) : orthogonal(x, count)) {
    Column column;
    column.numbers = std::move(numbers);
    out.value.columns.push_back(std::move(column));
    out.value.suffixes.push_back(count == 1 ? "" : fmt::format("{}", out.value.columns.size()));
  }
  return out;
}

}  // namespace

void add_matrix_functions(FunctionTable& table) {
  table["c"] = {"...", combine};
  table["cbind"] = {"...", cbind};
  table["poly"] = {"x, degree =, raw =", poly};
}

}  // namespace cuglmm
