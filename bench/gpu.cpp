/// The CUDA engine beside the CPU engine in one run: replicates of the seed model, on all rows and collapsed,
/// and one large fit. JSON lines on standard output, a table to --markdown FILE (script/gpu runs it).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include <cuglmm/cuglmm.hpp>

namespace {

using namespace cuglmm;
using Json = nlohmann::ordered_json;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Report {
  Json ceilings;
  std::string table =
      "| work | device | problems | seconds | per problem | CPU (all threads) | GPU is faster by | of peak "
      "FMA |\n"
      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";

  /// FP64 instructions of a row in one PIRLS pass (docs/design.md, section 4).
  static constexpr double kPerRowPass = 42, kPasses = 3;

  void add(const std::string& work, const std::string& device, double problems, double gpu, double cpu,
           double evaluations, double rows) {
    const double instructions = problems * evaluations * kPasses * rows * kPerRowPass;
    const double peak = ceilings.value("fma_per_second", 0.0);
    const double part = peak > 0 ? instructions / gpu / peak : 0;
    std::cout << Json{{"work", work},
                      {"device", device},
                      {"problems", problems},
                      {"seconds", gpu},
                      {"cpu_seconds", cpu},
                      {"ratio", cpu / gpu},
                      {"evaluations", evaluations},
                      {"part_of_fma_peak", part}}
                     .dump()
              << std::endl;
    table +=
        fmt::format("| {} | {} | {:.0f} | {:.4g} | {:.3g} µs | {:.3g} µs | {:.1f}× | {:.0f} % |\n", work,
                    device, problems, gpu, gpu / problems * 1e6, cpu / problems * 1e6, cpu / gpu, 100 * part);
  }
};

struct Timed {
  double seconds = 0, evaluations = 0;
  std::string device;
};

Timed bootstrap_on(const Fit& original, const std::string& device, std::int64_t replicates) {
  Timed out;
  std::int64_t evaluations = 0;
  const auto start = std::chrono::steady_clock::now();
  const BootstrapReport report =
      bootstrap(original, {.replicates = replicates, .device = device}, [&](const Fits& block) {
        for (const int e : block.evaluations) evaluations += e;
      });
  out.seconds = seconds_since(start);
  out.evaluations = static_cast<double>(evaluations) / static_cast<double>(replicates);
  out.device = report.device;
  return out;
}

void replicates(const Model& model, bool collapse, std::int64_t largest, Report& report) {
  const Fit original = fit(model, {.device = "cpu", .collapse = collapse});
  const double rows = static_cast<double>(original.plan->rows());
  const std::int64_t cpu_replicates = collapse ? 200'000 : 20'000;
  const Timed cpu = bootstrap_on(original, "cpu", cpu_replicates);
  bootstrap_on(original, "cuda", 1000);  // the context, the module
  for (std::int64_t n = 1000; n <= largest; n *= 10) {
    const Timed gpu = bootstrap_on(original, "cuda", n);
    report.add(fmt::format("bootstrap, {:.0f} rows", rows), gpu.device, static_cast<double>(n), gpu.seconds,
               cpu.seconds / static_cast<double>(cpu_replicates) * static_cast<double>(n), gpu.evaluations,
               rows);
  }
}

/// A data set of `groups` schools, drawn from the seed model's estimates: its covariate differs from row to
/// row.
void large_fit(const Model& seed, int groups, int size, Report& report) {
  Model model = seed;
  const Eigen::Index n = Eigen::Index{groups} * size;
  model.X.resize(n, 2);
  model.terms[0].Z = Eigen::MatrixXd::Ones(n, 1);
  model.y.resize(n);
  model.weights = Eigen::VectorXd::Ones(n);
  model.offset = Eigen::VectorXd::Zero(n);
  model.row_numbers.resize(n);
  GroupingFactor& factor = model.factors[0];
  factor.levels.clear();
  factor.codes.resize(n);
  for (int g = 0; g < groups; ++g) factor.levels.push_back(std::to_string(g));
  std::uint64_t state = 1;
  const auto uniform = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  double b = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    if (i % size == 0) b = 2 * (uniform() - 0.5);
    const double x = 2 * uniform() - 1, eta = 0.2 + 0.7 * x + b;
    model.X.row(i) << 1, x;
    model.y[i] = uniform() < 1 / (1 + std::exp(-eta)) ? 1 : 0;
    factor.codes[i] = static_cast<int>(i / size);
    model.row_numbers[i] = i + 1;
  }
  fit(model, {.device = "cuda"});
  auto start = std::chrono::steady_clock::now();
  const Fit gpu = fit(model, {.device = "cuda"});
  const double gpu_seconds = seconds_since(start);
  start = std::chrono::steady_clock::now();
  const Fit cpu = fit(model, {.device = "cpu"});
  if (std::abs(gpu.minus2_log_likelihood - cpu.minus2_log_likelihood) > 1e-5)
    throw std::runtime_error("the engines disagree about the large fit");
  report.add(fmt::format("fit, {} rows, {} groups", n, groups), gpu.device, 1, gpu_seconds,
             seconds_since(start), gpu.evaluations, static_cast<double>(n));
}

}  // namespace

int main(int argc, char** argv) {
  std::string data, markdown, ceilings;
  std::int64_t rows = 100'000, collapsed = 1'000'000;
  CLI::App app("The CUDA engine beside the CPU engine; JSON lines on standard output");
  app.add_option("--data", data, "Exam.csv")->required();
  app.add_option("--ceilings", ceilings, "what cuglmm_ceilings printed");
  app.add_option("--markdown", markdown, "write the table to this file");
  app.add_option("--rows", rows, "most replicates on all rows")->capture_default_str();
  app.add_option("--collapsed", collapsed, "most replicates on collapsed rows")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    Report report;
    if (!ceilings.empty()) report.ceilings = Json::parse(ceilings);
    std::cout << report.ceilings.dump() << std::endl;
    Data pupils = read_table(data, {.factor = {"school"}});
    mutate(pupils, "success = normexam >= 0");
    const Model model("success ~ schavg + (1 | school)", pupils, binomial());
    replicates(model, false, rows, report);
    replicates(model, true, collapsed, report);
    large_fit(model, 20'000, 50, report);
    if (!markdown.empty()) std::ofstream(markdown) << report.table;
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << '\n';
    return 1;
  }
}
