#include <host/cli/arguments.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include <cuglmm/error.hpp>

namespace cuglmm::cli {

namespace {

constexpr char model_group[] = "Model", engine_group[] = "Engine", output_group[] = "Output",
               data_group[] = "Data";

/// A repeatable option that takes one value each time, so that it never swallows the formula.
void add_repeatable(CLI::App& command, const std::string& name, std::vector<std::string>& values,
                    const std::string& help, const std::string& type, const char* group) {
  command.add_option(name, values, help)->allow_extra_args(false)->type_name(type)->group(group);
}

}  // namespace

void add_options(CLI::App& command, ReadArguments& a) {
  add_repeatable(command, "--mutate", a.mutate,
                 "a new or changed column, before anything else; repeatable, in order", "'NAME = EXPR'",
                 data_group);
  command.add_option("--filter", a.filter, "keep the rows where EXPR holds")
      ->type_name("EXPR")
      ->group(data_group);
  add_repeatable(command, "--factor", a.factor, "read as factors", "COL[,COL]", data_group);
  add_repeatable(command, "--ordered", a.ordered, "read as ordered factors", "COL[,COL]", data_group);
  add_repeatable(command, "--numeric", a.numeric, "read as numbers", "COL[,COL]", data_group);
  add_repeatable(command, "--levels", a.levels,
                 "the levels of a factor, in order; the first is the reference", "COL=A,B,C", data_group);
}

void add_options(CLI::App& command, ModelArguments& a) {
  const auto text = [&](const char* name, std::string& value, const char* type, const char* help) {
    return command.add_option(name, value, help)->type_name(type)->group(model_group);
  };
  command.add_option("formula", a.formula, "lme4's: 'y ~ x + (1 | group)'")->type_name("FORMULA");
  text("--data", a.data, "FILE", "CSV with a header line; '-': standard input; .gz too");
  text("--fit", a.fit, "FILE.json",
       "an earlier --json: stands for formula, data and model options not given");
  add_options(command, a.read);
  text("--family", a.family, "F",
       "gaussian (default), binomial or poisson; also as 'binomial(link = \"logit\")'");
  text("--link", a.link, "L", "the link; default: the family's canonical one");
  text("--weights", a.weights, "EXPR", "prior weights: a column or an expression");
  text("--offset", a.offset, "EXPR", "offset: a column or an expression");
  add_repeatable(command, "--contrasts", a.contrasts,
                 "treatment, sum, helmert or poly for a factor; repeatable", "NAME=KIND", model_group);
  command.add_flag("--reml,--REML", a.reml, "family gaussian: restricted maximum likelihood (default)")
      ->group(model_group);
  command.add_flag("--ml", a.ml, "family gaussian: maximum likelihood")->group(model_group);
  command
      .add_option("--nagq,--nAGQ", a.nagq,
                  "other families: 1: Laplace approximation (default); 0: faster and less exact")
      ->type_name("N")
      ->group(model_group);
  text("--hessian", a.hessian, "KIND", "auto, expected or observed: the same for canonical links");
  text("--dispersion", a.dispersion, "KIND", "ml")->group("");
  text("--se", a.se, "KIND", "standard errors: hessian (default of GLMMs) or rx");
  text("--na", a.missing, "KIND", "rows with missing values: omit (default) or fail");
  text("--start", a.start, "FILE.json", "start at theta and beta of an earlier --json");
}

void add_options(CLI::App& command, EngineArguments& a) {
  command.add_option("--device", a.device, "auto (a GPU if there is one), cpu, cuda or cuda:N")
      ->type_name("DEVICE")
      ->group(engine_group);
  command.add_option("--threads", a.threads, "default: as many as the machine has")
      ->type_name("N")
      ->group(engine_group);
  command
      .add_option("--tolerance", a.tolerance,
                  "stop when the deviance can fall by no more; default 1e-10, of replicates 1e-8")
      ->type_name("X")
      ->group(engine_group);
  command
      .add_option("--max-evaluations", a.max_evaluations,
                  "of objective and gradient, for each fit; default 200")
      ->type_name("N")
      ->group(engine_group);
  command.add_option("--memory-limit", a.memory_limit, "for replicates in flight: 500M, 2G")
      ->type_name("SIZE")
      ->group(engine_group);
  command.add_option("--simd", a.simd, "auto, baseline, avx2 or avx512: for comparisons")
      ->type_name("LEVEL")
      ->group(engine_group);
}

void add_options(CLI::App& command, OutputArguments& a) {
  command.add_option("--json", a.json, "results as JSON; '-': only JSON on standard output")
      ->type_name("FILE")
      ->group(output_group);
  command.add_flag("--quiet", a.quiet, "no progress on standard error")->group(output_group);
  command.add_flag("--verbose", a.verbose, "more on standard error")->group(output_group);
}

std::uint64_t parse_size(const std::string& text, const std::string& option) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(static_cast<const char*>(end), text.data() + text.size());
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  constexpr const char* units[] = {"", "K", "M", "G", "T"};
  for (int power = 0; error == std::errc() && value > 0 && power < 5; ++power) {
    const std::string u = units[power];
    if (unit == u || unit == u + "B" || (power > 0 && unit == u + "IB"))
      return static_cast<std::uint64_t>(std::ldexp(value, 10 * power));
  }
  throw Error(fmt::format("{} {}: not a size; write bytes or 500M, 2G", option, text));
}

}  // namespace cuglmm::cli
