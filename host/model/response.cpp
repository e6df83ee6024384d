#include "host/model/response.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "cuglmm/error.hpp"

namespace cuglmm {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

bool whole(double value) {
  return std::abs(value - std::round(value)) <= 1e-7 * std::max(1.0, std::abs(value));
}

/// Turns one variable of the frame into a Response.
class Reader {
 public:
  Reader(const Frame& frame, std::string name, const Family& family, VectorXd weights)
      : frame_(frame), name_(std::move(name)), family_(family), value_(frame[name_]) {
    out_.weights = std::move(weights);
  }

  Response read() {
    if (family_.kind == FamilyKind::binomial) {
      binomial();
    } else {
      numeric();
    }
    // lmer goes on with a residual variance of 1e-34 and criteria that mean nothing.
    if ((out_.y.array() == out_.y(0)).all()) {
      throw Error(
          fmt::format("the response '{}' is constant ({}): there is nothing to fit", name_, out_.y(0)));
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& need, Index i, double value) const {
    throw Error(fmt::format("the response of family {} must be {}, but '{}' is {} in {}", family_.name(),
                            need, name_, value, frame_.where(i)));
  }

  /// The first row where the test fails is an error.
  template <class Test>
  void require(const VectorXd& y, const std::string& need, Test test) const {
    for (Index i = 0; i < y.size(); ++i) {
      if (!test(y(i))) fail(need, i, y(i));
    }
  }

  VectorXd numbers(const Column& column) const {
    return Eigen::Map<const VectorXd>(column.numbers.data(), static_cast<Index>(column.numbers.size()));
  }

  void binomial() {
    if (value_.is_matrix || value_.columns.size() > 1) return counts();
    const Column& column = value_.columns[0];
    if (column.is_factor()) {
      two_levels(column);
    } else {
      proportions(column);
    }
  }

  void two_levels(const Column& column) {
    const std::size_t levels = column.levels.size();
    if (levels == 1) {
      throw Error(
          fmt::format("the response '{}' has one level in the rows used ('{}'); family binomial needs two",
                      name_, column.levels[0]));
    }
    if (levels > 2) {
      throw Error(
          fmt::format("the response '{0}' has {1} levels, family binomial needs two: say which is a success, "
                      "e.g. --mutate 'success = {0} == \"{2}\"'",
                      name_, levels, column.levels.back()));
    }
    out_.y.resize(frame_.rows());
    for (Index i = 0; i < out_.y.size(); ++i) out_.y(i) = column.codes[static_cast<std::size_t>(i)];
    out_.success_level = column.levels[1];
    warn_non_integer();
  }

  void proportions(const Column& column) {
    out_.y = numbers(column);
    for (Index i = 0; i < out_.y.size(); ++i) {
      if (out_.weights(i) == 0) out_.y(i) = 0;  // as R: no trials, no matter
      if (out_.y(i) >= 0 && out_.y(i) <= 1) continue;
      throw Error(fmt::format(
          "the response of family binomial must be 0 <= y <= 1, but '{}' is {} in {}; code it as 0 "
          "and 1 (--mutate 'success = {} >= ..'), or give counts as cbind(successes, failures)",
          name_, out_.y(i), frame_.where(i), name_));
    }
    warn_non_integer();
  }

  void counts() {
    if (value_.columns.size() != 2 || value_.columns[0].is_factor() || value_.columns[1].is_factor()) {
      throw Error(
          fmt::format("the response '{}' of family binomial needs two columns of counts: "
                      "cbind(successes, failures)",
                      name_));
    }
    const VectorXd successes = numbers(value_.columns[0]), failures = numbers(value_.columns[1]);
    const auto count = [](double value) { return value >= 0 && whole(value); };
    for (Index i = 0; i < successes.size(); ++i) {
      if (count(successes(i)) && count(failures(i))) continue;
      throw Error(fmt::format(
          "'{}' must give whole numbers of successes and failures, 0 or more, but gives {} and {} "
          "in {}",
          name_, successes(i), failures(i), frame_.where(i)));
    }
    const VectorXd trials = successes + failures;
    out_.y = (trials.array() > 0).select(successes.array() / trials.array(), 0.0);
    out_.weights.array() *= trials.array();
    if ((out_.weights.array() == 0).all()) throw Error(fmt::format("'{}' has no trials in any row", name_));
  }

  /// The likelihood takes any real number of successes; lme4 warns, as most often the weights are not the
  /// trials.
  void warn_non_integer() {
    for (Index i = 0; i < out_.y.size(); ++i) {
      const double successes = out_.y(i) * out_.weights(i);
      if (std::abs(successes - std::round(successes)) <= 1e-6) continue;
      out_.messages.push_back(fmt::format(
          "non-integer #successes in a binomial glm! {} * weight is {} in {}; for a proportion, --weights "
          "must be the number of trials",
          name_, successes, frame_.where(i)));
      return;
    }
  }

  /// The family that is the default may just have been forgotten.
  [[noreturn]] void no_numbers() const {
    const bool factor = value_.columns[0].is_factor(), gaussian = family_.kind == FamilyKind::gaussian;
    std::string hint;
    if (gaussian && factor)
      hint = "; give --family binomial for one of two levels, or --numeric COL to read numbers";
    if (gaussian && value_.columns.size() == 2) hint = "; give --family binomial for successes and failures";
    throw Error(fmt::format("the response '{}' of family {} must be one column of numbers{}{}", name_,
                            family_.name(), factor ? ", and is a factor" : "", hint));
  }

  void numeric() {
    if (value_.columns.size() != 1 || value_.columns[0].is_factor()) no_numbers();
    out_.y = numbers(value_.columns[0]);
    switch (family_.kind) {
      case FamilyKind::poisson:
      case FamilyKind::negative_binomial:
        return require(out_.y, "a count (a whole number, 0 or more)",
                       [](double value) { return value >= 0 && whole(value); });
      case FamilyKind::gamma:
      case FamilyKind::inverse_gaussian:
        return require(out_.y, "positive", [](double value) { return value > 0; });
      default:
        return;
    }
  }

  const Frame& frame_;
  std::string name_;
  const Family& family_;
  const Value& value_;
  Response out_;
};

}  // namespace

Response make_response(const Frame& frame, const std::string& name, const Family& family, VectorXd weights) {
  return Reader(frame, name, family, std::move(weights)).read();
}

}  // namespace cuglmm
