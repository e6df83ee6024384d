#include "host/data/match_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace cuglmm {
namespace {

struct Parameter {
  std::string name;
  bool required;
};

std::vector<Parameter> split_parameters(const std::string& text) {
  std::vector<Parameter> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(", ", at), text.size());
    const std::string word = text.substr(at, comma - at);
    const std::size_t equals = word.find(" =");
    const bool required = equals == std::string::npos && word != "...";
    out.push_back({word.substr(0, equals), required});
    at = comma + 2;
  }
  return out;
}

class Matcher {
 public:
  Matcher(const Function& function, const Place& place)
      : call_{place, place.expression().text, {}, {}, {}, {}, {}, {}} {
    parameters_ = split_parameters(function.parameters);
    for (const Parameter& parameter : parameters_) call_.parameters.push_back(parameter.name);
    call_.arguments.resize(parameters_.size());
    call_.written.resize(parameters_.size());
    const auto dots = std::find(call_.parameters.begin(), call_.parameters.end(), "...");
    dots_ = static_cast<std::size_t>(dots - call_.parameters.begin());
  }

  Call run(std::vector<Operand> values) {
    const Expression& e = call_.place.expression();
    std::vector<bool> done(values.size(), false);
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (!e.argument_names[k].empty()) done[k] = by_name(*e.arguments[k], e.argument_names[k], values[k]);
    }
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (!done[k]) by_position(*e.arguments[k], e.argument_names[k], values[k]);
    }
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
      if (!parameters_[p].required || call_.has(p)) continue;
      call_.fail(fmt::format("{}() needs its argument '{}'", call_.name, parameters_[p].name));
    }
    return std::move(call_);
  }

 private:
  void give(std::size_t parameter, const Expression& written, Operand& value) {
    if (call_.has(parameter)) {
      call_.place.of(written).fail(
          fmt::format("the argument '{}' of {}() is given twice", call_.parameters[parameter], call_.name));
    }
    call_.arguments[parameter] = std::move(value);
    call_.written[parameter] = &written;
  }

  /// Parameters after `...` must be named in full, as in R.
  std::size_t find(const std::string& name) const {
    const auto exact = std::find(call_.parameters.begin(), call_.parameters.end(), name);
    if (exact != call_.parameters.end()) return static_cast<std::size_t>(exact - call_.parameters.begin());
    std::size_t found = parameters_.size();
    for (std::size_t p = 0; p < dots_; ++p) {
      if (call_.parameters[p].compare(0, name.size(), name) != 0) continue;
      if (found != parameters_.size()) return parameters_.size();
      found = p;
    }
    return found;
  }

  bool by_name(const Expression& written, const std::string& name, Operand& value) {
    const std::size_t parameter = find(name);
    if (parameter < parameters_.size()) {
      give(parameter, written, value);
      return true;
    }
    if (dots_ < parameters_.size()) return false;
    call_.place.of(written).fail(
        fmt::format("{}() has no argument '{}'; its arguments are {}", call_.name, name, list()));
  }

  void by_position(const Expression& written, const std::string& name, Operand& value) {
    for (std::size_t p = 0; p < dots_; ++p) {
      if (call_.has(p)) continue;
      return give(p, written, value);
    }
    if (dots_ == parameters_.size()) {
      call_.place.of(written).fail(
          fmt::format("too many arguments; those of {}() are {}", call_.name, list()));
    }
    call_.rest.push_back(std::move(value));
    call_.rest_written.push_back(&written);
    call_.rest_names.push_back(name);
  }

  std::string list() const {
    std::string out;
    for (const Parameter& parameter : parameters_) out += (out.empty() ? "" : ", ") + parameter.name;
    return out;
  }

  Call call_;
  std::vector<Parameter> parameters_;
  std::size_t dots_ = 0;
};

}  // namespace

Call match_arguments(const Function& function, const Place& place, std::vector<Operand> values) {
  return Matcher(function, place).run(std::move(values));
}

double Call::number(std::size_t k, double otherwise) const {
  if (!has(k)) return otherwise;
  const std::vector<double>& values = numbers(k);
  if (values.size() != 1)
    where(k).fail(fmt::format("the argument '{}' of {}() is a single number", parameters[k], name));
  return values[0];
}

bool Call::flag(std::size_t k, bool otherwise) const {
  const double value = number(k, otherwise ? 1 : 0);
  if (std::isnan(value))
    where(k).fail(fmt::format("the argument '{}' of {}() is TRUE or FALSE", parameters[k], name));
  return value != 0;
}

std::vector<std::string> Call::strings(std::size_t k) const {
  const Operand& operand = (*this)[k];
  if (operand.is_matrix())
    where(k).fail(fmt::format("the argument '{}' of {}() is a list c(..)", parameters[k], name));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < operand.size(); ++i) {
    if (operand.column().missing(i)) {
      where(k).fail(fmt::format("a value of the argument '{}' of {}() is missing", parameters[k], name));
    }
    out.push_back(text_of(operand.column(), i));
  }
  return out;
}

}  // namespace cuglmm
