#include "host/data/format_real.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace cuglmm {
namespace {

struct Digits {
  int exponent;     ///< of the value after rounding to the wanted digits: 9.99 with 2 digits is 1.0e1
  int significant;  ///< digits left without trailing zeros
};

Digits significant_digits(double value, int digits) {
  const std::string text = fmt::format("{:.{}e}", std::abs(value), digits - 1);
  const std::size_t e = text.find('e');
  Digits out{};
  const char* exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent, text.data() + text.size(), out.exponent);
  const std::size_t last = text.find_last_not_of("0.", e - 1);
  out.significant = last == std::string::npos ? 1 : static_cast<int>(last == 0 ? 1 : last);
  return out;
}

/// What all values of a vector need together, as R's formatReal() finds it.
struct Layout {
  int decimals = 0, mantissa = 0;
  bool fixed = true;
};

Layout layout(const std::vector<double>& values, int digits) {
  int decimals = 0, significant = 1, left = 1, largest = -1000, smallest = 1000;
  bool negative = false, any = false;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    const Digits need = significant_digits(value, digits);
    any = true;
    negative = negative || value < 0;
    decimals = std::max(decimals, need.significant - need.exponent - 1);
    significant = std::max(significant, need.significant);
    left = std::max(left, std::max(1, need.exponent + 1) + (value < 0));
    largest = std::max(largest, need.exponent);
    smallest = std::min(smallest, need.exponent);
  }
  if (!any) return {};
  const int fixed_width = left + decimals + (decimals > 0);
  const int exponent_width = largest >= 100 || smallest <= -100 ? 5 : 4;
  const int scientific_width = negative + significant + (significant > 1) + exponent_width;
  return {decimals, significant - 1, fixed_width <= scientific_width};
}

std::string write(double value, const Layout& how) {
  if (std::isnan(value)) return "NA";
  if (std::isinf(value)) return value > 0 ? "Inf" : "-Inf";
  if (value == 0) value = 0;  // R prints no negative zero
  return how.fixed ? fmt::format("{:.{}f}", value, how.decimals)
                   : fmt::format("{:.{}e}", value, how.mantissa);
}

}  // namespace

std::vector<std::string> format_real(const std::vector<double>& values, int digits) {
  const Layout how = layout(values, digits);
  std::vector<std::string> out;
  std::size_t width = 0;
  for (const double value : values) {
    out.push_back(write(value, how));
    width = std::max(width, out.back().size());
  }
  for (std::string& text : out) text.insert(0, width - text.size(), ' ');
  return out;
}

std::string number_text(double value) { return write(value, layout({value}, 15)); }

}  // namespace cuglmm
