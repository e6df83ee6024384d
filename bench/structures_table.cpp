/// Reads the JSON lines of bench/structures from standard input and prints them as Markdown: fits and
/// replicates of cuglmm beside R's, with ratios and memory, and whose optimum is the better one.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/table_text.hpp"

namespace {

using namespace bench;
using Json = nlohmann::json;

/// Which lines are meant.
struct Key {
  std::string work, program;
  bool replicate = false;
  int threads = 0;  ///< 0: whatever
};

class Results {
 public:
  explicit Results(std::vector<Json> lines) : lines_(std::move(lines)) {
    for (const Json& line : lines_)
      if (line.contains("work") &&
          std::find(works_.begin(), works_.end(), line["work"].get<std::string>()) == works_.end())
        works_.push_back(line["work"]);
  }

  const std::vector<Json>& lines() const { return lines_; }
  /// In the order they were measured.
  const std::vector<std::string>& works() const { return works_; }

  std::vector<const Json*> find(const Key& key) const {
    std::vector<const Json*> found;
    for (const Json& line : lines_)
      if (line.value("work", "") == key.work && line.value("program", "") == key.program &&
          line.value("replicate", false) == key.replicate &&
          (key.threads == 0 || line.value("threads", 0) == key.threads))
        found.push_back(&line);
    return found;
  }

  /// The median over the lines that have the field; NaN if none has.
  double number(const Key& key, const char* field) const {
    std::vector<double> values;
    for (const Json* line : find(key))
      if (line->contains(field)) values.push_back(line->at(field));
    return values.empty() ? NAN : median(std::move(values));
  }

  /// Why R's program was left out; "" if it was not.
  std::string skipped(const Key& key) const {
    for (const Json* line : find(key))
      if (line->contains("skipped")) return line->at("skipped");
    return "";
  }

 private:
  std::vector<Json> lines_;
  std::vector<std::string> works_;
};

std::string time(double seconds) { return std::isnan(seconds) ? "–" : duration(seconds); }
std::string megabytes(double value) { return std::isnan(value) ? "–" : fmt::format("{:.0f} MB", value); }
std::string whole(double value) { return std::isnan(value) ? "–" : fmt::format("{:.0f}", value); }

/// R's time and how many times ours it is, or why there is none.
std::string theirs(const Results& results, const Key& key, double ours) {
  const double seconds = results.number(key, "seconds");
  const std::string why = results.skipped(key);
  return std::isnan(seconds) && !why.empty() ? why : beside(seconds, ours);
}

/// lme4's program for a work: lmer or glmer.
std::string lme4_of(const Results& results, const std::string& work) {
  return results.find({work, "lmer"}).empty() ? "glmer" : "lmer";
}

bool is_simulated(const std::string& work) {
  return work.ends_with(" rows, linear") || work.ends_with(" rows, binomial");
}

void print_fit(const Results& results, const std::string& work) {
  const Key one{.work = work, .program = "cuglmm", .threads = 1},
      two{.work = work, .program = "cuglmm", .threads = 2};
  const Key lme4{.work = work, .program = lme4_of(results, work)};
  const double ours = results.number(one, "seconds");
  fmt::print(
      "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", work, whole(results.number(one, "rows")),
      whole(results.number(one, "evaluations")), time(ours), time(results.number(two, "seconds")),
      time(results.number({.work = work, .program = "cuglmm0"}, "seconds")), theirs(results, lme4, ours),
      theirs(results, {.work = work, .program = "glmer0"}, ours),
      theirs(results, {.work = work, .program = "glmmTMB"}, ours),
      megabytes(results.number(one, "peak_megabytes")), megabytes(results.number(lme4, "peak_megabytes")));
}

void print_fits(const Results& results, bool simulated) {
  const auto wanted = [&](const std::string& work) { return is_simulated(work) == simulated; };
  if (std::none_of(results.works().begin(), results.works().end(), wanted)) return;
  fmt::print(
      "| {} | rows | evaluations | cuglmm, 1 thread | 2 threads | nAGQ = 0 | `lmer` or `glmer` | "
      "`glmer`, nAGQ = 0 | glmmTMB | memory | lme4's |\n",
      simulated ? "simulated users x items" : "model");
  fmt::print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
  for (const std::string& work : results.works())
    if (wanted(work)) print_fit(results, work);
  fmt::print("\n");
}

void print_replicates(const Results& results) {
  std::string rows;
  for (const std::string& work : results.works())
    for (const Json* line : results.find({.work = work, .program = "cuglmm", .replicate = true})) {
      const double ours = line->at("seconds");
      rows += fmt::format("| {} | {} | {:.1f} | {} | {} | {} |\n", work, line->at("threads").get<int>(),
                          line->at("evaluations").get<double>(), duration(ours),
                          theirs(results, {.work = work, .program = "refit", .replicate = true}, ours),
                          theirs(results, {.work = work, .program = "glmer", .replicate = true}, ours));
    }
  if (rows.empty()) return;
  fmt::print("| bootstrap replicate | threads | evaluations | cuglmm | lme4 `refit` | fresh `glmer` |\n");
  fmt::print("| --- | ---: | ---: | ---: | ---: | ---: |\n{}\n", rows);
}

/// By how much R's optimum is above ours: the smallest (where R is best) and the largest over the responses.
struct Excess {
  double smallest = INFINITY, largest = -INFINITY;
  void add(double value) { smallest = std::min(smallest, value), largest = std::max(largest, value); }
  std::string text() const {
    if (smallest > largest) return "–";
    return smallest == largest ? fmt::format("{:.1e}", smallest)
                               : fmt::format("{:.1e} to {:.1e}", smallest, largest);
  }
};

Excess excess(const Results& results, const Key& r, const Key& cuglmm) {
  Excess out;
  for (const Json* theirs : results.find(r))
    for (const Json* ours : results.find(cuglmm))
      if (theirs->contains("minus2LogLik") && theirs->value("response", 0) == ours->value("response", 0))
        out.add(theirs->at("minus2LogLik").get<double>() - ours->at("minus2LogLik").get<double>());
  return out;
}

void print_optima(const Results& results) {
  std::string rows;
  for (const std::string& work : results.works()) {
    const auto fits = [&](const char* r, const char* ours) {
      return excess(results, {work, r}, {.work = work, .program = ours, .threads = 1}).text();
    };
    const auto replicates = [&](const char* r) {
      return excess(results, {work, r, true}, {work, "cuglmm refit", true}).text();
    };
    const std::string cells = fmt::format(
        "{} | {} | {} | {} | {}", fits(lme4_of(results, work).c_str(), "cuglmm"), fits("glmer0", "cuglmm0"),
        fits("glmmTMB", "cuglmm"), replicates("refit"), replicates("glmer"));
    if (cells.find_first_of("0123456789") != std::string::npos)
      rows += fmt::format("| {} | {} |\n", work, cells);
  }
  if (rows.empty()) return;
  fmt::print(
      "| -2 log L or REML criterion less cuglmm's | `lmer` or `glmer` | `glmer`, both nAGQ = 0 | glmmTMB | "
      "replicates: `refit` | fresh `glmer` |\n");
  fmt::print("| --- | ---: | ---: | ---: | ---: | ---: |\n{}", rows);
}

/// A fit that did not converge is no time to be proud of.
void print_failures(const Results& results) {
  for (const Json& line : results.lines()) {
    if (line.value("program", "") == "cuglmm" && line.contains("skipped"))
      fmt::print("\n**{}: cuglmm {}**\n", line["work"].get<std::string>(),
                 line["skipped"].get<std::string>());
    if (line.contains("status") && line["status"] != "converged" && line["status"] != "singular")
      fmt::print("\n**{}: the fit ended with status '{}'**\n", line["work"].get<std::string>(),
                 line["status"].get<std::string>());
    if (line.value("failed", 0) > 0)
      fmt::print("\n{}: {} of {} replicates failed\n", line["work"].get<std::string>(),
                 line["failed"].get<int>(), line["replicates"].get<int>());
  }
}

}  // namespace

int main() {
  try {
    const Results results(read_lines(std::cin));
    if (results.works().empty()) throw std::runtime_error("no results of bench/structures on standard input");
    print_machine(results.lines());
    print_fits(results, false);
    print_fits(results, true);
    print_replicates(results);
    print_optima(results);
    print_failures(results);
  } catch (const std::exception& error) {
    std::cerr << "bench table: " << error.what() << '\n';
    return 1;
  }
}
