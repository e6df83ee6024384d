/// table(): bootstrap intervals as an R-like table.
#include <cuglmm/report.hpp>

#include <fmt/format.h>

#include <array>
#include <string>

#include <host/report/r_format.hpp>
#include <host/report/r_layout.hpp>

namespace cuglmm {

namespace {

constexpr int digits = 4;

/// One row of the table: estimate, mean, sd and three intervals, in a layout of their own, since parameters
/// may have very different scales.
std::vector<std::string> row(const Interval& i) {
  return r::format({i.estimate, i.mean, i.sd, i.percentile[0], i.percentile[1], i.basic[0], i.basic[1],
                    i.normal[0], i.normal[1]},
                   digits);
}

std::string counts_line(const Intervals& x) {
  std::string out = fmt::format("{} replicate{}:", x.replicates, x.replicates == 1 ? "" : "s");
  const char* separator = " ";
  for (std::size_t s = 0; s < x.counts.size(); ++s) {
    if (x.counts[s] == 0) continue;
    out += fmt::format("{}{} {}", separator, x.counts[s], name(static_cast<Status>(s)));
    separator = ", ";
  }
  const std::int64_t used = x.counts[0] + x.counts[1];
  if (used != x.replicates) out += fmt::format("; {} used", used);
  return out + "\n";
}

std::string centred(const std::string& text, std::size_t width) { return fmt::format("{:^{}}", text, width); }

}  // namespace

std::string table(const Intervals& x) {
  const std::string low = r::format(100 * (1 - x.level) / 2, 3) + " %";
  const std::string high = r::format(100 * (1 + x.level) / 2, 3) + " %";
  std::vector<std::vector<std::string>> cells;
  std::vector<std::string> header{"Estimate", "Mean", "Std.Dev.", low, high, low, high, low, high};
  std::size_t name_width = 0;
  std::array<std::size_t, 9> widths{};
  for (std::size_t j = 0; j < widths.size(); ++j) widths[j] = r::width(header[j]);
  for (const Interval& i : x.intervals) {
    cells.push_back(row(i));
    name_width = std::max(name_width, r::width(i.parameter));
    for (std::size_t j = 0; j < widths.size(); ++j) widths[j] = std::max(widths[j], cells.back()[j].size());
  }
  const auto line = [&](const std::string& label, const std::vector<std::string>& texts) {
    std::string out = label + std::string(name_width - r::width(label), ' ');
    for (std::size_t j = 0; j < texts.size(); ++j)
      out += fmt::format("{}{:>{}}", j >= 3 && j % 2 == 1 ? "  " : " ", texts[j], widths[j]);
    return out + "\n";
  };
  const auto pair = [&](std::size_t j) { return widths[j] + widths[j + 1] + 1; };

  std::string out = fmt::format("Parametric bootstrap, {} % intervals\n", r::format(100 * x.level, 6));
  out += counts_line(x) + "\n";
  out += std::string(name_width + widths[0] + widths[1] + widths[2] + 3, ' ');
  out += "  " + centred("percentile", pair(3)) + "  " + centred("basic", pair(5)) + "  " +
         centred("normal", pair(7));
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
  out += line("", header);
  for (std::size_t i = 0; i < cells.size(); ++i) out += line(x.intervals[i].parameter, cells[i]);
  return out;
}

}  // namespace cuglmm
