/// JSON of results (interface.md 2 and 3).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include <cuglmm/fit.hpp>
#include <cuglmm/inference.hpp>

namespace cuglmm {

/// What the JSON says of a run beside its results.
struct RunFacts {
  std::string command = "fit";
  double seconds_read = 0;
  nlohmann::ordered_json options =
      nlohmann::ordered_json::object();  ///< what it takes to build the model again
  std::uint64_t seed = 1;                ///< bootstrap
  std::int64_t first = 1;                ///< bootstrap
};

nlohmann::ordered_json fit_json(const Fit& fit, const RunFacts& facts);
nlohmann::ordered_json bootstrap_json(const Fit& fit, const Intervals& intervals, const RunFacts& facts);

/// Indented text; numbers with 17 significant digits, null for those that are not finite; arrays of plain
/// values on one line. Ends with a newline.
std::string write_json(const nlohmann::ordered_json& value);

/// The version of cuglmm: "0.1.0".
std::string version();

}  // namespace cuglmm
