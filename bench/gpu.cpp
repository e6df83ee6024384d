/// The CUDA engine beside the CPU engine in one run: replicates of the seed model, on all rows and collapsed,
/// and of models of other structures; large fits. JSON lines on standard output, a table to --markdown FILE
/// (script/gpu runs it).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include <cuglmm/cuglmm.hpp>

#include "bench/measure.hpp"

namespace {

using namespace cuglmm;
using bench::Json;

/// Seconds for a number of problems, and what the run says of itself.
struct Timed {
  double seconds = 0, problems = 1, evaluations = 0;
  std::string device;
  double per_problem() const { return seconds / problems; }
};

/// The same work on the GPU, and on two threads and all threads of the CPU, maybe with fewer problems.
struct Compared {
  std::string work;
  Timed gpu, two, all;
};

/// What an evaluation of the seed model (two fixed effects) asks of the GPU; nothing is counted for others.
struct Counted {
  double rows = 0, groups = 0;
  /// Double-precision instructions, counted in the machine code of kernels/cuda/units.cu: per row 26 in a
  /// pass of PIRLS, of which there are 3.3, and about 45 in the pass at the mode.
  double instructions() const { return rows * (26 * 3.3 + 45); }
  /// To and from memory: of every group Z'y, its mode, and how that moves with three parameters.
  double bytes() const { return groups * (8 + 2 * 8 + 2 * 3 * 8); }
};

struct Report {
  Json ceilings = Json::object();
  std::string table =
      "| work | problems | GPU, seconds | GPU, per problem | CPU, 2 threads | GPU is faster by | CPU, all "
      "threads | "
      "GPU is faster by | of the GPU's peak FMA | of its memory's bandwidth |\n"
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";

  void add(const Compared& at, const Counted& counted = {}) {
    const double evaluations = at.gpu.problems * at.gpu.evaluations / at.gpu.seconds;  // per second
    const double ratio_two = at.two.per_problem() / at.gpu.per_problem(),
                 ratio_all = at.all.per_problem() / at.gpu.per_problem(),
                 fma = part(evaluations * counted.instructions(), "fma_per_second"),
                 memory = part(evaluations * counted.bytes(), "bytes_per_second");
    bench::print({{"work", at.work},
                  {"device", at.gpu.device},
                  {"problems", at.gpu.problems},
                  {"seconds", at.gpu.seconds},
                  {"cpu_two_threads", at.two.per_problem()},
                  {"cpu_all_threads", at.all.per_problem()},
                  {"ratio_two_threads", ratio_two},
                  {"ratio_all_threads", ratio_all},
                  {"evaluations", at.gpu.evaluations},
                  {"part_of_fma_peak", fma},
                  {"part_of_bandwidth", memory}});
    table += fmt::format("| {} | {:.0f} | {:.4g} | {} | {} | {:.3g}× | {} | {:.3g}× | {} | {} |\n", at.work,
                         at.gpu.problems, at.gpu.seconds, time(at.gpu), time(at.two), ratio_two, time(at.all),
                         ratio_all, percent(fma), percent(memory));
  }

 private:
  static std::string time(const Timed& timed) {
    const double seconds = timed.per_problem();
    return seconds < 1e-3 ? fmt::format("{:.3g} µs", seconds * 1e6) : fmt::format("{:.3g} ms", seconds * 1e3);
  }
  static std::string percent(double part) { return part > 0 ? fmt::format("{:.2g} %", 100 * part) : ""; }
  /// Of what cuglmm_ceilings measured.
  double part(double per_second, const char* ceiling) const {
    const double most = ceilings.value(ceiling, 0.0);
    return most > 0 ? per_second / most : 0;
  }
};

Timed bootstrap_on(const Fit& original, const std::string& device, std::int64_t replicates, int threads = 0) {
  Timed out;
  std::int64_t evaluations = 0;
  const auto start = std::chrono::steady_clock::now();
  const BootstrapReport report = bootstrap(
      original, {.replicates = replicates, .threads = threads, .device = device}, [&](const Fits& block) {
        for (const int e : block.evaluations) evaluations += e;
      });
  out.seconds = bench::seconds_since(start);
  out.problems = static_cast<double>(replicates);
  out.evaluations = static_cast<double>(evaluations) / out.problems;
  out.device = report.device;
  return out;
}

/// Numbers of replicates: on the GPU each of `gpu`, on the CPU so many.
struct Sizes {
  std::vector<std::int64_t> gpu;
  std::int64_t cpu;
};

void replicates(const std::string& work, const Fit& original, const Sizes& sizes, Report& report,
                const Counted& counted = {}) {
  const Timed two = bootstrap_on(original, "cpu", sizes.cpu / 4, 2),
              all = bootstrap_on(original, "cpu", sizes.cpu);
  bootstrap_on(original, "cuda", sizes.gpu.front());  // the context, the module
  for (const std::int64_t n : sizes.gpu)
    report.add({work, bootstrap_on(original, "cuda", n), two, all}, counted);
}

/// 1000, 10,000 .. most.
std::vector<std::int64_t> decades(std::int64_t most) {
  std::vector<std::int64_t> all;
  for (std::int64_t n = 1000; n <= most; n *= 10) all.push_back(n);
  return all;
}

void seed_replicates(const Model& model, bool collapse, const Sizes& sizes, Report& report) {
  const Fit original = fit(model, {.device = "cpu", .collapse = collapse});
  const Counted counted{static_cast<double>(original.plan->rows()),
                        static_cast<double>(model.factors[0].levels.size())};
  replicates(fmt::format("replicate of the seed model, {:.0f} rows", counted.rows), original, sizes, report,
             counted);
}

struct Structure {
  const char *work, *data;
  std::vector<std::string> factors;
  const char *recode, *formula, *family;
  Sizes replicates;  ///< none: the fit is timed
};

const Structure kStructures[] = {
    {"replicate, Exam, a random slope",
     "Exam",
     {"school"},
     "success = normexam >= 0",
     "success ~ schavg + (1 + standLRT | school)",
     "binomial",
     {{1000, 20'000}, 4000}},
    {"replicate, grouseticks, nested",
     "grouseticks",
     {"INDEX", "BROOD", "LOCATION", "YEAR"},
     "",
     "TICKS ~ YEAR + cHEIGHT + (1|BROOD) + (1|INDEX) + (1|LOCATION)",
     "poisson",
     {{1000, 20'000}, 20'000}},
    {"replicate, VerbAgg, crossed",
     "VerbAgg",
     {"id", "item"},
     "",
     "r2 ~ Anger + Gender + btype + situ + (1|id) + (1|item)",
     "binomial",
     {{1000, 10'000}, 4000}},
    {"replicate, sleepstudy, linear",
     "sleepstudy",
     {"Subject"},
     "",
     "Reaction ~ Days + (Days | Subject)",
     "gaussian",
     {{1000, 100'000}, 40'000}},
    {"fit, InstEval, linear",
     "InstEval",
     {"s", "d", "dept", "service"},
     "",
     "y ~ service + (1|s) + (1|d) + (1|dept:service)",
     "gaussian",
     {}},
    {"fit, InstEval, y > 3",
     "InstEval",
     {"s", "d", "dept", "service"},
     "good = y > 3",
     "good ~ service + (1|s) + (1|d) + (1|dept:service)",
     "binomial",
     {}},
};

/// Once to warm up; the engines must agree.
void large_fit(const std::string& work, const Model& model, Report& report) {
  double objective = 0;
  const auto timed = [&](const std::string& device, int threads) {
    const auto start = std::chrono::steady_clock::now();
    const Fit result = fit(model, {.threads = threads, .device = device});
    Timed out{bench::seconds_since(start), 1, static_cast<double>(result.evaluations), result.device};
    if (objective == 0) objective = result.minus2_log_likelihood;
    if (std::abs(result.minus2_log_likelihood - objective) > 1e-5)
      throw std::runtime_error("the engines disagree about " + work);
    return out;
  };
  timed("cuda", 0);
  report.add({work, timed("cuda", 0), timed("cpu", 2), timed("cpu", 0)});
}

void structure(const Structure& at, const std::string& folder, Report& report) {
  Data data = read_table(fmt::format("{}/{}.csv", folder, at.data), {.factor = at.factors});
  if (*at.recode) mutate(data, at.recode);
  const Model model(at.formula, data, parse_family(at.family));
  if (at.replicates.gpu.empty()) return large_fit(at.work, model, report);
  replicates(at.work, fit(model, {.device = "cpu"}), at.replicates, report);
}

/// Pupils of `groups` schools, drawn about as the seed model would: the covariate differs from row to row.
Model many_schools(const Model& seed, int groups, int size) {
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
  return model;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder, markdown, ceilings;
  std::int64_t rows = 100'000, collapsed = 1'000'000;
  bool structures = true;
  CLI::App app("The CUDA engine beside the CPU engine; JSON lines on standard output");
  app.add_option("--data", folder, "the folder of Exam.csv and others (tests/data)")->required();
  app.add_option("--ceilings", ceilings, "what cuglmm_ceilings printed");
  app.add_option("--markdown", markdown, "write the table to this file");
  app.add_option("--rows", rows, "most replicates on all rows")->capture_default_str();
  app.add_option("--collapsed", collapsed, "most replicates on collapsed rows")->capture_default_str();
  app.add_flag("--structures,!--no-structures", structures, "other models too")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    Report report;
    if (!ceilings.empty()) report.ceilings = Json::parse(ceilings);
    bench::print(report.ceilings);
    Data pupils = read_table(folder + "/Exam.csv", {.factor = {"school"}});
    mutate(pupils, "success = normexam >= 0");
    const Model model("success ~ schavg + (1 | school)", pupils, binomial());
    seed_replicates(model, false, {decades(rows), 40'000}, report);
    seed_replicates(model, true, {decades(collapsed), 400'000}, report);
    if (structures) {
      large_fit("fit, 1,000,000 rows, 20,000 schools", many_schools(model, 20'000, 50), report);
      for (const Structure& each : kStructures) structure(each, folder, report);
    }
    if (!markdown.empty()) std::ofstream(markdown) << report.table;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
  }
}
