/// Times the seed model, success ~ schavg + (1 | school) on 4059 pupils, and prints JSON lines that
/// bench/table.cpp makes a table of. bench/README.md explains the fields; bench/lme4.R prints the same for R.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <cuglmm/cuglmm.hpp>

#include "bench/command.hpp"
#include "bench/measure.hpp"

namespace {

using namespace cuglmm;
using bench::Json;
using bench::print;

constexpr const char* formula = "success ~ schavg + (1 | school)";
constexpr const char* recode = "success = normexam >= 0";

struct Sizes {
  std::int64_t replicates_rows = 5000;          // half a second of them on one core
  std::int64_t replicates_collapsed = 100'000;  // the same
  std::int64_t replicates_command = 1'000'000;
  int runs = 5;  // medians of so many
};

struct Settings {
  std::string data, program, responses, scratch = ".";
  std::uint64_t seed = 1;
  Sizes sizes;
};

/// Median, fastest and slowest of `runs`, per piece.
template <class Work>
Json timed(int runs, double per, Work work) {
  return bench::spread(bench::times(runs, work), per);
}

std::string rows(std::int64_t n) { return std::to_string(n) + " rows"; }

/// The SIMD levels of this machine, widest first.
std::vector<std::string> simd_levels(const Model& model) {
  std::vector<std::string> levels;
  for (const char* level : {"avx512", "avx2", "baseline"}) {
    try {
      fit(model, {.threads = 1, .device = "cpu", .simd = level});
      levels.emplace_back(level);
    } catch (const Error& error) {
      std::cerr << "bench: no " << level << ": " << error.what() << '\n';
    }
  }
  return levels;
}

void bench_fit(const Model& model, const std::string& simd, bool collapse, int runs) {
  const FitOptions options{.threads = 1, .device = "cpu", .simd = simd, .collapse = collapse};
  const Fit result = fit(model, options);
  print(
      {{"what", "fit, " + rows(result.plan->rows())}, {"program", "cuglmm"}, {"simd", simd}, {"threads", 1}},
      timed(4 * runs, 1, [&] { fit(model, options); }));
}

void bench_bootstrap(const Model& model, const std::string& simd, bool collapse, int threads,
                     const Settings& settings) {
  const Sizes& sizes = settings.sizes;
  const Fit original = fit(model, {.threads = threads, .device = "cpu", .simd = simd, .collapse = collapse});
  const BootstrapOptions options{.replicates = collapse ? sizes.replicates_collapsed : sizes.replicates_rows,
                                 .seed = settings.seed,
                                 .threads = threads,
                                 .device = "cpu",
                                 .simd = simd};
  BootstrapReport report;
  std::int64_t evaluations = 0, replicates = 0;
  const auto count = [&](const Fits& block) {
    for (const int e : block.evaluations) evaluations += e;
    replicates += block.size();
  };
  Json line{{"what", "replicate, " + rows(original.plan->rows())},
            {"program", "cuglmm"},
            {"simd", simd},
            {"threads", threads},
            {"replicates", options.replicates}};
  line.update(timed(sizes.runs, static_cast<double>(options.replicates),
                    [&] { report = bootstrap(original, options, count); }));
  print(line, {{"evaluations", static_cast<double>(evaluations) / static_cast<double>(replicates)},
               {"bytes_per_replicate", report.bytes_per_replicate},
               {"megabytes_in_flight", static_cast<double>(report.bytes_in_flight) / (1 << 20)}});
}

/// Five simulated responses for the other programs to refit, and the deviance cuglmm reaches for each.
void bench_same_responses(const Model& model, const Settings& settings) {
  const Fit original = fit(model, {.device = "cpu"});
  const Eigen::MatrixXd Y = simulate(original, 5, settings.seed);
  if (!settings.responses.empty()) {
    std::ofstream out(settings.responses);
    out << "r1,r2,r3,r4,r5\n"
        << Y.format(Eigen::IOFormat(Eigen::FullPrecision, Eigen::DontAlignCols, ",", "\n")) << '\n';
    if (!out.flush()) throw std::runtime_error("cannot write " + settings.responses);
  }
  const Fits fits = refit(original, Y, {.device = "cpu"});
  for (Eigen::Index r = 0; r < Y.cols(); ++r)
    print({{"what", "deviance"}, {"program", "cuglmm"}, {"response", r + 1}},
          {{"minus2LogLik", fits.minus2_log_likelihood[r]}});
}

std::string model_arguments(const Settings& settings) {
  return bench::quoted(formula) + " --data " + bench::quoted(settings.data) + " --mutate " +
         bench::quoted(recode) + " --family binomial --factor school --device cpu";
}

void bench_fit_command(const Settings& settings) {
  const std::string command =
      bench::quoted(settings.program) + " fit " + model_arguments(settings) + " > /dev/null 2> /dev/null";
  print({{"what", "command: cuglmm fit, CSV to summary"}, {"program", "cuglmm"}},
        timed(settings.sizes.runs, 1, [&] { bench::run(command); }));
}

void bench_bootstrap_command(const Settings& settings) {
  namespace fs = std::filesystem;
  const fs::path csv = fs::path(settings.scratch) / "bench-replicates.csv";
  const fs::path log = csv.string() + ".log";
  for (const fs::path& file : {csv, log}) fs::remove(file);
  const std::int64_t replicates = settings.sizes.replicates_command;
  const bench::Run run =
      bench::run(bench::quoted(settings.program) + " bootstrap " + model_arguments(settings) +
                 " --replicates " + std::to_string(replicates) + " --seed " + std::to_string(settings.seed) +
                 " --out " + bench::quoted(csv.string()) + " --threads 2 --quiet > /dev/null");
  print({{"what", "command: cuglmm bootstrap, " + std::to_string(replicates) + " replicates to CSV"},
         {"program", "cuglmm"},
         {"threads", 2}},
        {{"seconds", run.seconds},
         {"peak_megabytes", run.peak_megabytes},
         {"csv_megabytes", static_cast<double>(fs::file_size(csv)) / 1e6}});
  for (const fs::path& file : {csv, log}) fs::remove(file);
}

void bench_all(const Settings& settings) {
  Data pupils = read_table(settings.data);
  mutate(pupils, recode);
  const Model model(formula, pupils, binomial());
  const std::vector<std::string> levels = simd_levels(model);
  if (levels.empty()) throw std::runtime_error("no SIMD level works here");
  print({{"machine", bench::processor()}}, {{"compiler", "g++ " __VERSION__}, {"simd", levels}});
  bench_same_responses(model, settings);
  for (const bool collapse : {false, true}) {
    bench_fit(model, levels.front(), collapse, settings.sizes.runs);
    for (const std::string& simd : levels) bench_bootstrap(model, simd, collapse, 1, settings);
    bench_bootstrap(model, levels.front(), collapse, 2, settings);
  }
  bench_fit_command(settings);
  bench_bootstrap_command(settings);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Sizes& sizes = settings.sizes;
  CLI::App app("Times the seed model; JSON lines on standard output (bench/run makes the table)");
  app.add_option("--data", settings.data, "Exam.csv")->required();
  app.add_option("--program", settings.program, "the cuglmm program")->required();
  app.add_option("--responses", settings.responses, "write five simulated responses to this CSV file");
  app.add_option("--scratch", settings.scratch, "folder for temporary files")->capture_default_str();
  app.add_option("--seed", settings.seed)->capture_default_str();
  app.add_option("--replicates-rows", sizes.replicates_rows, "on all rows")->capture_default_str();
  app.add_option("--replicates-collapsed", sizes.replicates_collapsed, "on collapsed rows")
      ->capture_default_str();
  app.add_option("--replicates-command", sizes.replicates_command, "by the program")->capture_default_str();
  app.add_option("--runs", sizes.runs, "medians of so many")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    bench_all(settings);
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << '\n';
    return 1;
  }
}
