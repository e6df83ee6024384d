#include <host/report/json.hpp>

#include <cmath>

#include <cuglmm/plan.hpp>
#include <host/inference/normal.hpp>
#include <host/report/scaled_residuals.hpp>

namespace cuglmm {

namespace {

using Json = nlohmann::ordered_json;

/// null where there is no number.
Json number(double x) { return std::isfinite(x) ? Json(x) : Json(nullptr); }

Json numbers(const double* x, Eigen::Index n) {
  Json out = Json::array();
  for (Eigen::Index i = 0; i < n; ++i) out.push_back(number(x[i]));
  return out;
}

Json numbers(const Eigen::VectorXd& x) { return numbers(x.data(), x.size()); }
Json pair(const std::array<double, 2>& x) { return numbers(x.data(), 2); }

Json group_sizes(const Model& model) {
  Json out = Json::object();
  for (const GroupingFactor& factor : model.factors) out[factor.name] = factor.levels.size();
  return out;
}

const char* method(const Fit& fit) {
  if (fit.is_linear()) return fit.is_reml() ? "REML" : "ML";
  return fit.options.nagq == 0 ? "PQL-like (nAGQ=0)" : "Laplace";
}

/// Of a REML fit everything here is restricted, as lme4 has it.
Json criterion(const Fit& fit) {
  return {{"minus2LogLik", number(fit.minus2_log_likelihood)},
          {"logLik", number(fit.log_likelihood())},
          {"AIC", number(fit.aic())},
          {"BIC", number(fit.bic())},
          {"deviance", number(fit.minus2_log_likelihood)},  // what summary() prints under this name
          {"REML", fit.is_reml() ? number(fit.minus2_log_likelihood) : Json(nullptr)},
          {"df", fit.df()},
          {"df_residual", fit.df_residual()}};
}

Json fixed(const Fit& fit) {
  Json out = Json::array();
  for (Eigen::Index i = 0; i < fit.beta.size(); ++i) {
    const double error = std::sqrt(fit.vcov(i, i)), statistic = fit.beta(i) / error;
    out.push_back({{"term", fit.model->fixed_names[static_cast<std::size_t>(i)]},
                   {"estimate", number(fit.beta(i))},
                   {"std_error", number(error)},
                   {"statistic", number(statistic)},
                   {"p_value", fit.is_linear() ? Json(nullptr) : number(two_sided_p_value(statistic))}});
  }
  return out;
}

Json rows_of(const Eigen::MatrixXd& x) {
  Json out = Json::array();
  for (Eigen::Index i = 0; i < x.rows(); ++i) out.push_back(numbers(Eigen::VectorXd(x.row(i))));
  return out;
}

Json random(const Fit& fit) {
  Json out = Json::array();
  for (const VarCorr& term : fit.varcorr)
    for (Eigen::Index i = 0; i < term.sd.size(); ++i)
      out.push_back({{"group", term.group},
                     {"term", term.columns[static_cast<std::size_t>(i)]},
                     {"variance", number(term.sd(i) * term.sd(i))},
                     {"sd", number(term.sd(i))},
                     {"correlations", numbers(Eigen::VectorXd(term.correlation.row(i).head(i)))}});
  return out;
}

Json residuals(const Fit& fit) {
  return {{"pearson_ss", number(fit.pearson_sum_of_squares())},
          {"scaled_quantiles", numbers(scaled_quartiles(fit).data(), 5)},
          {"scale", number(fit.scale())}};
}

Json messages(const Fit& fit) {
  Json out = fit.model->messages;
  for (const std::string& text : fit.messages) out.push_back(text);
  return out;
}

}  // namespace

nlohmann::ordered_json fit_json(const Fit& fit, const RunFacts& facts) {
  const Model& model = *fit.model;
  return {{"version", version()},
          {"command", facts.command},
          {"formula", model.formula.text()},
          {"data", model.data_source},
          {"device", fit.device},
          {"family", model.family.name()},
          {"link", model.family.link_name()},
          {"method", method(fit)},
          {"nagq", fit.options.nagq},
          {"nobs", fit.rows()},
          {"rows", fit.plan ? fit.plan->rows() : fit.rows()},
          {"ngroups", group_sizes(model)},
          {"dropped_rows", model.dropped_rows},
          {"dropped_columns", model.dropped_columns},
          {"status", name(fit.status)},
          {"messages", messages(fit)},
          {"criterion", criterion(fit)},
          {"gradient_norm", number(fit.gradient_norm)},
          {"evaluations", fit.evaluations},
          {"seconds",
           {{"read", facts.seconds_read},
            {"plan", fit.seconds.plan},
            {"fit", fit.seconds.fit},
            {"total", facts.seconds_read + fit.seconds.total}}},
          {"theta", numbers(fit.theta)},
          {"theta_names", model.theta_names()},
          {"sigma", number(fit.sigma)},
          {"dispersion", number(fit.sigma * fit.sigma)},
          {"size", nullptr},
          {"fixed", fixed(fit)},
          {"vcov", rows_of(fit.vcov)},
          {"random", random(fit)},
          {"residuals", residuals(fit)},
          {"options", facts.options}};
}

nlohmann::ordered_json bootstrap_json(const Fit& fit, const Intervals& x, const RunFacts& facts) {
  Json intervals = Json::array(), counts = Json::object();
  for (const Interval& i : x.intervals)
    intervals.push_back({{"parameter", i.parameter},
                         {"estimate", number(i.estimate)},
                         {"mean", number(i.mean)},
                         {"sd", number(i.sd)},
                         {"percentile", pair(i.percentile)},
                         {"basic", pair(i.basic)},
                         {"normal", pair(i.normal)}});
  for (std::size_t s = 0; s < x.counts.size(); ++s)
    counts[std::string(name(static_cast<Status>(s)))] = x.counts[s];
  RunFacts of_fit = facts;
  of_fit.command = "fit";
  return {{"version", version()},   {"command", facts.command}, {"fit", fit_json(fit, of_fit)},
          {"intervals", intervals}, {"level", x.level},         {"replicates", x.replicates},
          {"first", facts.first},   {"counts", counts},         {"seed", facts.seed}};
}

std::string version() { return CUGLMM_VERSION; }

}  // namespace cuglmm
