#include "cuglmm/model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cuglmm/error.hpp"
#include "host/data/expression.hpp"
#include "host/formula/syntax.hpp"
#include "host/formula/terms.hpp"
#include "host/model/frame.hpp"
#include "host/model/grouping.hpp"
#include "host/model/identifiability.hpp"
#include "host/model/model_matrix.hpp"
#include "host/model/response.hpp"

namespace cuglmm {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

/// A formula and options as the variables and terms they are made of.
struct Parts {
  Terms fixed;
  std::vector<Terms> random;  ///< per term of the formula
  ExpressionPtr weights, offset;
};

Parts take_apart(const Formula& formula, const ModelOptions& options) {
  Parts parts;
  parts.fixed = expand_terms(formula.fixed(), formula.text());
  for (const Formula::RandomEffects& term : formula.random()) {
    parts.random.push_back(expand_terms(term.effects, formula.text()));
  }
  if (!options.weights.empty()) parts.weights = parse_expression(options.weights);
  if (!options.offset.empty()) parts.offset = parse_expression(options.offset);
  return parts;
}

Frame make_frame(const Formula& formula, const Parts& parts, const Data& data, const ModelOptions& options) {
  Frame frame(data);
  frame.add(formula.response(), formula.text());
  for (const ExpressionPtr& variable : parts.fixed.variables) frame.add(variable, formula.text());
  for (std::size_t j = 0; j < parts.random.size(); ++j) {
    for (const ExpressionPtr& variable : parts.random[j].variables) frame.add(variable, formula.text());
    const Formula::RandomEffects& term = formula.random()[j];
    for (const std::string& name : term.group) {
      frame.add(make_name(name, formula.text().find(name, term.position)), formula.text());
    }
  }
  for (const ExpressionPtr& offset : formula.offsets()) frame.add(offset, formula.text());
  if (parts.weights) frame.add(parts.weights, options.weights);
  if (parts.offset) frame.add(parts.offset, options.offset);
  frame.finish(options.fail_on_missing);
  return frame;
}

/// One column of numbers; `what` is "weights" or "offset".
VectorXd numbers(const Frame& frame, const Expression& expression, const char* what) {
  const std::string name = deparse(expression);
  const Value& value = frame[name];
  if (value.columns.size() != 1 || value.columns[0].is_factor()) {
    throw Error(fmt::format("the {} must be one column of numbers, and '{}' is not", what, name));
  }
  return Eigen::Map<const VectorXd>(value.columns[0].numbers.data(), frame.rows());
}

/// Has a dispersion of its own: the variance of row i is phi/p_i times that of the family.
bool free_dispersion(const Family& family) {
  return family.kind == FamilyKind::gaussian || family.kind == FamilyKind::gamma ||
         family.kind == FamilyKind::inverse_gaussian;
}

VectorXd prior_weights(const Frame& frame, const ExpressionPtr& expression, const Family& family) {
  if (!expression) return VectorXd::Ones(frame.rows());
  VectorXd weights = numbers(frame, *expression, "weights");
  for (Index i = 0; i < weights.size(); ++i) {
    if (weights(i) > 0) continue;
    if (weights(i) == 0 && !free_dispersion(family)) continue;
    if (weights(i) == 0) {
      // lmer counts such a row, and its criterion is Inf.
      throw Error(
          fmt::format("zero weight: '{0}' is 0 in {1}, so family {2} gives that row an infinite variance; "
                      "leave such rows out (--filter '{0} > 0')",
                      deparse(*expression), frame.where(i), family.name()));
    }
    throw Error(
        fmt::format("negative weight: '{}' is {} in {}", deparse(*expression), weights(i), frame.where(i)));
  }
  if ((weights.array() == 0).all()) {
    throw Error(fmt::format("the weights '{}' are all zero", deparse(*expression)));
  }
  return weights;
}

VectorXd total_offset(const Frame& frame, const Formula& formula, const ExpressionPtr& option) {
  VectorXd offset = VectorXd::Zero(frame.rows());
  for (const ExpressionPtr& term : formula.offsets()) offset += numbers(frame, *term, "offset");
  if (option) offset += numbers(frame, *option, "offset");
  return offset;
}

/// The contrasts option by R's names of variables; what has no use is a message, what is no column an error.
std::map<std::string, Contrasts> named_contrasts(const ModelOptions& options, const Terms& fixed,
                                                 const Data& data, std::vector<std::string>& messages) {
  std::map<std::string, Contrasts> out;
  for (const auto& [name, kind] : options.contrasts) {
    const std::string variable = data.find(name) ? deparse(*make_name(name, 0)) : name;
    if (std::find(fixed.names.begin(), fixed.names.end(), variable) != fixed.names.end()) {
      out[variable] = kind;
      continue;
    }
    data.column(name);
    messages.push_back(
        fmt::format("variable '{}' is absent from the fixed effects, its contrasts are ignored", name));
  }
  return out;
}

int add_factor(std::vector<GroupingFactor>& factors, GroupingFactor factor) {
  const auto known = std::find_if(factors.begin(), factors.end(),
                                  [&](const GroupingFactor& f) { return f.name == factor.name; });
  if (known != factors.end()) return static_cast<int>(known - factors.begin());
  factors.push_back(std::move(factor));
  return static_cast<int>(factors.size()) - 1;
}

void set_response(Model& model, const Frame& frame, const Parts& parts) {
  Response response = make_response(frame, deparse(*model.formula.response()), model.family,
                                    prior_weights(frame, parts.weights, model.family));
  model.y = std::move(response.y);
  model.weights = std::move(response.weights);
  model.success_level = std::move(response.success_level);
  model.messages = std::move(response.messages);
}

void set_fixed_effects(Model& model, const Frame& frame, const Terms& terms,
                       const std::map<std::string, Contrasts>& contrasts) {
  ModelMatrix fixed = model_matrix(terms, frame, contrasts);
  const std::vector<Index> aliased = aliased_columns(fixed.matrix);
  if (!aliased.empty()) {
    model.dropped_columns = drop_columns(fixed, aliased);
    const char* s = aliased.size() > 1 ? "s" : "";
    model.messages.push_back(
        fmt::format("fixed-effect model matrix is rank deficient so dropping {} column{} / coefficient{}: {}",
                    aliased.size(), s, s, fmt::join(model.dropped_columns, ", ")));
  }
  model.X = std::move(fixed.matrix);
  model.fixed_names = std::move(fixed.names);
}

void set_random_effects(Model& model, const Frame& frame, const std::vector<Terms>& terms) {
  const std::vector<Formula::RandomEffects>& sources = model.formula.random();
  std::vector<GroupingFactor> groups;
  std::vector<std::size_t> levels;
  for (const Formula::RandomEffects& source : sources) {
    groups.push_back(grouping_factor(source, frame));
    levels.push_back(groups.back().levels.size());
  }
  std::vector<std::string> names;
  for (const std::size_t j : lme4_order(levels)) {
    // lme4 gives the contrasts option to X only: Z always has the default contrasts.
    ModelMatrix Z = model_matrix(terms[j], frame, {});
    RandomTerm term{0, std::move(Z.names), std::move(Z.matrix)};
    names.push_back(fmt::format("({} | {})", deparse(*sources[j].effects), sources[j].label));
    term.factor = add_factor(model.factors, std::move(groups[j]));
    model.terms.push_back(std::move(term));
  }
  check_identifiability(model, names);
}

}  // namespace

Model::Model(const Formula& f, const Data& data, const Family& response_family, const ModelOptions& options)
    : formula(f),
      family(response_family),
      data_source(data.source()),
      weights_expression(options.weights),
      offset_expression(options.offset) {
  const Parts parts = take_apart(formula, options);
  const Frame frame = make_frame(formula, parts, data, options);
  row_numbers = frame.row_numbers();
  dropped_rows = frame.dropped_rows();
  offset = total_offset(frame, formula, parts.offset);
  set_response(*this, frame, parts);
  set_fixed_effects(*this, frame, parts.fixed, named_contrasts(options, parts.fixed, data, messages));
  set_random_effects(*this, frame, parts.random);
}

int Model::theta_size() const {
  int size = 0;
  for (const RandomTerm& term : terms) size += term.theta_size();
  return size;
}

std::vector<std::string> Model::theta_names() const {
  std::vector<std::string> names;
  for (const RandomTerm& term : terms) {
    const std::string& group = factors[static_cast<std::size_t>(term.factor)].name;
    for (std::size_t c = 0; c < term.columns.size(); ++c) {
      names.push_back(group + "." + term.columns[c]);
      for (std::size_t r = c + 1; r < term.columns.size(); ++r) {
        names.push_back(group + "." + term.columns[r] + "." + term.columns[c]);
      }
    }
  }
  return names;
}

}  // namespace cuglmm
