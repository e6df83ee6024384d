#include "host/model/identifiability.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cuglmm/error.hpp"
#include "host/model/grouping.hpp"
#include "host/model/model_matrix.hpp"

namespace cuglmm {
namespace {

using Eigen::Index;

const GroupingFactor& factor_of(const Model& model, const RandomTerm& term) {
  return model.factors[static_cast<std::size_t>(term.factor)];
}

/// A linear model has a residual variance, which an effect of each row could take over.
void require_residual(const Model& model) {
  std::vector<std::string> too_fine;
  for (const GroupingFactor& factor : model.factors) {
    if (static_cast<std::int64_t>(factor.levels.size()) >= model.rows()) too_fine.push_back(factor.name);
  }
  if (!too_fine.empty()) {
    throw Error(fmt::format(
        "number of levels of each grouping factor must be < number of observations (problems: {}): its "
        "variance and the residual variance are one and the same; leave the term out",
        fmt::join(too_fine, ", ")));
  }
  if (model.X.cols() >= model.rows()) {
    throw Error(
        fmt::format("number of observations (={}) <= number of fixed effects (={}): nothing is left to "
                    "estimate variances from; simplify the fixed effects",
                    model.rows(), model.X.cols()));
  }
}

void require_enough_rows(const Model& model, const std::vector<std::string>& terms) {
  const std::int64_t rows = model.rows();
  for (std::size_t j = 0; j < terms.size(); ++j) {
    const auto levels = static_cast<std::int64_t>(factor_of(model, model.terms[j]).levels.size());
    const std::int64_t effects = levels * model.terms[j].size();
    if (model.is_linear() ? rows > effects : rows >= effects) continue;
    throw Error(fmt::format(
        "number of observations (={}) {} number of random effects (={}) for term {}; the random-effects "
        "parameters {}are probably unidentifiable: simplify the term",
        rows, model.is_linear() ? "<=" : "<", effects, terms[j],
        model.is_linear() ? "and the residual variance (or scale parameter) " : ""));
  }
}

/// An effect of each row is how overdispersion is modelled in a GLMM; 0/1 responses cannot show any.
void tell_of_effects_of_rows(Model& model) {
  for (const GroupingFactor& factor : model.factors) {
    if (static_cast<std::int64_t>(factor.levels.size()) < model.rows()) continue;
    const bool binary = model.family.kind == FamilyKind::binomial && model.weights.maxCoeff() <= 1;
    model.messages.push_back(fmt::format(
        "grouping factor '{}' has a level for each observation, so its effects model overdispersion{}",
        factor.name, binary ? "; 0/1 responses tell next to nothing of it" : ""));
  }
}

/// Do two factors put the rows into the same groups, whatever the levels are called?
bool same_groups(const GroupingFactor& a, const GroupingFactor& b) {
  return a.levels.size() == b.levels.size() && nested(a, b);
}

/// Is some combination of the effects of one term one of the other's too? Its variance may then be moved
/// from one covariance matrix to the other.
bool share_an_effect(const RandomTerm& a, const RandomTerm& b) {
  Eigen::MatrixXd both(a.Z.rows(), a.Z.cols() + b.Z.cols());
  both << a.Z, b.Z;
  return aliased_columns(both).size() > aliased_columns(a.Z).size() + aliased_columns(b.Z).size();
}

void tell_of_terms_said_twice(Model& model, const std::vector<std::string>& terms) {
  for (std::size_t j = 1; j < terms.size(); ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      const RandomTerm &a = model.terms[i], &b = model.terms[j];
      const GroupingFactor &f = factor_of(model, a), &g = factor_of(model, b);
      if (!same_groups(f, g) || !share_an_effect(a, b)) continue;
      const std::string why =
          a.factor == b.factor
              ? fmt::format("share an effect of '{}'", f.name)
              : fmt::format("share an effect, and '{}' and '{}' group the rows alike", f.name, g.name);
      model.messages.push_back(
          fmt::format("terms {} and {} {}: only the sum of its two variances is identified; leave it out of "
                      "one of them",
                      terms[i], terms[j], why));
    }
  }
}

}  // namespace

void check_identifiability(Model& model, const std::vector<std::string>& terms) {
  if (model.is_linear()) require_residual(model);
  require_enough_rows(model, terms);
  if (!model.is_linear()) tell_of_effects_of_rows(model);
  tell_of_terms_said_twice(model, terms);
}

}  // namespace cuglmm
