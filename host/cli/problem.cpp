#include <host/cli/problem.hpp>
#include <host/engine/engine.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

#include <cuglmm/error.hpp>
#include <host/cli/recipe.hpp>
#include <host/data/expression.hpp>

namespace cuglmm::cli {

namespace {

/// The item of `known` that an option's value names; otherwise Error lists them.
std::size_t choice(const std::string& option, const std::string& value,
                   const std::vector<std::string>& known) {
  for (std::size_t i = 0; i < known.size(); ++i)
    if (known[i] == value) return i;
  const std::string near = nearest(value, known);
  throw Error(fmt::format("{} {}: not known{}; one of {}", option, value,
                          near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                          fmt::join(known, ", ")));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out{""};
  for (const char c : text) {
    if (c == separator)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

/// "COL=A,B": the text on both sides of the first =.
std::pair<std::string, std::string> name_and_value(const std::string& option, const std::string& text,
                                                   const char* form) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw Error(fmt::format("{} {}: write it as {} {}", option, text, option, form));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<std::string> column_list(const std::vector<std::string>& values) {
  std::vector<std::string> out;
  for (const std::string& value : values)
    for (std::string& name : split(value, ',')) out.push_back(std::move(name));
  return out;
}

std::map<std::string, Contrasts> parse_contrasts(const std::vector<std::string>& values) {
  std::map<std::string, Contrasts> out;
  for (const std::string& value : values) {
    auto [factor, kind] = name_and_value("--contrasts", value, "NAME=KIND");
    if (kind.starts_with("contr.")) kind.erase(0, 6);  // R's names
    out[factor] =
        static_cast<Contrasts>(choice("--contrasts", kind, {"treatment", "sum", "helmert", "poly"}));
  }
  return out;
}

/// How the criterion is chosen: --reml or --ml for linear models, --nagq for the others.
void require_criterion(const ModelArguments& a, const Family& family) {
  const bool linear = family.is_linear();
  if (a.ml && a.reml) throw Error("--ml and --reml exclude each other: give one of them");
  if ((a.ml || a.reml) && !linear)
    throw Error(
        fmt::format("{}: a choice of linear models (family gaussian, link identity) only; family {} is "
                    "fitted by maximum likelihood in any case",
                    a.ml ? "--ml" : "--reml", family.name()));
  if (!a.nagq) return;
  if (linear)
    throw Error(
        fmt::format("--nagq {}: the likelihood of a linear model (family gaussian, the default) is exact, "
                    "there is nothing to approximate; leave --nagq out, or give --family",
                    *a.nagq));
  if (*a.nagq < 0) throw Error(fmt::format("--nagq {}: a number of quadrature points is 0 or more", *a.nagq));
  if (*a.nagq > 1)
    throw Error(fmt::format(
        "--nagq {}: adaptive quadrature is not supported yet; --nagq 1 (Laplace) and 0 are", *a.nagq));
  if (*a.nagq == 0 && a.se == "hessian")
    throw Error(
        "--se hessian: with --nagq 0 the fixed effects are no parameters of the objective, so it has no "
        "Hessian for them; leave --se out");
}

/// Options whose feature is not there yet say so, instead of being unknown.
void require_supported_options(const ModelArguments& a) {
  if (choice("--dispersion", a.dispersion, {"ml", "lme4"}) != 0)
    throw Error("--dispersion lme4: it is for families with a free dispersion, which are not supported yet");
  choice("--hessian", a.hessian, {"auto", "expected", "observed"});  // the same for canonical links
}

Family parse_supported_family(const ModelArguments& a) {
  const Family family = parse_family(a.family.empty() ? "gaussian" : a.family, a.link);
  require_supported(family);
  return family;
}

FitOptions fit_options(const ModelArguments& a, const EngineArguments& engine) {
  FitOptions out;
  out.se = static_cast<StandardErrors>(choice("--se", a.se.empty() ? "hessian" : a.se, {"hessian", "rx"}));
  out.reml = !a.ml;
  out.nagq = a.nagq.value_or(out.nagq);
  out.tolerance = engine.tolerance.value_or(out.tolerance);
  out.max_evaluations = engine.max_evaluations;
  out.threads = engine.threads;
  out.device = engine.device;
  out.simd = engine.simd;
  if (engine.threads < 0)
    throw Error(fmt::format("--threads {}: 1 or more, or 0 for as many as the machine has", engine.threads));
  if (const auto why = out.invalid()) throw Error(*why);
  return out;
}

}  // namespace

Data load_data(const std::string& path, const ReadArguments& a) {
  ReadOptions options;
  options.factor = column_list(a.factor);
  options.ordered = column_list(a.ordered);
  options.numeric = column_list(a.numeric);
  for (const std::string& text : a.levels) {
    const auto [column, levels] = name_and_value("--levels", text, "COL=A,B,C");
    options.levels[column] = split(levels, ',');
  }
  Data data = read_table(path, options);
  for (const std::string& definition : a.mutate) mutate(data, definition);
  return a.filter.empty() ? data : filter(data, a.filter);
}

Problem load(ModelArguments a, const EngineArguments& engine) {
  const auto start = std::chrono::steady_clock::now();
  require_device(engine.device);
  if (!a.fit.empty()) complete(a, read_json(a.fit));
  if (a.formula.empty()) throw Error("a formula is needed, such as 'y ~ x + (1 | group)' (in quotes)");
  if (a.data.empty()) throw Error("--data FILE is needed: the CSV file with the variables of the formula");
  require_supported_options(a);
  const Family family = parse_supported_family(a);
  require_criterion(a, family);

  Problem out;
  out.options = fit_options(a, engine);
  ModelOptions options{a.weights, a.offset, parse_contrasts(a.contrasts),
                       choice("--na", a.missing.empty() ? "omit" : a.missing, {"omit", "fail"}) == 1};
  const Formula formula(a.formula);
  const Data data = load_data(a.data, a.read);
  out.model = std::make_shared<const Model>(formula, data, family, options);
  out.checksum = data.checksum();
  out.recipe = make_recipe(a, family);
  if (!a.start.empty()) set_start(out.options, *out.model, read_json(a.start), a.start);
  out.seconds_read = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

}  // namespace cuglmm::cli
