/// The functions that an expression may call.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/data/operand.hpp"

namespace cuglmm {

/// The arguments of one call, matched to the function's parameters as R matches them.
struct Call {
  Place place;
  std::string name;
  std::vector<std::string> parameters;
  std::vector<std::optional<Operand>> arguments;  ///< parallel to parameters
  std::vector<const Expression*> written;         ///< parallel to parameters: where each was written
  std::vector<Operand> rest;                      ///< what went to `...`
  std::vector<const Expression*> rest_written;
  std::vector<std::string> rest_names;

  bool has(std::size_t k) const { return arguments[k].has_value(); }
  const Operand& operator[](std::size_t k) const { return *arguments[k]; }
  Place where(std::size_t k) const { return written[k] ? place.of(*written[k]) : place; }
  [[noreturn]] void fail(const std::string& what) const { place.fail(what); }

  const std::vector<double>& numbers(std::size_t k) const {
    return numbers_of((*this)[k], where(k), name + "()");
  }
  /// A single number, or the default if the argument is absent.
  double number(std::size_t k, double otherwise) const;
  bool flag(std::size_t k, bool otherwise) const;
  /// The values of an argument as strings; missing ones are an error.
  std::vector<std::string> strings(std::size_t k) const;
};

struct Function {
  /// "x, base =": parameters in order; one without '=' must be given; "..." takes any number.
  std::string parameters;
  Operand (*evaluate)(const Call&);
};

using FunctionTable = std::map<std::string, Function, std::less<>>;

const FunctionTable& functions();

// The table in parts, by subject.
void add_elementwise_functions(FunctionTable& table);  ///< log, sqrt, round, pmin, ifelse, is.na ..
void add_summary_functions(FunctionTable& table);      ///< mean, sd, min, length, scale ..
void add_factor_functions(FunctionTable& table);       ///< factor, relevel, as.character ..
void add_cut(FunctionTable& table);
void add_matrix_functions(FunctionTable& table);  ///< poly, cbind, c

}  // namespace cuglmm
