/// Times fits and replicates of crossed and nested models, linear and binomial or Poisson, and prints JSON
/// lines that bench/structures_table.cpp makes tables of. bench/structures calls it, once per model, so that
/// the largest memory of the process is that model's; bench/structures.R prints the same for R.
#include <CLI/CLI.hpp>
#include <fstream>
#include <functional>
#include <iostream>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <cuglmm/cuglmm.hpp>

#include "bench/crossed.hpp"
#include "bench/measure.hpp"

namespace {

using namespace cuglmm;
using bench::Json;

/// A row of bench/structures.tsv; "-": nothing.
struct Work {
  std::string name, data, factors, recode, formula, family;
};

struct Settings {
  Work work;
  int runs = 5;
  double patience = 5;  ///< seconds: what takes longer is timed once
  std::int64_t replicates = 1000;
  std::uint64_t seed = 1;
  std::string responses;
  bench::Crossed crossed;
  std::string out;
};

constexpr int kThreads[] = {1, 2};
/// Responses that R's programs refit.
constexpr int kResponses = 3;

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text == "-" ? "" : text);
  return {std::istream_iterator<std::string>(in), {}};
}

Data read(const Work& work) {
  Data data = read_table(work.data, {.factor = words(work.factors)});
  if (work.recode != "-") mutate(data, work.recode);
  return data;
}

Model model_of(const Work& work, const Data& data) {
  return Model(work.formula, data, parse_family(work.family));
}

FitOptions options_of(int threads, int nagq = 1) {
  return {.nagq = nagq, .threads = threads, .device = "cpu"};
}

/// Formula and data in memory to standard errors, which is what lmer() and glmer() do.
void bench_fit(const Work& work, const Data& data, int threads, int nagq, const Settings& settings) {
  Fit result;
  std::vector<double> alone;  // fit() without Model()
  const std::vector<double> seconds = bench::times(
      settings.runs,
      [&] {
        Model model = model_of(work, data);
        const auto start = std::chrono::steady_clock::now();
        result = fit(std::move(model), options_of(threads, nagq));
        alone.push_back(bench::seconds_since(start));
      },
      settings.patience);
  if (alone.size() > 1) alone.erase(alone.begin());
  Json line{{"work", work.name},
            {"program", nagq == 0 ? "cuglmm0" : "cuglmm"},
            {"threads", threads},
            {"device", result.device},
            {"rows", result.rows()}};
  line.update(bench::spread(seconds));
  bench::print(line, {{"fit_seconds", bench::spread(alone)["seconds"]},
                      {"runs", seconds.size()},
                      {"evaluations", result.evaluations},
                      {"status", std::string(name(result.status))},
                      {"minus2LogLik", result.minus2_log_likelihood},
                      {"peak_megabytes", bench::peak_megabytes()}});
}

void bench_fits(const Settings& settings) {
  const Data data = read(settings.work);
  for (const int threads : kThreads) bench_fit(settings.work, data, threads, 1, settings);
  if (!model_of(settings.work, data).is_linear()) bench_fit(settings.work, data, 1, 0, settings);
}

void write_responses(const Eigen::MatrixXd& Y, const std::string& file) {
  std::ofstream out(file);
  for (Eigen::Index r = 0; r < Y.cols(); ++r) out << (r ? ",r" : "r") << r + 1;
  out << '\n' << Y.format(Eigen::IOFormat(Eigen::FullPrecision, Eigen::DontAlignCols, ",", "\n")) << '\n';
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

void bench_bootstrap(const Work& work, const Fit& original, int threads, const Settings& settings) {
  const BootstrapOptions options{
      .replicates = settings.replicates, .seed = settings.seed, .threads = threads, .device = "cpu"};
  Fits fits;
  const std::vector<double> seconds = bench::times(
      settings.runs, [&] { fits = bootstrap(original, options); }, settings.patience);
  const double evaluations = std::accumulate(fits.evaluations.begin(), fits.evaluations.end(), 0.0);
  const auto failed = std::count_if(fits.status.begin(), fits.status.end(),
                                    [](Status s) { return s != Status::converged && s != Status::singular; });
  Json line{{"work", work.name}, {"program", "cuglmm"}, {"replicate", true}, {"threads", threads}};
  line.update(bench::spread(seconds, static_cast<double>(options.replicates)));
  bench::print(line, {{"replicates", options.replicates},
                      {"failed", failed},
                      {"evaluations", evaluations / static_cast<double>(options.replicates)},
                      {"peak_megabytes", bench::peak_megabytes()}});
}

/// Bootstrap replicates, and the deviance cuglmm reaches for the responses that R is given.
void bench_replicates(const Settings& settings) {
  const Model model = model_of(settings.work, read(settings.work));
  const Fit original = fit(model, options_of(1));
  for (const int threads : kThreads) bench_bootstrap(settings.work, original, threads, settings);
  const Eigen::MatrixXd Y = simulate(original, kResponses, settings.seed);
  write_responses(Y, settings.responses);
  const Fits fits = refit(original, Y, {.device = "cpu"});
  for (Eigen::Index r = 0; r < Y.cols(); ++r)
    bench::print({{"work", settings.work.name},
                  {"program", "cuglmm refit"},
                  {"replicate", true},
                  {"response", r + 1},
                  {"minus2LogLik", fits.minus2_log_likelihood[r]}});
}

void add_work(CLI::App& app, Settings& settings) {
  Work& work = settings.work;
  app.add_option("--work", work.name, "what the tables call it")->required();
  app.add_option("--data", work.data, "CSV file")->required();
  app.add_option("--factors", work.factors, "columns to read as factors, with blanks between; -: none")
      ->required();
  app.add_option("--recode", work.recode, "'new = expression'; -: nothing")->required();
  app.add_option("--formula", work.formula)->required();
  app.add_option("--family", work.family)->required();
  app.add_option("--runs", settings.runs, "medians of so many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--patience", settings.patience, "seconds: what takes longer is timed once")
      ->capture_default_str();
}

void add_commands(CLI::App& app, Settings& settings) {
  CLI::App* machine = app.add_subcommand("machine", "the line that says where the times were made");
  machine->callback([] {
    bench::print({{"machine", bench::processor()}, {"compiler", "g++ " __VERSION__}});
  });
  CLI::App* simulate = app.add_subcommand("simulate", "write simulated ratings, users crossed with items");
  simulate->add_option("--users", settings.crossed.users)->required()->check(CLI::PositiveNumber);
  simulate->add_option("--items", settings.crossed.items)->required()->check(CLI::PositiveNumber);
  simulate->add_option("--rows", settings.crossed.rows)->required()->check(CLI::PositiveNumber);
  simulate->add_option("--nearby", settings.crossed.nearby, "items that a user can meet; 0: all")
      ->check(CLI::NonNegativeNumber);
  simulate->add_option("--out", settings.out, "CSV file")->required();
  simulate->callback([&] { bench::write_crossed(settings.out, settings.crossed, settings.seed); });
  CLI::App* fits = app.add_subcommand("fit", "time fits of one model");
  add_work(*fits, settings);
  fits->callback([&] { bench_fits(settings); });
  CLI::App* replicates = app.add_subcommand("replicates", "time bootstrap replicates of one model");
  add_work(*replicates, settings);
  replicates->add_option("--replicates", settings.replicates)->check(CLI::PositiveNumber)->required();
  replicates->add_option("--responses", settings.responses, "write simulated responses to this CSV file")
      ->required();
  replicates->callback([&] { bench_replicates(settings); });
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app(
      "Times crossed and nested models; JSON lines on standard output (bench/structures makes the tables)");
  app.require_subcommand(1);
  app.add_option("--seed", settings.seed)->capture_default_str();
  add_commands(app, settings);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::cerr << "bench: " << settings.work.name << ": " << error.what() << '\n';
    return 1;
  }
}
