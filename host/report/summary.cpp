/// summary(): what lme4 1.1 prints for summary(lmer(..)) and summary(glmer(..)), line by line.
#include <cuglmm/report.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <host/data/expression.hpp>
#include <host/formula/random_effects.hpp>
#include <host/inference/normal.hpp>
#include <host/report/r_deparse.hpp>
#include <host/report/r_format.hpp>
#include <host/report/r_layout.hpp>
#include <host/report/scaled_residuals.hpp>

namespace cuglmm {

namespace {

constexpr int digits = 4;                       // max(3, getOption("digits") - 3)
constexpr std::size_t correlations_shown = 12;  // getOption("lme4.summary.cor.max")

std::vector<double> to_vector(const Eigen::VectorXd& x) { return {x.data(), x.data() + x.size()}; }

std::string method(const Fit& fit) {
  if (fit.is_reml()) return "Linear mixed model fit by REML ['lmerMod']\n";
  if (fit.is_linear()) return "Linear mixed model fit by maximum likelihood  ['lmerMod']\n";
  const std::string glmm = "Generalized linear mixed model fit by maximum likelihood ";
  if (fit.options.nagq == 0) return glmm + "(Adaptive\n  Gauss-Hermite Quadrature, nAGQ = 0) [glmerMod]\n";
  return glmm + "(Laplace\n  Approximation) [glmerMod]\n";
}

std::vector<std::string> formula_lines(const Model& model) {
  const std::string& text = model.formula.text();
  if (!model.is_linear()) return r::deparse_lines(text);
  return r::break_lines(deparse(*expand_double_bars(parse_expression(text), text)));
}

std::string title(const Fit& fit) {
  const Model& model = *fit.model;
  std::string out = method(fit);
  if (!fit.is_linear())
    out += fmt::format(" Family: {}  ( {} )\n", model.family.name(), model.family.link_name());
  std::vector<std::string> lines = formula_lines(model);
  lines.insert(lines.begin(), "Formula:");
  out += r::cat_filled(lines);
  out += fmt::format("   Data: {}\n", std::filesystem::path(model.data_source).filename().string());
  if (!model.weights_expression.empty()) out += fmt::format("Weights: {}\n", model.weights_expression);
  if (!model.offset_expression.empty()) out += fmt::format(" Offset: {}\n", model.offset_expression);
  return out + "\n";
}

std::string criteria(const Fit& fit) {
  if (fit.is_reml())
    return fmt::format("REML criterion at convergence: {}\n\n",
                       r::format(r::round(fit.minus2_log_likelihood, 1)));
  std::vector<double> values;
  for (const double x : {fit.aic(), fit.bic(), fit.log_likelihood(), fit.minus2_log_likelihood})
    values.push_back(r::round(x, 1));
  values.push_back(static_cast<double>(fit.df_residual()));
  std::vector<std::string> text = r::format(values);
  text.back() = fmt::format("{}", fit.df_residual());
  return r::print_named({"AIC", "BIC", "logLik", "deviance", "df.resid"}, text) + "\n";
}

std::string residuals(const Fit& fit) {
  const std::array<double, 5> quartiles = scaled_quartiles(fit);
  return "Scaled residuals: \n" +
         r::print_named({"Min", "1Q", "Median", "3Q", "Max"},
                        r::format(r::zapsmall({quartiles.begin(), quartiles.end()}, digits + 1), digits)) +
         "\n";
}

/// The correlations of one term with those before, as far as the widest term needs columns.
void add_correlations(const VarCorr& term, std::size_t columns,
                      std::vector<std::vector<std::string>>& cells) {
  const Eigen::Index q = term.sd.size();
  std::vector<double> rounded;
  for (Eigen::Index i = 0; i < q * q; ++i) rounded.push_back(r::round(term.correlation.data()[i], 2));
  const std::vector<std::string> text = r::format(rounded, 7, 2);
  for (Eigen::Index i = 0; i < q; ++i) {
    std::vector<std::string>& row = cells[cells.size() - static_cast<std::size_t>(q - i)];
    for (Eigen::Index k = 0; k < static_cast<Eigen::Index>(columns); ++k)
      row.push_back(k < i ? text[static_cast<std::size_t>(i + k * q)] : "");
  }
}

std::string random_effects(const Fit& fit) {
  std::vector<double> variance, sd;
  std::size_t widest = 1;
  for (const VarCorr& term : fit.varcorr) {
    widest = std::max(widest, static_cast<std::size_t>(term.sd.size()));
    for (const double s : to_vector(term.sd)) {
      sd.push_back(s);
      variance.push_back(s * s);
    }
  }
  if (fit.is_linear()) {
    sd.push_back(fit.sigma);
    variance.push_back(fit.sigma * fit.sigma);
  }
  const std::vector<std::string> variances = r::format(variance, digits), sds = r::format(sd, digits);
  r::TextMatrix table{{}, {"Groups", "Name", "Variance", "Std.Dev."}, {}};
  for (std::size_t k = 1; k < widest; ++k) table.column_names.push_back(k == 1 ? "Corr" : "");
  for (const VarCorr& term : fit.varcorr) {
    for (std::size_t i = 0; i < term.columns.size(); ++i) {
      const std::size_t row = table.cells.size();
      table.cells.push_back({i == 0 ? term.group : "", term.columns[i], variances[row], sds[row]});
      table.row_names.emplace_back();
    }
    add_correlations(term, widest - 1, table.cells);
  }
  if (fit.is_linear()) {
    table.cells.push_back({"Residual", "", variances.back(), sds.back()});
    table.cells.back().resize(table.column_names.size());
    table.row_names.emplace_back();
  }
  return "Random effects:\n" + r::print(table, false);
}

std::string groups(const Fit& fit) {
  std::string text;
  for (const GroupingFactor& factor : fit.model->factors)
    text += fmt::format("{}{}, {}", text.empty() ? "" : "; ", factor.name, factor.levels.size());
  return r::cat_filled({fmt::format("Number of obs: {}, groups: ", fit.rows()), text});
}

std::string fixed_effects(const Fit& fit) {
  if (fit.beta.size() == 0) return "";
  r::Coefficients table;
  table.names = fit.model->fixed_names;
  table.estimate = to_vector(fit.beta);
  for (std::size_t i = 0; i < table.estimate.size(); ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    table.std_error.push_back(std::sqrt(fit.vcov(k, k)));
    table.statistic.push_back(table.estimate[i] / table.std_error[i]);
    // The t values of a linear model have no exact distribution: lme4 gives no p-values.
    if (!fit.is_linear()) table.p_value.push_back(two_sided_p_value(table.statistic[i]));
  }
  if (fit.is_linear()) table.statistic_name = "t value";
  return "\nFixed effects:\n" + r::print(table, digits);
}

std::string correlation_of_fixed_effects(const Fit& fit) {
  const std::vector<std::string>& names = fit.model->fixed_names;
  const std::size_t p = names.size();
  if (p > correlations_shown)
    return fmt::format("\nCorrelation matrix not shown, as p = {} > {}: --json holds vcov\n", p,
                       correlations_shown);
  if (p < 2) return "";
  std::vector<double> rounded;
  for (Eigen::Index j = 0; j < fit.vcov.cols(); ++j)
    for (Eigen::Index i = 0; i < fit.vcov.rows(); ++i)
      rounded.push_back(r::round(fit.vcov(i, j) / std::sqrt(fit.vcov(i, i) * fit.vcov(j, j)), 3));
  const std::vector<std::string> text = r::format(rounded, 7, 3);
  const std::vector<std::string> rows = r::abbreviate(names, 11), columns = r::abbreviate(names, 6);
  r::TextMatrix table{{rows.begin() + 1, rows.end()}, {columns.begin(), columns.end() - 1}, {}};
  for (std::size_t i = 1; i < p; ++i) {
    table.cells.emplace_back();
    for (std::size_t j = 0; j + 1 < p; ++j) table.cells.back().push_back(j < i ? text[i + j * p] : "");
  }
  return "\nCorrelation of Fixed Effects:\n" + r::print(table, false);
}

bool mentions_singularity(const std::vector<std::string>& messages) {
  return std::any_of(messages.begin(), messages.end(),
                     [](const std::string& text) { return text.find("singular") != std::string::npos; });
}

/// What lme4 prints of its optimizer when there is something to say.
std::string convergence(const Fit& fit) {
  std::vector<std::string> messages = fit.messages;
  if (fit.status == Status::singular && !mentions_singularity(messages))
    messages.insert(messages.begin(), "boundary (singular) fit: see help('isSingular')");
  if (messages.empty() && fit.ok()) return "";
  std::string out = fmt::format("optimizer (BFGS) convergence code: {} {}\n", fit.ok() ? 0 : 1,
                                fit.ok() ? "(OK)" : fmt::format("({})", name(fit.status)));
  for (const std::string& text : messages) out += text + "\n";
  return out + "\n";
}

/// Of older lme4, for models whose scale is fixed at 1.
std::string scale(const Fit& fit) {
  if (fit.is_linear()) return "";
  return fmt::format("Estimated scale (compare to 1)  {}\n", r::format(fit.scale(), 7));
}

std::string notes(const Fit& fit) {
  const Model& model = *fit.model;
  std::string out;
  if (model.dropped_rows > 0)
    out += fmt::format("({} observation{} deleted due to missingness)\n", model.dropped_rows,
                       model.dropped_rows == 1 ? "" : "s");
  for (const std::string& text : model.messages) out += text + "\n";
  if (!model.success_level.empty())
    out += fmt::format("Success is the level '{}' of the response\n", model.success_level);
  return out;
}

}  // namespace

std::string summary(const Fit& fit) {
  std::string out = title(fit) + criteria(fit) + residuals(fit) + random_effects(fit) + groups(fit) +
                    fixed_effects(fit) + correlation_of_fixed_effects(fit) + convergence(fit);
  const std::string more = scale(fit) + notes(fit);
  if (!more.empty() && !out.ends_with("\n\n")) out += '\n';
  return out + more;
}

}  // namespace cuglmm
