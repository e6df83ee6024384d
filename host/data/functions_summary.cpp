/// Functions that make one number of a column, and scale(), which is made of them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/data/functions.hpp"

namespace cuglmm {
namespace {

constexpr double na = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<double> without_missing(std::vector<double> values) {
  values.erase(std::remove_if(values.begin(), values.end(), [](double x) { return std::isnan(x); }),
               values.end());
  return values;
}

/// Sums in extended precision, as R does.
double sum_of(const std::vector<double>& values) {
  long double sum = 0;
  for (const double x : values) sum += x;
  return static_cast<double>(sum);
}

double mean_of(const std::vector<double>& values) {
  const auto n = static_cast<long double>(values.size());
  long double sum = 0, correction = 0;
  for (const double x : values) sum += x;
  const long double mean = sum / n;
  if (!std::isfinite(static_cast<double>(mean))) return static_cast<double>(mean);
  for (const double x : values) correction += x - mean;
  return static_cast<double>(mean + correction / n);
}

/// Sum of squares about a centre.
double squares_about(const std::vector<double>& values, double center) {
  long double sum = 0;
  for (const double x : values)
    sum += (static_cast<long double>(x) - center) * (static_cast<long double>(x) - center);
  return static_cast<double>(sum);
}

double variance_of(const std::vector<double>& values) {
  if (values.size() < 2) return na;
  return squares_about(values, mean_of(values)) / static_cast<double>(values.size() - 1);
}

double deviation_of(const std::vector<double>& values) { return std::sqrt(variance_of(values)); }

double median_of(const std::vector<double>& values) {
  if (values.empty() || std::any_of(values.begin(), values.end(), [](double x) { return std::isnan(x); }))
    return na;
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

double least(const std::vector<double>& values) {
  double out = infinity;
  for (const double x : values) out = std::isnan(x) || std::isnan(out) ? na : std::min(out, x);
  return out;
}

double greatest(const std::vector<double>& values) {
  double out = -infinity;
  for (const double x : values) out = std::isnan(x) || std::isnan(out) ? na : std::max(out, x);
  return out;
}

/// f(x, na.rm = FALSE).
template <double (*F)(const std::vector<double>&)>
Operand of_one(const Call& call) {
  return make_number(F(call.flag(1, false) ? without_missing(call.numbers(0)) : call.numbers(0)));
}

/// f(..., na.rm = FALSE): all values of all arguments.
template <double (*F)(const std::vector<double>&)>
Operand of_all(const Call& call) {
  std::vector<double> all;
  for (std::size_t k = 0; k < call.rest.size(); ++k) {
    const std::vector<double>& next =
        numbers_of(call.rest[k], call.place.of(*call.rest_written[k]), call.name + "()");
    all.insert(all.end(), next.begin(), next.end());
  }
  if (all.empty()) call.fail(fmt::format("{}() needs values", call.name));
  return make_number(F(call.flag(1, false) ? without_missing(all) : all));
}

Operand length(const Call& call) {
  return make_number(static_cast<double>(call[0].size() * call[0].value.columns.size()));
}

/// Missing values take no part in centre and scale, as in R.
Operand scale(const Call& call) {
  std::vector<double> out = call.numbers(0);
  const bool given_center = call.has(1) && call[1].column().type == Column::Type::numeric;
  const bool given_scale = call.has(2) && call[2].column().type == Column::Type::numeric;
  const std::vector<double> known = without_missing(out);
  double center = 0, unit = 1;
  if (given_center)
    center = call.number(1, 0);
  else if (call.flag(1, true))
    center = mean_of(known);
  if (given_scale) {
    unit = call.number(2, 1);
  } else if (call.flag(2, true)) {
    const double n = static_cast<double>(known.size());
    unit = std::sqrt(squares_about(known, center) / std::max(1.0, n - 1));
  }
  for (double& x : out) x = (x - center) / unit;
  return make_numbers(std::move(out));
}

}  // namespace

void add_summary_functions(FunctionTable& table) {
  table["length"] = {"x", length};
  table["max"] = {"..., na.rm =", of_all<greatest>};
  table["mean"] = {"x, na.rm =", of_one<mean_of>};
  table["median"] = {"x, na.rm =", of_one<median_of>};
  table["min"] = {"..., na.rm =", of_all<least>};
  table["scale"] = {"x, center =, scale =", scale};
  table["sd"] = {"x, na.rm =", of_one<deviation_of>};
  table["sum"] = {"..., na.rm =", of_all<sum_of>};
  table["var"] = {"x, na.rm =", of_one<variance_of>};
}

}  // namespace cuglmm
