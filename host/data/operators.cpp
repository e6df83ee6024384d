/// R's operators on operands.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_set>

#include "host/data/operand.hpp"

namespace cuglmm {
namespace {

constexpr double na = std::numeric_limits<double>::quiet_NaN();

template <class F>
std::vector<double> map2(const std::vector<double>& a, const std::vector<double>& b, const Place& place,
                         F f) {
  std::vector<double> out(a.empty() || b.empty() ? 0 : common_size(a.size(), b.size(), place));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = f(a[recycled(i, a.size())], b[recycled(i, b.size())]);
  return out;
}

std::string quoted_operator(const Place& place) { return "'" + place.expression().text + "'"; }

Place argument(const Place& place, std::size_t k) { return place.of(*place.expression().arguments[k]); }

/// The signs of remainder and divisor agree, as in R.
double modulo(double a, double b) {
  if (b == 0) return na;
  const double r = std::fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

double power(double a, double b) {
  if (b == 2) return a * a;
  return a == 1 || b == 0 ? 1 : std::pow(a, b);
}

template <class T>
bool holds(std::string_view sign, const T& a, const T& b) {
  if (sign == "==") return a == b;
  if (sign == "!=") return a != b;
  if (sign == "<") return a < b;
  if (sign == "<=") return a <= b;
  if (sign == ">") return a > b;
  return a >= b;
}

bool is_equality(std::string_view sign) { return sign == "==" || sign == "!="; }

/// The position of a text among the levels of an ordered factor.
int level_position(const Column& ordered, const std::string& text, const Place& place) {
  const auto found = std::find(ordered.levels.begin(), ordered.levels.end(), text);
  if (found == ordered.levels.end()) {
    place.fail(
        fmt::format("'{}' is no level of the ordered factor: {}", text, fmt::join(ordered.levels, " < ")));
  }
  return static_cast<int>(found - ordered.levels.begin());
}

/// A position for each value of `operand` in the order of `ordered`; NaN where missing.
std::vector<double> positions(const Operand& operand, const Column& ordered, const Place& place) {
  const Column& column = operand.column();
  std::vector<double> out;
  for (std::size_t i = 0; i < column.size(); ++i) {
    out.push_back(column.missing(i) ? na : level_position(ordered, text_of(column, i), place));
  }
  return out;
}

Operand compare_numbers(const std::vector<double>& a, const std::vector<double>& b, const Place& place) {
  const std::string_view sign = place.expression().text;
  return make_numbers(
      map2(a, b, place,
           [sign](double x, double y) { return std::isnan(x) || std::isnan(y) ? na : holds(sign, x, y); }),
      Column::Type::logical);
}

Operand compare_ordered(const Operand& a, const Operand& b, const Place& place) {
  const Column& order = a.column().type == Column::Type::ordered ? a.column() : b.column();
  const bool both_factors = a.is_factor() && b.is_factor();
  if (both_factors && a.column().levels != b.column().levels) {
    place.fail("the factors have different levels, so their order cannot be compared");
  }
  return compare_numbers(positions(a, order, argument(place, 0)), positions(b, order, argument(place, 1)),
                         place);
}

Operand compare_text(const Column& a, const Column& b, const Place& place) {
  const std::string_view sign = place.expression().text;
  std::vector<double> out(a.size() == 0 || b.size() == 0 ? 0 : common_size(a.size(), b.size(), place));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t ia = recycled(i, a.size()), ib = recycled(i, b.size());
    const bool missing = a.missing(ia) || b.missing(ib);
    out[i] = missing ? na : holds(sign, text_of(a, ia), text_of(b, ib));
  }
  return make_numbers(std::move(out), Column::Type::logical);
}

void require_vectors(const Operand& a, const Operand& b, const Place& place) {
  if (a.is_matrix() || b.is_matrix())
    place.fail(fmt::format("{} does not work on matrices", quoted_operator(place)));
}

/// NA is in the table if the table has NA, as in R.
template <class T, class F>
Operand membership(const Column& x, const Column& table, F value_of) {
  std::unordered_set<T> known;
  bool has_missing = false;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table.missing(i)) {
      has_missing = true;
    } else {
      known.insert(value_of(table, i));
    }
  }
  std::vector<double> out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    out.push_back(x.missing(i) ? has_missing : known.count(value_of(x, i)) > 0);
  }
  return make_numbers(std::move(out), Column::Type::logical);
}

/// R's interaction: the levels of b vary fastest.
Operand interaction(const Column& a, const Column& b, const Place& place) {
  if (a.size() != b.size()) place.fail("the factors differ in length");
  Column out;
  out.type = Column::Type::factor;
  for (const std::string& level : a.levels) {
    for (const std::string& other : b.levels) out.levels.push_back(level + ":" + other);
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool missing = a.missing(i) || b.missing(i);
    out.codes.push_back(missing ? -1 : a.codes[i] * static_cast<int>(b.levels.size()) + b.codes[i]);
  }
  return make_operand(std::move(out));
}

}  // namespace

Operand arithmetic(const Operand& a, const Operand& b, const Place& place) {
  const std::string& sign = place.expression().text;
  const std::vector<double>& x = numbers_of(a, argument(place, 0), quoted_operator(place));
  const std::vector<double>& y = numbers_of(b, argument(place, 1), quoted_operator(place));
  if (sign == "+") return make_numbers(map2(x, y, place, std::plus<>()));
  if (sign == "-") return make_numbers(map2(x, y, place, std::minus<>()));
  if (sign == "*") return make_numbers(map2(x, y, place, std::multiplies<>()));
  if (sign == "/") return make_numbers(map2(x, y, place, std::divides<>()));
  if (sign == "^") return make_numbers(map2(x, y, place, power));
  if (sign == "%%") return make_numbers(map2(x, y, place, modulo));
  return make_numbers(map2(x, y, place, [](double p, double q) { return std::floor(p / q); }));
}

Operand compare(const Operand& a, const Operand& b, const Place& place) {
  require_vectors(a, b, place);
  if (a.is_numeric() && b.is_numeric()) return compare_numbers(a.column().numbers, b.column().numbers, place);
  const bool equality = is_equality(place.expression().text);
  const bool ordered = a.column().type == Column::Type::ordered || b.column().type == Column::Type::ordered;
  if (!equality && ordered) return compare_ordered(a, b, place);
  if (!equality && (a.is_factor() || b.is_factor())) {
    place.fail(fmt::format("{} needs numbers or an ordered factor; this factor has no order",
                           quoted_operator(place)));
  }
  return compare_text(a.column(), b.column(), place);
}

Operand logical(const Operand& a, const Operand& b, const Place& place) {
  const bool conjunction = place.expression().text[0] == '&';
  const auto f = [conjunction](double x, double y) {
    const bool decided =
        conjunction ? x == 0 || y == 0 : (x != 0 && !std::isnan(x)) || (y != 0 && !std::isnan(y));
    if (decided) return conjunction ? 0.0 : 1.0;
    return std::isnan(x) || std::isnan(y) ? na : (conjunction ? 1.0 : 0.0);
  };
  return make_numbers(map2(numbers_of(a, argument(place, 0), quoted_operator(place)),
                           numbers_of(b, argument(place, 1), quoted_operator(place)), place, f),
                      Column::Type::logical);
}

Operand negate(const Operand& a, const Place& place) {
  std::vector<double> out = numbers_of(a, argument(place, 0), quoted_operator(place));
  const std::string& sign = place.expression().text;
  for (double& x : out) {
    if (sign == "-") x = -x;
    if (sign == "!" && !std::isnan(x)) x = x == 0;
  }
  return make_numbers(std::move(out), sign == "!" ? Column::Type::logical : Column::Type::numeric);
}

Operand is_in(const Operand& a, const Operand& table, const Place& place) {
  require_vectors(a, table, place);
  const Column& x = a.column();
  if (a.is_numeric() && table.is_numeric()) {
    return membership<double>(x, table.column(),
                              [](const Column& column, std::size_t i) { return column.numbers[i]; });
  }
  return membership<std::string>(x, table.column(), text_of);
}

Operand colon(const Operand& a, const Operand& b, const Place& place) {
  if (!a.is_matrix() && !b.is_matrix() && a.is_factor() && b.is_factor()) {
    return interaction(a.column(), b.column(), place);
  }
  const std::vector<double>& from = numbers_of(a, argument(place, 0), "':'");
  const std::vector<double>& to = numbers_of(b, argument(place, 1), "':'");
  if (from.size() != 1 || to.size() != 1) place.fail("':' makes a sequence from one number to another, 1:5");
  if (!(std::abs(to[0] - from[0]) < 1e7)) place.fail("this sequence is too long, or an end is missing");
  std::vector<double> out;
  const double step = to[0] >= from[0] ? 1 : -1;
  const double steps = std::floor(std::abs(to[0] - from[0]) + 1e-10);
  for (double k = 0; k <= steps; ++k) out.push_back(from[0] + step * k);
  return make_numbers(std::move(out));
}

}  // namespace cuglmm
