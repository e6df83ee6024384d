#include <host/report/r_format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cuglmm::r {

namespace {

/// How one number wants to be shown with `digits` significant digits: x = a 10^exponent, 1 <= a < 10, and how
/// many digits of a are left when trailing zeros are dropped.
struct Scientific {
  int exponent = 0;
  int significant = 1;
  bool widens = false;  ///< rounding to `digits` gives one more digit left of the point: 9.9996 -> 10.00
};

long double power_of_ten(int n) { return std::pow(10.0L, static_cast<long double>(n)); }

Scientific scientific(double x, int digits) {
  Scientific out;
  if (x == 0) return out;
  const long double r = std::abs(static_cast<long double>(x));
  // The digits as an integer: long double, so that 0.15 is not mistaken for 0.1499999.
  int shift = static_cast<int>(std::floor(std::log10(r))) - digits + 1;
  const auto scaled = [&] { return shift > 0 ? r / power_of_ten(shift) : r * power_of_ten(-shift); };
  if (scaled() < power_of_ten(digits - 1)) --shift;
  long double integer = std::nearbyint(scaled());
  out.significant = digits;
  while (out.significant > 0 && std::fmod(integer, 10.0L) == 0) {
    integer /= 10;
    --out.significant;
  }
  if (out.significant == 0) {  // 9.9996 became 10000
    out.significant = 1;
    ++shift;
  }
  out.exponent = shift + digits - 1;
  out.widens = out.exponent > 0 && r < power_of_ten(out.exponent);
  return out;
}

/// The layout shared by a set of numbers.
struct Layout {
  bool fixed = true;
  int decimals = 0;
};

Layout common_layout(const std::vector<double>& x, int digits, int nsmall) {
  int left = 1, right = 0, significant = 1, largest = -400, smallest = 400;
  bool negative = false, any = false;
  for (const double value : x) {
    if (!std::isfinite(value)) continue;
    any = true;
    const Scientific s = scientific(value, digits);
    const int sign = value < 0 ? 1 : 0;
    negative = negative || sign;
    right = std::max(right, s.significant - s.exponent - 1);
    left = std::max(left, sign + std::max(1, s.exponent + 1 - (s.widens ? 1 : 0)));
    significant = std::max(significant, s.significant);
    largest = std::max(largest, s.exponent);
    smallest = std::min(smallest, s.exponent);
  }
  if (!any) return {true, nsmall};
  const int fixed_width = left + right + (right > 0);
  const int exponent_width = largest >= 100 || smallest <= -100 ? 5 : 4;  // e+100, e+10
  const int scientific_width = negative + 1 + (significant > 1 ? significant : 0) + exponent_width;
  if (fixed_width <= scientific_width) return {true, std::max(right, nsmall)};
  return {false, significant - 1};
}

std::string encode(double x, const Layout& layout) {
  if (std::isnan(x)) return "NaN";
  if (std::isinf(x)) return x > 0 ? "Inf" : "-Inf";
  if (x == 0) x = 0;  // no "-0"
  return layout.fixed ? fmt::format("{:.{}f}", x, layout.decimals)
                      : fmt::format("{:.{}e}", x, layout.decimals);
}

}  // namespace

double round(double x, int decimals) {
  if (!std::isfinite(x) || x == 0) return x;
  const int magnitude = static_cast<int>(std::ceil(std::log10(std::abs(x))));
  if (decimals > std::numeric_limits<double>::digits10 - magnitude) return x;
  const long double scale = power_of_ten(decimals);
  const double below = static_cast<double>(std::floor(x * scale) / scale);
  const double above = static_cast<double>(std::ceil(x * scale) / scale);
  const double down = x - below, up = above - x;
  const bool even = std::fmod(std::floor(x * scale), 2.0L) == 0;
  return down < up || (down == up && even) ? below : above;
}

std::vector<double> zapsmall(std::vector<double> x, int digits) {
  double largest = 0;
  for (const double value : x)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  const double wanted = largest > 0 ? std::max(0.0, digits - std::log10(largest)) : digits;
  const int decimals = static_cast<int>(std::floor(wanted + 0.5));
  for (double& value : x) value = round(value, decimals);
  return x;
}

std::vector<std::string> format(const std::vector<double>& x, int digits, int nsmall) {
  const Layout layout = common_layout(x, digits, nsmall);
  std::vector<std::string> out;
  std::size_t width = 0;
  for (const double value : x) {
    out.push_back(encode(value, layout));
    width = std::max(width, out.back().size());
  }
  for (std::string& text : out) text.insert(0, width - text.size(), ' ');
  return out;
}

std::string format(double x, int digits, int nsmall) { return encode(x, common_layout({x}, digits, nsmall)); }

std::vector<std::string> format_p_values(const std::vector<double>& p, int digits, double eps) {
  // Three sets with a layout each: those shown in fixed notation, those in scientific, those too small to
  // show.
  std::vector<double> fixed, small;
  const auto is_fixed = [&](double value) {
    const double exponent = std::floor(std::log10(value > 0 ? value : 1e-50));
    return exponent >= -3 || (exponent == -4 && digits > 1);
  };
  for (const double value : p)
    if (value >= eps) (is_fixed(value) ? fixed : small).push_back(value);
  const std::vector<std::string> fixed_text = format(fixed, digits), small_text = format(small, digits);

  std::size_t width = 0;
  for (const auto* texts : {&fixed_text, &small_text})
    for (const std::string& text : *texts) width = std::max(width, text.size());
  int eps_digits = std::max(1, digits - 2);
  bool spaced = eps_digits > 1;
  if (width > 0) {
    const int shown = static_cast<int>(width);
    if (eps_digits > 1 && eps_digits + 6 > shown) eps_digits = std::max(1, shown - 7);
    spaced = !(eps_digits == 1 && shown <= 6);
  }
  const std::string tiny = (spaced ? "< " : "<") + format(eps, eps_digits);

  std::vector<std::string> out;
  std::size_t next_fixed = 0, next_small = 0;
  for (const double value : p) {
    if (value < eps)
      out.push_back(tiny);
    else if (is_fixed(value))
      out.push_back(fixed_text[next_fixed++]);
    else
      out.push_back(small_text[next_small++]);
  }
  return out;
}

}  // namespace cuglmm::r
