#include <host/cli/recipe.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <sstream>

#include <cuglmm/error.hpp>
#include <host/cli/problem.hpp>

namespace cuglmm::cli {

namespace {

using Json = nlohmann::ordered_json;

/// The JSON of a fit, or the fit within that of a bootstrap.
const Json& fit_of(const Json& json) { return json.contains("fit") ? json.at("fit") : json; }

void take(const Json& json, const char* key, std::string& value) {
  if (value.empty() && json.contains(key)) value = json.at(key).get<std::string>();
}

void take(const Json& json, const char* key, std::vector<std::string>& values) {
  if (values.empty() && json.contains(key)) values = json.at(key).get<std::vector<std::string>>();
}

/// --reml or --ml, and --nagq.
void take_criterion(const Json& json, ModelArguments& a) {
  if (!a.ml && !a.reml && json.contains("reml") && json.at("reml").is_boolean())
    (json.at("reml").get<bool>() ? a.reml : a.ml) = true;
  if (!a.nagq && json.contains("nagq") && !json.at("nagq").is_null()) a.nagq = json.at("nagq").get<int>();
}

void check_names(const std::string& what, const std::vector<std::string>& earlier,
                 const std::vector<std::string>& names, const std::string& path) {
  if (earlier != names)
    throw Error(fmt::format("--start {}: its {} are {}, but this model's are {}", path, what,
                            fmt::join(earlier, ", "), fmt::join(names, ", ")));
}

Eigen::VectorXd to_eigen(const std::vector<double>& x) {
  return Eigen::Map<const Eigen::VectorXd>(x.data(), static_cast<Eigen::Index>(x.size()));
}

[[noreturn]] void not_a_fit(const std::string& option, const std::string& path) {
  throw Error(fmt::format("{} {}: not the --json of a fit or bootstrap", option, path));
}

}  // namespace

nlohmann::ordered_json read_json(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) throw Error(fmt::format("cannot read {}", path), Error::Kind::io);
  try {
    return Json::parse(text.str());
  } catch (const Json::parse_error& error) {
    const std::string read = text.str().substr(0, error.byte);
    throw Error(fmt::format("{}, line {}: not JSON", path, 1 + std::count(read.begin(), read.end(), '\n')));
  }
}

nlohmann::ordered_json make_recipe(const ModelArguments& a, const Family& family) {
  const bool linear = family.is_linear();
  return {{"formula", a.formula},
          {"data", a.data},
          {"mutate", a.read.mutate},
          {"filter", a.read.filter},
          {"factor", a.read.factor},
          {"ordered", a.read.ordered},
          {"numeric", a.read.numeric},
          {"levels", a.read.levels},
          {"family", family.name()},
          {"link", family.link_name()},
          {"weights", a.weights},
          {"offset", a.offset},
          {"contrasts", a.contrasts},
          {"na", a.missing},
          {"se", a.se},
          {"reml", linear ? Json(!a.ml) : Json(nullptr)},
          {"nagq", linear ? Json(nullptr) : Json(a.nagq.value_or(1))}};
}

void complete(ModelArguments& a, const Json& earlier) {
  const Json& fit = fit_of(earlier);
  if (!fit.is_object() || !fit.contains("options")) not_a_fit("--fit", a.fit);
  try {
    const Json& options = fit.at("options");
    if (a.family.empty()) {  // what belongs to the family
      take(options, "link", a.link);
      take_criterion(options, a);
    }
    take(options, "family", a.family);
    take(options, "formula", a.formula);
    take(options, "data", a.data);
    take(options, "mutate", a.read.mutate);
    take(options, "filter", a.read.filter);
    take(options, "factor", a.read.factor);
    take(options, "ordered", a.read.ordered);
    take(options, "numeric", a.read.numeric);
    take(options, "levels", a.read.levels);
    take(options, "weights", a.weights);
    take(options, "offset", a.offset);
    take(options, "contrasts", a.contrasts);
    take(options, "na", a.missing);
    take(options, "se", a.se);
  } catch (const Json::exception&) {
    not_a_fit("--fit", a.fit);
  }
}

void set_start(FitOptions& options, const Model& model, const Json& earlier, const std::string& path) {
  const Json& fit = fit_of(earlier);
  if (!fit.is_object()) not_a_fit("--start", path);
  try {
    std::vector<std::string> terms;
    std::vector<double> beta;
    for (const Json& row : fit.at("fixed")) {
      terms.push_back(row.at("term").get<std::string>());
      beta.push_back(row.at("estimate").get<double>());
    }
    check_names("fixed effects", terms, model.fixed_names, path);
    check_names("thetas", fit.at("theta_names").get<std::vector<std::string>>(), model.theta_names(), path);
    options.beta = to_eigen(beta);
    options.theta = to_eigen(fit.at("theta").get<std::vector<double>>());
  } catch (const Json::exception&) {
    not_a_fit("--start", path);
  }
  if (options.theta->size() != model.theta_size()) not_a_fit("--start", path);
}

}  // namespace cuglmm::cli
