/// cuglmm bootstrap
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <optional>

#include <cuglmm/error.hpp>
#include <cuglmm/fit.hpp>
#include <cuglmm/inference.hpp>
#include <cuglmm/report.hpp>
#include <host/cli/bootstrap_job.hpp>
#include <host/cli/command.hpp>
#include <host/cli/details.hpp>
#include <host/cli/problem.hpp>
#include <host/cli/progress.hpp>
#include <host/report/json.hpp>
#include <host/report/r_format.hpp>

namespace cuglmm::cli {

namespace {

struct Arguments {
  ModelArguments model;
  EngineArguments engine;
  OutputArguments output;
  std::int64_t replicates = 0, first = 1;
  std::uint64_t seed = 1;
  double level = 0.95;
  std::string out, command_line;
  bool resume = false;
};

/// Everything that can be wrong is found before hours of work.
BootstrapOptions bootstrap_options(const Arguments& a) {
  if (a.replicates < 1) throw Error("--replicates N is needed: how many, 1 or more");
  if (!(a.level > 0 && a.level < 1))
    throw Error(fmt::format("--level {}: between 0 and 1, such as 0.95", a.level));
  if (a.resume && a.out.empty()) throw Error("--resume goes on where --out FILE.csv ends: give --out too");
  if (!a.output.json.empty() && a.output.json == a.out)
    throw Error(fmt::format("--json and --out both write {}", a.out));
  BootstrapOptions out;
  out.replicates = a.replicates;
  out.seed = a.seed;
  out.first = a.first;
  out.tolerance = a.engine.tolerance.value_or(out.tolerance);
  out.max_evaluations = a.engine.max_evaluations;
  out.threads = a.engine.threads;
  out.device = a.engine.device;
  out.simd = a.engine.simd;
  if (!a.engine.memory_limit.empty()) out.memory_limit = parse_size(a.engine.memory_limit, "--memory-limit");
  if (const auto why = out.invalid()) throw Error(*why);
  if (!a.output.json.empty() && a.output.json != "-") require_writable(a.output.json);
  return out;
}

std::string short_line(const Fit& fit) {
  std::string groups;
  for (const GroupingFactor& factor : fit.model->factors)
    groups += fmt::format(", {} {}", factor.levels.size(), factor.name);
  return fmt::format("{}: {} observations{}; {} {}, {}\n", fit.model->formula.text(), fit.rows(), groups,
                     fit.is_reml() ? "REML criterion" : "deviance",
                     r::format(r::round(fit.minus2_log_likelihood, 4), 12), name(fit.status));
}

/// Simulates and refits; every block goes to the intervals and to the file. Returns the number of replicates
/// done.
std::int64_t run_replicates(const Fit& original, BootstrapOptions options, IntervalBuilder& intervals,
                            BootstrapJob* job, bool quiet) {
  std::int64_t before = 0, done = 0;
  if (job != nullptr) before = job->start([&](const Fits& block) { intervals.add(block); });
  options.first += before;
  options.replicates -= before;
  catch_signals();
  Progress progress(options.replicates, quiet);
  std::exception_ptr trouble;  // of the sink, such as a full disk: stops the run, and is told in the end
  std::atomic<bool> troubled = false;
  options.progress = [&](std::int64_t now) {
    progress.show(now);
    return caught_signal() == 0 && !troubled;
  };
  const auto sink = [&](const Fits& block) {
    if (troubled) return;
    try {
      intervals.add(block);
      if (job != nullptr) job->add(block);
      done += block.size();
    } catch (...) {
      trouble = std::current_exception();
      troubled = true;
    }
  };
  BootstrapReport report;
  if (options.replicates > 0) report = bootstrap(original, options, sink);
  if (trouble) std::rethrow_exception(trouble);
  progress.finish(done);
  if (job != nullptr) job->finish(report, intervals.counts());
  return before + done;
}

int stopped(std::int64_t done, const Arguments& a) {
  fmt::print(stderr, "cuglmm: stopped after {} of {} replicates; {}\n", done, a.replicates,
             a.out.empty() ? "with --out FILE.csv a run can be resumed"
                           : "the same command with --resume goes on from there");
  return 128 + caught_signal();
}

int run(const Arguments& a) {
  const BootstrapOptions options = bootstrap_options(a);
  const Problem problem = load(a.model, a.engine);
  const Fit original = fit(problem.model, problem.options);
  if (a.output.verbose) report_details(original, problem);
  const bool text = a.output.json != "-";
  if (text) write_text("-", short_line(original));
  const RunFacts facts{"bootstrap", problem.seconds_read, problem.recipe, a.seed, a.first};
  IntervalBuilder intervals(original);
  if (original.ok()) {
    std::optional<BootstrapJob> job;
    if (!a.out.empty())
      job.emplace(JobFacts{a.out, a.command_line, a.resume, problem.checksum, problem.recipe}, original,
                  options);
    const std::int64_t done =
        run_replicates(original, options, intervals, job ? &*job : nullptr, a.output.quiet);
    if (done < a.replicates && caught_signal() != 0) return stopped(done, a);
  }
  const Intervals result = intervals.intervals(a.level);
  if (text && original.ok()) write_text("-", "\n" + table(result));
  if (!a.output.json.empty()) write_text(a.output.json, write_json(bootstrap_json(original, result, facts)));
  if (original.ok()) return 0;
  fmt::print(stderr,
             "cuglmm: the fit ended with status '{}', so there is nothing to simulate from; see cuglmm fit\n",
             name(original.status));
  return 1;
}

void add_options(CLI::App& app, Arguments& a) {
  add_options(app, a.model);
  const char* group = "Bootstrap";
  app.add_option("--replicates,--nsim", a.replicates, "how many")->type_name("N")->group(group);
  app.add_option("--seed", a.seed, "replicate r depends on the seed and r alone; default 1")
      ->type_name("S")
      ->group(group);
  app.add_option("--first", a.first, "number of the first replicate, for parts of a job; default 1")
      ->type_name("K")
      ->group(group);
  add_options(app, a.engine);
  add_options(app, a.output);
  app.add_option("--out", a.out,
                 "a row for each replicate; .gz too; a log beside it. An earlier file is overwritten")
      ->type_name("FILE.csv")
      ->group("Output");
  app.add_flag("--resume", a.resume, "go on where --out ends: the file becomes what one run would have made")
      ->group("Output");
  app.add_option("--level", a.level, "of the intervals; default 0.95")->type_name("X")->group("Output");
}

}  // namespace

Command add_bootstrap(CLI::App& program, const std::string& command_line) {
  CLI::App* app =
      program.add_subcommand("bootstrap", "Fit a model, then simulate from it and refit, many times");
  const auto arguments = std::make_shared<Arguments>();
  arguments->command_line = command_line;
  add_options(*app, *arguments);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace cuglmm::cli
