/// cuglmm fit
#include <cuglmm/fit.hpp>

#include <fmt/format.h>

#include <memory>

#include <cuglmm/report.hpp>
#include <host/cli/command.hpp>
#include <host/cli/details.hpp>
#include <host/cli/problem.hpp>
#include <host/report/csv.hpp>
#include <host/report/json.hpp>

namespace cuglmm::cli {

namespace {

struct Arguments {
  ModelArguments model;
  EngineArguments engine;
  OutputArguments output;
  std::string ranef, fitted;
};

void write_table(const std::string& path, const Fit& fit, void (*write)(OutputFile&, const Fit&)) {
  if (path.empty()) return;
  OutputFile file(path);
  write(file, fit);
  file.close();
}

int run(const Arguments& a) {
  const Problem problem = load(a.model, a.engine);
  const Fit result = fit(problem.model, problem.options);
  if (a.output.verbose) report_details(result, problem);
  if (a.output.json != "-") write_text("-", summary(result));
  const RunFacts facts{.command = "fit", .seconds_read = problem.seconds_read, .options = problem.recipe};
  if (!a.output.json.empty()) write_text(a.output.json, write_json(fit_json(result, facts)));
  write_table(a.ranef, result, write_ranef);
  write_table(a.fitted, result, write_fitted);
  if (result.ok()) return 0;
  fmt::print(stderr, "cuglmm: the fit ended with status '{}'; see its messages\n", name(result.status));
  return 1;
}

}  // namespace

Command add_fit(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "fit", "Fit a linear or generalized linear mixed model, as lme4's lmer() and glmer()");
  const auto arguments = std::make_shared<Arguments>();
  add_options(*app, arguments->model);
  add_options(*app, arguments->engine);
  add_options(*app, arguments->output);
  app->add_option("--ranef", arguments->ranef, "conditional modes of the random effects")
      ->type_name("FILE.csv")
      ->group("Output");
  app->add_option("--fitted", arguments->fitted, "fitted values and residuals")
      ->type_name("FILE.csv")
      ->group("Output");
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace cuglmm::cli
