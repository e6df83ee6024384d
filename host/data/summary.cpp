/// R's summary() of a data frame.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "cuglmm/data.hpp"
#include "host/data/format_real.hpp"

namespace cuglmm {
namespace {

constexpr int significant_digits = 4;    // summary.data.frame's
constexpr std::size_t page_width = 80;   // R's; a line is shorter
constexpr std::size_t most_entries = 7;  // summary.data.frame's maxsum
constexpr std::array<const char*, 6> statistic_names = {"Min.", "1st Qu.", "Median",
                                                        "Mean", "3rd Qu.", "Max."};

/// Labels and values of one column, not yet padded.
struct Entries {
  std::vector<std::string> labels, values;
  void add(std::string label, std::string value) {
    labels.push_back(std::move(label));
    values.push_back(std::move(value));
  }
};

/// One column of the page, its lines padded to one width.
struct Block {
  std::string header;
  std::vector<std::string> lines;
};

std::size_t width(const std::string& utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t to) {
  return text + std::string(to - std::min(to, width(text)), ' ');
}

std::string right_aligned(const std::string& text, std::size_t to) {
  return std::string(to - std::min(to, width(text)), ' ') + text;
}

std::size_t widest(const std::vector<std::string>& texts) {
  std::size_t out = 0;
  for (const std::string& text : texts) out = std::max(out, width(text));
  return out;
}

std::vector<double> sorted_values(const Column& column) {
  std::vector<double> values;
  for (const double x : column.numbers) {
    if (!std::isnan(x)) values.push_back(x);
  }
  std::sort(values.begin(), values.end());
  return values;
}

/// R's type 7.
double quantile(const std::vector<double>& sorted, double probability) {
  const double h = static_cast<double>(sorted.size() - 1) * probability;
  const auto low = static_cast<std::size_t>(std::floor(h + 4e-16 * h));
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  const double part = h - static_cast<double>(low);
  if (std::abs(part) < 1e-12 || sorted[low] == sorted[high]) return sorted[low];
  return (1 - part) * sorted[low] + part * sorted[high];
}

/// Min, 1st quartile, median, mean, 3rd quartile, max.
std::vector<double> statistics(const std::vector<double>& sorted) {
  if (sorted.empty()) return std::vector<double>(statistic_names.size(), NAN);
  const long double sum = std::accumulate(sorted.begin(), sorted.end(), 0.0L);
  return {sorted.front(),         quantile(sorted, 0.25),
          quantile(sorted, 0.5),  static_cast<double>(sum / static_cast<long double>(sorted.size())),
          quantile(sorted, 0.75), sorted.back()};
}

/// R's zapsmall(): what is tiny beside the largest becomes zero.
void zap_small(std::vector<double>& values, double other) {
  double largest = other;
  for (const double x : values) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  }
  const int decimals = largest > 0 ? std::max(0, static_cast<int>(std::floor(7.5 - std::log10(largest)))) : 7;
  for (double& x : values) {
    if (std::isfinite(x) && decimals < 300)
      x = std::strtod(fmt::format("{:.{}f}", x, decimals).c_str(), nullptr);
  }
}

void add_statistics(Entries& entries, const Column& column, std::size_t missing) {
  std::vector<double> values = statistics(sorted_values(column));
  zap_small(values, static_cast<double>(missing));
  const std::vector<std::string> texts = format_real(values, significant_digits);
  for (std::size_t k = 0; k < texts.size(); ++k) entries.add(statistic_names[k], texts[k]);
}

/// R shows the counts only; Min. to Max. of it as 0 and 1 are shown too, because a recoded response is read
/// off them.
void add_logical(Entries& entries, const Column& column, std::size_t missing) {
  entries.add("Mode", "logical");
  const auto count = [&column](double value) {
    return std::count(column.numbers.begin(), column.numbers.end(), value);
  };
  if (count(0) > 0) entries.add("FALSE", fmt::format("{}", count(0)));
  if (count(1) > 0) entries.add("TRUE", fmt::format("{}", count(1)));
  if (count(0) + count(1) > 0) add_statistics(entries, column, missing);
}

/// Counts of the levels; where there are too many, the most frequent and the rest together.
void add_levels(Entries& entries, const Column& column, std::size_t missing) {
  std::vector<std::int64_t> counts(column.levels.size(), 0);
  for (const int code : column.codes) {
    if (code >= 0) ++counts[static_cast<std::size_t>(code)];
  }
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::size_t shown = order.size();
  const std::size_t most = most_entries - (missing > 0 ? 1 : 0);
  if (order.size() > most) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
    shown = most - 1;
  }
  std::int64_t others = 0;
  std::vector<std::string> texts;
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (k < shown)
      entries.add(column.levels[order[k]], fmt::format("{}", counts[order[k]]));
    else
      others += counts[order[k]];
  }
  if (shown < order.size()) entries.add("(Other)", fmt::format("{}", others));
}

Block make_block(const Column& column) {
  std::size_t missing = 0;
  for (std::size_t row = 0; row < column.size(); ++row) missing += column.missing(row);
  Entries entries;
  if (column.is_factor())
    add_levels(entries, column, missing);
  else if (column.type == Column::Type::logical)
    add_logical(entries, column, missing);
  else
    add_statistics(entries, column, missing);
  if (missing > 0) entries.add("NA's", fmt::format("{}", missing));

  // R aligns counts of levels to the right, everything else to the left.
  const std::size_t label_width = widest(entries.labels), value_width = widest(entries.values);
  Block block;
  for (std::size_t k = 0; k < entries.labels.size(); ++k) {
    const std::string value = column.is_factor() ? right_aligned(entries.values[k], value_width)
                                                 : padded(entries.values[k], value_width);
    block.lines.push_back(padded(entries.labels[k], label_width) + ":" + value + "  ");
  }
  // The name is centred over the colon.
  const std::size_t half = width(column.name) - width(column.name) / 2;
  block.header = std::string(label_width - std::min(label_width, half), ' ') + column.name;
  return block;
}

void write(std::string& out, std::vector<Block>::const_iterator first,
           std::vector<Block>::const_iterator last, std::size_t lines) {
  for (std::size_t line = 0; line <= lines; ++line) {
    for (auto block = first; block != last; ++block) {
      const std::size_t wide = std::max(width(block->header), widest(block->lines));
      const std::string text = line == 0                     ? block->header
                               : line <= block->lines.size() ? block->lines[line - 1]
                                                             : "";
      out += " " + padded(text, wide);
    }
    out += '\n';
  }
}

}  // namespace

std::string summary(const Data& data) {
  std::vector<Block> blocks;
  std::size_t lines = 0;
  for (const Column& column : data.columns()) {
    blocks.push_back(make_block(column));
    lines = std::max(lines, blocks.back().lines.size());
  }
  std::string out;
  for (auto first = blocks.cbegin(); first != blocks.cend();) {
    auto last = first;
    std::size_t used = 0;
    for (; last != blocks.cend(); ++last) {
      const std::size_t wide = 1 + std::max(width(last->header), widest(last->lines));
      if (last != first && used + wide >= page_width) break;
      used += wide;
    }
    write(out, first, last, lines);
    first = last;
  }
  return out;
}

}  // namespace cuglmm
