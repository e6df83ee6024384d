/// Functions that work value by value.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "host/data/functions.hpp"

namespace cuglmm {
namespace {

constexpr double na = std::numeric_limits<double>::quiet_NaN();

template <double (*F)(double)>
Operand map(const Call& call) {
  std::vector<double> out = call.numbers(0);
  for (double& x : out) x = F(x);
  return make_numbers(std::move(out));
}

double sign(double x) { return std::isnan(x) ? x : (x > 0) - (x < 0); }

/// log(x) and log(x, base).
Operand logarithm(const Call& call) {
  std::vector<double> out = call.numbers(0);
  const double base = call.number(1, 0);
  for (double& x : out) {
    if (!call.has(1))
      x = std::log(x);
    else if (base == 10)
      x = std::log10(x);
    else if (base == 2)
      x = std::log2(x);
    else
      x = std::log(x) / std::log(base);
  }
  return make_numbers(std::move(out));
}

/// To the nearest; a tie goes to the even digit. Decimals are rounded as they print.
double round_to(double x, double digits) {
  if (!std::isfinite(x) || digits > 15) return x;
  if (digits == 0) return std::nearbyint(x);
  if (digits > 0) return std::strtod(fmt::format("{:.{}f}", x, static_cast<int>(digits)).c_str(), nullptr);
  const double unit = std::pow(10, std::min(-digits, 308.0));
  return std::nearbyint(x / unit) * unit;
}

Operand round_numbers(const Call& call) {
  std::vector<double> out = call.numbers(0);
  const double digits = std::floor(call.number(1, 0) + 0.5);
  if (std::isnan(digits)) call.where(1).fail("the number of digits is missing");
  for (double& x : out) x = round_to(x, digits);
  return make_numbers(std::move(out));
}

/// pmin and pmax.
template <bool smaller>
Operand parallel(const Call& call) {
  if (call.rest.empty()) call.fail(fmt::format("{}() needs arguments", call.name));
  const bool skip_missing = call.flag(1, false);
  std::vector<double> out;
  for (std::size_t k = 0; k < call.rest.size(); ++k) {
    const Place place = call.place.of(*call.rest_written[k]);
    const std::vector<double>& next = numbers_of(call.rest[k], place, call.name + "()");
    if (k == 0) out = next;
    const std::vector<double> before = out;
    out.resize(common_size(before.size(), next.size(), place));
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double a = before[recycled(i, before.size())], b = next[recycled(i, next.size())];
      const bool missing = std::isnan(a) || std::isnan(b);
      if (missing)
        out[i] = !skip_missing ? na : std::isnan(a) ? b : a;
      else
        out[i] = smaller ? std::min(a, b) : std::max(a, b);
    }
  }
  return make_numbers(std::move(out));
}

Operand if_else_text(const Call& call, const std::vector<double>& test) {
  std::vector<std::string> strings(test.size());
  std::vector<char> missing(test.size(), 0);
  for (std::size_t i = 0; i < test.size(); ++i) {
    const std::size_t from = test[i] != 0 ? 1 : 2;
    const Column& column = call[from].column();
    const std::size_t row = recycled(i, column.size());
    missing[i] = std::isnan(test[i]) || column.missing(row);
    if (!missing[i]) strings[i] = text_of(column, row);
  }
  Operand out = make_text(strings);
  for (std::size_t i = 0; i < test.size(); ++i) {
    if (missing[i]) out.value.columns[0].codes[i] = -1;
  }
  return out;
}

Operand if_else(const Call& call) {
  const std::vector<double>& test = call.numbers(0);
  for (const std::size_t k : {1, 2}) {
    if (call[k].is_matrix()) call.where(k).fail("ifelse() does not work on matrices");
    if (call[k].is_factor()) {
      call.where(k).fail("ifelse() would take a factor's codes; write as.character(..) around it");
    }
    if (call[k].size() != 1 && call[k].size() != test.size()) {
      call.where(k).fail(
          fmt::format("ifelse() has {} tests, but {} values here", test.size(), call[k].size()));
    }
  }
  if (call[1].is_text || call[2].is_text) return if_else_text(call, test);
  const std::vector<double>& yes = call.numbers(1);
  const std::vector<double>& no = call.numbers(2);
  const bool both_logical =
      call[1].column().type == Column::Type::logical && call[2].column().type == Column::Type::logical;
  std::vector<double> out;
  for (std::size_t i = 0; i < test.size(); ++i) {
    const double chosen = test[i] != 0 ? yes[recycled(i, yes.size())] : no[recycled(i, no.size())];
    out.push_back(std::isnan(test[i]) ? na : chosen);
  }
  return make_numbers(std::move(out), both_logical ? Column::Type::logical : Column::Type::numeric);
}

Operand is_na(const Call& call) {
  if (call[0].is_matrix()) call.where(0).fail("is.na() does not work on matrices");
  std::vector<double> out;
  for (std::size_t i = 0; i < call[0].size(); ++i) out.push_back(call[0].column().missing(i));
  return make_numbers(std::move(out), Column::Type::logical);
}

Operand as_is(const Call& call) { return call[0]; }

}  // namespace

void add_elementwise_functions(FunctionTable& table) {
  table["I"] = {"x", as_is};
  table["abs"] = {"x", map<std::abs>};
  table["ceiling"] = {"x", map<std::ceil>};
  table["cos"] = {"x", map<std::cos>};
  table["exp"] = {"x", map<std::exp>};
  table["expm1"] = {"x", map<std::expm1>};
  table["floor"] = {"x", map<std::floor>};
  table["ifelse"] = {"test, yes, no", if_else};
  table["is.na"] = {"x", is_na};
  table["log"] = {"x, base =", logarithm};
  table["log10"] = {"x", map<std::log10>};
  table["log1p"] = {"x", map<std::log1p>};
  table["log2"] = {"x", map<std::log2>};
  table["pmax"] = {"..., na.rm =", parallel<false>};
  table["pmin"] = {"..., na.rm =", parallel<true>};
  table["round"] = {"x, digits =", round_numbers};
  table["sign"] = {"x", map<sign>};
  table["sin"] = {"x", map<std::sin>};
  table["sqrt"] = {"x", map<std::sqrt>};
  table["tan"] = {"x", map<std::tan>};
}

}  // namespace cuglmm
