#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "cuglmm/error.hpp"
#include "host/data/expression.hpp"
#include "host/data/factor.hpp"
#include "host/data/functions.hpp"
#include "host/data/match_arguments.hpp"
#include "host/data/operand.hpp"
#include "host/data/precedence.hpp"

namespace cuglmm {
namespace {

class Evaluator {
 public:
  Evaluator(const Data& data, std::string_view source) : data_(data), source_(source) {}

  Operand evaluate(const Expression& e) const {
    switch (e.kind) {
      case Expression::Kind::number:
        return make_number(e.number);
      case Expression::Kind::string:
        return make_text({e.text});
      case Expression::Kind::name:
        return variable(e);
      case Expression::Kind::call:
        break;
    }
    if (e.text == "(" && e.arguments.size() == 1) return evaluate(*e.arguments[0]);
    if (e.arguments.size() == 2 && binary_precedence(e.text) > 0) return binary(e);
    if (e.arguments.size() == 1 && unary_precedence(e.text) > 0 && e.text != "~") {
      return negate(evaluate(*e.arguments[0]), place(e));
    }
    return function(e);
  }

 private:
  Place place(const Expression& e) const { return Place(e, source_); }

  Operand variable(const Expression& e) const {
    const auto constant = [](double value) { return make_numbers({value}, Column::Type::logical); };
    if (e.text == "TRUE") return constant(1);
    if (e.text == "FALSE") return constant(0);
    if (e.text == "NA") return constant(std::numeric_limits<double>::quiet_NaN());
    if (e.text == "NaN") return make_number(std::numeric_limits<double>::quiet_NaN());
    if (e.text == "Inf") return make_number(std::numeric_limits<double>::infinity());
    if (const Column* column = data_.find(e.text)) return make_operand(*column);
    if (e.text == "pi") return make_number(std::numbers::pi);
    if (e.text == "T" || e.text == "F") {
      place(e).fail(fmt::format("no column '{}' in {}; the constant is written {}", e.text, data_.source(),
                                e.text == "T" ? "TRUE" : "FALSE"));
    }
    try {
      return make_operand(data_.column(e.text));
    } catch (const Error& unknown) {
      place(e).fail(unknown.what());
    }
  }

  Operand binary(const Expression& e) const {
    if (e.text == "~") place(e).fail("'~' belongs in a model formula, not in an expression");
    const Operand a = evaluate(*e.arguments[0]), b = evaluate(*e.arguments[1]);
    if (e.text == "%in%") return is_in(a, b, place(e));
    if (e.text == ":") return colon(a, b, place(e));
    const int level = binary_precedence(e.text);
    if (level == comparison_precedence) return compare(a, b, place(e));
    if (e.text[0] == '&' || e.text[0] == '|') return logical(a, b, place(e));
    return arithmetic(a, b, place(e));
  }

  Operand function(const Expression& e) const {
    const auto found = functions().find(e.text);
    if (found == functions().end()) unknown_function(e);
    std::vector<Operand> values;
    for (const ExpressionPtr& argument : e.arguments) values.push_back(evaluate(*argument));
    return found->second.evaluate(match_arguments(found->second, place(e), std::move(values)));
  }

  [[noreturn]] void unknown_function(const Expression& e) const {
    std::vector<std::string> names;
    for (const auto& [name, function] : functions()) names.push_back(name);
    std::string near = nearest(e.text, names);
    if (near.empty()) {
      std::string all;
      for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
      place(e).fail(fmt::format("no function '{}'; there are {}", e.text, all));
    }
    place(e).fail(fmt::format("no function '{}'; did you mean '{}'?", e.text, near));
  }

  const Data& data_;
  std::string_view source_;
};

void recycle(Column& column, std::size_t rows) {
  if (column.size() == rows || column.size() != 1) return;
  if (column.is_factor()) {
    column.codes.assign(rows, int{column.codes[0]});
  } else {
    column.numbers.assign(rows, double{column.numbers[0]});
  }
}

}  // namespace

Value evaluate(const Expression& expression, const Data& data, std::string_view source) {
  Operand result = Evaluator(data, source).evaluate(expression);
  for (Column& column : result.value.columns) {
    recycle(column, data.rows());
    if (column.size() != data.rows()) {
      Place(expression, source)
          .fail(fmt::format("this has {} values, but {} has {} rows", column.size(), data.source(),
                            data.rows()));
    }
    if (result.is_text) sort_and_drop_levels(column);
    if (!result.value.is_matrix) column.name = deparse(expression);
  }
  return std::move(result.value);
}

}  // namespace cuglmm
