/// cut(): numbers into intervals.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/data/functions.hpp"

namespace cuglmm {
namespace {

constexpr int max_intervals = 100000;

struct Options {
  bool include_lowest, right;
  int digits;
};

/// cut(x, 3): intervals of equal length over the range, widened a little at the ends as R does.
std::vector<double> equal_breaks(const std::vector<double>& x, double count, const Place& place) {
  if (!(count >= 2 && count <= max_intervals)) place.fail("cut() needs at least 2 intervals");
  double low = INFINITY, high = -INFINITY;
  for (const double value : x) {
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  }
  if (low > high) place.fail("cut() has no values to make intervals for; give the breaks");
  const bool constant = low == high;
  const double width = constant ? std::abs(low) : high - low;
  const double first = constant ? low - width / 1000 : low, last = constant ? high + width / 1000 : high;
  const int n = static_cast<int>(count);
  std::vector<double> breaks;
  for (int k = 0; k <= n; ++k) breaks.push_back(first + (last - first) * k / n);
  breaks.front() = low - width / 1000;
  breaks.back() = high + width / 1000;
  return breaks;
}

/// The breaks with as few digits as tell them apart, at least `digits`. R writes " Inf" with a blank.
std::vector<std::string> break_texts(const std::vector<double>& breaks, int digits) {
  for (;; ++digits) {
    std::vector<std::string> texts;
    for (const double b : breaks) {
      texts.push_back(std::isinf(b) ? (b > 0 ? " Inf" : "-Inf") : fmt::format("{:.{}g}", b, digits));
    }
    if (digits >= 17 || std::adjacent_find(texts.begin(), texts.end()) == texts.end()) return texts;
  }
}

std::vector<std::string> interval_labels(const std::vector<double>& breaks, const Options& options) {
  const std::vector<std::string> texts = break_texts(breaks, options.digits);
  std::vector<std::string> labels;
  for (std::size_t k = 0; k + 1 < texts.size(); ++k) {
    labels.push_back((options.right ? "(" : "[") + texts[k] + "," + texts[k + 1] +
                     (options.right ? "]" : ")"));
  }
  if (options.include_lowest && options.right) labels.front().front() = '[';
  if (options.include_lowest && !options.right) labels.back().back() = ']';
  return labels;
}

/// The interval of x, or -1.
int interval_of(double x, const std::vector<double>& breaks, const Options& options) {
  if (std::isnan(x)) return -1;
  const int last = static_cast<int>(breaks.size()) - 2;
  if (options.include_lowest && options.right && x == breaks.front()) return 0;
  if (options.include_lowest && !options.right && x == breaks.back()) return last;
  const auto above = options.right ? std::lower_bound(breaks.begin(), breaks.end(), x)
                                   : std::upper_bound(breaks.begin(), breaks.end(), x);
  const int interval = static_cast<int>(above - breaks.begin()) - 1;
  return interval > last ? -1 : interval;
}

std::vector<double> breaks_of(const Call& call) {
  std::vector<double> breaks = call.numbers(1);
  if (breaks.size() == 1) return equal_breaks(call.numbers(0), breaks[0], call.where(1));
  if (std::any_of(breaks.begin(), breaks.end(), [](double b) { return std::isnan(b); })) {
    call.where(1).fail("a break is missing");
  }
  std::sort(breaks.begin(), breaks.end());
  if (std::adjacent_find(breaks.begin(), breaks.end()) != breaks.end())
    call.where(1).fail("two breaks are equal");
  return breaks;
}

/// cut(x, breaks, labels =, include.lowest =, right =, dig.lab =, ordered_result =); labels = FALSE gives
/// numbers.
Operand cut(const Call& call) {
  const std::vector<double>& x = call.numbers(0);
  const std::vector<double> breaks = breaks_of(call);
  const Options options{call.flag(3, false), call.flag(4, true),
                        static_cast<int>(std::clamp(call.number(5, 3), 1.0, 17.0))};
  Column out;
  for (const double value : x) out.codes.push_back(interval_of(value, breaks, options));
  const bool flag = call.has(2) && call[2].column().type == Column::Type::logical;
  if (flag && !call.flag(2, true)) {
    std::vector<double> numbers;
    for (const int code : out.codes) numbers.push_back(code < 0 ? NAN : code + 1);
    return make_numbers(std::move(numbers));
  }
  out.levels = call.has(2) && !flag ? call.strings(2) : interval_labels(breaks, options);
  if (out.levels.size() != breaks.size() - 1) {
    call.where(2).fail(fmt::format("{} labels for {} intervals", out.levels.size(), breaks.size() - 1));
  }
  if (std::set<std::string>(out.levels.begin(), out.levels.end()).size() != out.levels.size()) {
    call.where(2).fail("two labels are equal");
  }
  out.type = call.flag(6, false) ? Column::Type::ordered : Column::Type::factor;
  return make_operand(std::move(out));
}

}  // namespace

void add_cut(FunctionTable& table) {
  table["cut"] = {"x, breaks, labels =, include.lowest =, right =, dig.lab =, ordered_result =", cut};
}

}  // namespace cuglmm
