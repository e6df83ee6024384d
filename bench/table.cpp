/// Reads the JSON lines of cuglmm_bench and lme4.R from standard input and prints them as Markdown: times
/// side by side with ratios, then how far each program's deviance is above cuglmm's on the same responses.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/table_text.hpp"

namespace {

using namespace bench;
using Json = nlohmann::json;

class Results {
 public:
  explicit Results(std::vector<Json> lines) : lines_(std::move(lines)) {}

  const std::vector<Json>& lines() const { return lines_; }

  /// Median seconds of an R program for a piece of work; NaN if it was not run.
  double seconds(const std::string& what, const std::string& program) const {
    std::vector<double> all;
    for (const Json& line : lines_)
      if (line.value("what", "") == what && line.value("program", "") == program)
        all.push_back(line.at("seconds"));
    return all.empty() ? NAN : median(std::move(all));
  }

  /// By (what, response): the deviance of a program.
  std::map<std::string, std::vector<double>> excess_over_cuglmm() const {
    std::map<int, double> ours;
    for (const Json& line : lines_)
      if (line.value("what", "") == "deviance") ours[line.at("response")] = line.at("minus2LogLik");
    std::map<std::string, std::vector<double>> excess;
    for (const Json& line : lines_)
      if (line.contains("response") && line.value("program", "") != "cuglmm")
        excess[fmt::format("{} | {}", line.at("program").get<std::string>(),
                           line.at("what").get<std::string>())]
            .push_back(line.at("minus2LogLik").get<double>() - ours.at(line.at("response")));
    return excess;
  }

 private:
  std::vector<Json> lines_;
};

/// One line of the table: what cuglmm took, and R's programs given `r_rows` rows, with the ratio.
void print_row(const Results& results, const Json& line, const std::string& kind, const std::string& r_rows) {
  const std::string what = line.at("what");
  const double ours = line.at("seconds");
  const std::string baseline = kind + ", " + r_rows;
  const std::string settings = fmt::format("{}, {} thread{}", line.at("simd").get<std::string>(),
                                           line.at("threads").get<int>(), line.at("threads") == 1 ? "" : "s");
  fmt::print("| {} | {} | {} | {} | {} | {} | {} |\n", what, settings, r_rows, duration(ours),
             beside(results.seconds(baseline, "lme4 refit"), ours),
             beside(results.seconds(baseline, "lme4 glmer"), ours),
             beside(results.seconds(baseline, "glmmTMB"), ours));
}

void print_times(const Results& results) {
  const std::string all_rows = "4059 rows", collapsed = "65 rows";
  fmt::print("| work | cuglmm on | R is given | cuglmm | lme4 `refit` | fresh `glmer` | glmmTMB |\n");
  fmt::print("| --- | --- | --- | ---: | ---: | ---: | ---: |\n");
  for (const Json& line : results.lines()) {
    if (line.value("program", "") != "cuglmm" || !line.contains("simd")) continue;
    const std::string what = line.at("what"), kind = what.substr(0, what.find(','));
    print_row(results, line, kind, all_rows);
    if (what.ends_with(collapsed) && what != kind + ", " + all_rows)
      print_row(results, line, kind, collapsed);
  }
}

void print_commands(const Results& results) {
  fmt::print("\n| command | time | peak memory |\n| --- | ---: | ---: |\n");
  for (const Json& line : results.lines()) {
    const std::string what = line.value("what", "");
    if (!what.starts_with("command: ")) continue;
    fmt::print("| {} | {} | {} |\n", what.substr(9), duration(line.at("seconds")),
               line.contains("peak_megabytes")
                   ? fmt::format("{:.0f} MB", line.at("peak_megabytes").get<double>())
                   : "");
  }
}

void print_deviances(const Results& results) {
  const auto excess = results.excess_over_cuglmm();
  if (excess.empty()) return;
  fmt::print("\n| -2 log L less cuglmm's, same responses | work | smallest | median | largest |\n");
  fmt::print("| --- | --- | ---: | ---: | ---: |\n");
  for (const auto& [who, values] : excess)
    fmt::print("| {} | {:.1e} | {:.1e} | {:.1e} |\n", who, *std::min_element(values.begin(), values.end()),
               median(values), *std::max_element(values.begin(), values.end()));
}

void print_memory(const Results& results) {
  for (const Json& line : results.lines())
    if (line.contains("bytes_per_replicate") && line.value("threads", 0) == 2)
      fmt::print(
          "\n{}, 2 threads: {} bytes for each replicate in flight, {:.2f} MB for all of them; {:.1f} "
          "evaluations per "
          "replicate.",
          line.at("what").get<std::string>(), line.at("bytes_per_replicate").get<std::uint64_t>(),
          line.at("megabytes_in_flight").get<double>(), line.at("evaluations").get<double>());
  fmt::print("\n");
}

}  // namespace

int main() {
  try {
    const Results results(read_lines(std::cin));
    const bool any = std::any_of(results.lines().begin(), results.lines().end(),
                                 [](const Json& line) { return line.value("program", "") == "cuglmm"; });
    if (!any) throw std::runtime_error("no results of cuglmm_bench on standard input");
    print_machine(results.lines());
    print_times(results);
    print_commands(results);
    print_memory(results);
    print_deviances(results);
  } catch (const std::exception& error) {
    std::cerr << "bench table: " << error.what() << '\n';
    return 1;
  }
}
