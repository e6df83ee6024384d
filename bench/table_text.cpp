#include "bench/table_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <istream>

namespace bench {

using Json = nlohmann::json;

std::vector<Json> read_lines(std::istream& in) {
  std::vector<Json> lines;
  for (std::string text; std::getline(in, text);)
    if (!text.empty()) lines.push_back(Json::parse(text));
  return lines;
}

std::string duration(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} µs", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  return fmt::format("{:.3g} s", seconds);
}

std::string ratio(double value) {
  if (value < 10) return fmt::format("{:.2g}", value);
  const double unit = std::pow(10, std::floor(std::log10(value)) - 2);
  std::string digits = fmt::format("{:.0f}", std::round(value / unit) * unit);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string beside(double theirs, double ours) {
  return std::isnan(theirs) ? "–" : fmt::format("{} ({}×)", duration(theirs), ratio(theirs / ours));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

void print_machine(const std::vector<Json>& lines) {
  for (const Json& line : lines)
    for (const char* key : {"machine", "R"})
      if (line.contains(key)) {
        std::string text = line.at(key);
        for (const auto& [name, value] : line.items())
          if (name != key && value.is_string()) text += ", " + value.get<std::string>();
        fmt::print("{}\n", text);
      }
  fmt::print("\n");
}

}  // namespace bench
