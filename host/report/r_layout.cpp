#include <host/report/r_layout.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <host/report/r_format.hpp>

namespace cuglmm::r {

namespace {

std::string pad_left(const std::string& text, std::size_t to) {
  return std::string(to - std::min(to, width(text)), ' ') + text;
}

std::string pad_right(const std::string& text, std::size_t to) {
  return text + std::string(to - std::min(to, width(text)), ' ');
}

std::size_t widest(const std::vector<std::string>& texts) {
  std::size_t out = 0;
  for (const std::string& text : texts) out = std::max(out, width(text));
  return out;
}

std::vector<std::size_t> column_widths(const TextMatrix& matrix) {
  std::vector<std::size_t> out;
  for (std::size_t j = 0; j < matrix.column_names.size(); ++j) {
    out.push_back(width(matrix.column_names[j]));
    for (const auto& row : matrix.cells) out[j] = std::max(out[j], width(row[j]));
  }
  return out;
}

}  // namespace

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

std::string print(const TextMatrix& matrix, bool right) {
  const std::vector<std::size_t> widths = column_widths(matrix);
  const std::size_t label = widest(matrix.row_names);
  const auto cell = [&](const std::string& text, std::size_t j) {
    return " " + (right ? pad_left(text, widths[j]) : pad_right(text, widths[j]));
  };
  std::string out;
  for (std::size_t first = 0, last = 0; first < widths.size(); first = last) {
    std::size_t total = label;
    do total += widths[last++] + 1;
    while (last < widths.size() && total + widths[last] + 1 < static_cast<std::size_t>(line_width));
    out += std::string(label, ' ');
    for (std::size_t j = first; j < last; ++j) out += cell(matrix.column_names[j], j);
    out += '\n';
    for (std::size_t i = 0; i < matrix.cells.size(); ++i) {
      out += pad_right(matrix.row_names[i], label);
      for (std::size_t j = first; j < last; ++j) out += cell(matrix.cells[i][j], j);
      out += '\n';
    }
  }
  return out;
}

std::string print_named(const std::vector<std::string>& names, const std::vector<std::string>& values) {
  const std::size_t w = std::max(widest(names), widest(values));
  const std::size_t per_line = std::max<std::size_t>(1, static_cast<std::size_t>(line_width) / (w + 1));
  std::string out;
  for (std::size_t first = 0; first < names.size(); first += per_line) {
    const std::size_t last = std::min(names.size(), first + per_line);
    for (std::size_t j = first; j < last; ++j) out += pad_left(names[j], w) + " ";
    out += '\n';
    for (std::size_t j = first; j < last; ++j) out += pad_left(values[j], w) + " ";
    out += '\n';
  }
  return out;
}

std::string cat_filled(const std::vector<std::string>& items) {
  std::string out;
  std::size_t used = 0;
  for (const std::string& item : items) {
    if (&item != &items.front()) {
      out += ' ';
      if (used + width(item) + 1 > static_cast<std::size_t>(line_width)) {
        out += '\n';
        used = 0;
      }
    }
    out += item;
    used += width(item) + 1;
  }
  return out + "\n";
}

namespace {

/// Estimates and standard errors in one layout, rounded where the smallest has `digits` significant ones;
/// what shows as 0 without being 0 gets a layout of its own.
std::vector<std::vector<std::string>> format_estimates(const Coefficients& c, int digits) {
  std::vector<double> all(c.estimate);
  all.insert(all.end(), c.std_error.begin(), c.std_error.end());
  double smallest = INFINITY;
  for (const double value : all)
    if (std::isfinite(value) && value != 0) smallest = std::min(smallest, std::abs(value));
  const int magnitude = std::isfinite(smallest) ? 1 + static_cast<int>(std::floor(std::log10(smallest))) : 1;
  std::vector<double> rounded;
  for (const double value : all) rounded.push_back(round(value, std::max(1, digits - magnitude)));
  std::vector<std::string> text = format(rounded, digits);

  std::vector<std::size_t> vanished;
  std::vector<double> values;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!std::isfinite(all[i]) || all[i] == 0 || std::stod(text[i]) != 0) continue;
    vanished.push_back(i);
    values.push_back(all[i]);
  }
  const std::vector<std::string> again = format(values, std::max(1, digits - 1));
  for (std::size_t i = 0; i < vanished.size(); ++i) text[vanished[i]] = again[i];

  const auto middle = text.begin() + static_cast<std::ptrdiff_t>(c.estimate.size());
  return {{text.begin(), middle}, {middle, text.end()}};
}

std::string stars(double p) {
  if (std::isnan(p)) return "";
  return p <= 0.001 ? "***" : p <= 0.01 ? "**" : p <= 0.05 ? "*" : p <= 0.1 ? "." : " ";
}

std::vector<std::string> format_missing_aware(const std::vector<double>& p, int digits) {
  std::vector<double> known;
  for (const double value : p)
    if (!std::isnan(value)) known.push_back(value);
  const std::vector<std::string> text = format_p_values(known, digits);
  std::vector<std::string> out;
  std::size_t next = 0;
  for (const double value : p) out.push_back(std::isnan(value) ? "NaN" : text[next++]);
  return out;
}

}  // namespace

std::string print(const Coefficients& c, int digits) {
  const int test_digits = std::max(1, std::min(5, digits - 1));
  const auto estimates = format_estimates(c, digits);
  std::vector<double> statistic;
  for (const double value : c.statistic) statistic.push_back(round(value, test_digits));
  const std::vector<std::string> z = format(statistic, digits);
  const std::vector<std::string> p = format_missing_aware(c.p_value, test_digits);

  std::vector<std::string> marks;
  for (const double value : c.p_value) marks.push_back(stars(value));
  const bool starred =
      std::any_of(c.p_value.begin(), c.p_value.end(), [](double value) { return value < 0.1; });
  TextMatrix table{c.names, {"Estimate", "Std. Error", c.statistic_name}, {}};
  if (!p.empty()) table.column_names.push_back(c.p_value_name);
  if (starred) table.column_names.push_back("");
  for (std::size_t i = 0; i < c.names.size(); ++i) {
    table.cells.push_back({estimates[0][i], estimates[1][i], z[i]});
    if (!p.empty()) table.cells.back().push_back(p[i]);
    if (starred) table.cells.back().push_back(pad_right(marks[i], widest(marks)));
  }
  std::string out = print(table, true);
  if (starred) out += "---\nSignif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1\n";
  return out;
}

}  // namespace cuglmm::r
