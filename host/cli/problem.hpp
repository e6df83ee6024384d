/// From arguments to a model that can be fitted.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include <cuglmm/data.hpp>
#include <cuglmm/model.hpp>
#include <cuglmm/options.hpp>
#include <host/cli/arguments.hpp>

namespace cuglmm::cli {

/// A model ready to fit, and where it came from.
struct Problem {
  std::shared_ptr<const Model> model;
  FitOptions options;
  std::uint32_t checksum = 0;     ///< of the data file
  double seconds_read = 0;        ///< reading the data and building the model
  nlohmann::ordered_json recipe;  ///< what it takes to build the model again: "options" of the JSON
};

/// Reads the data and applies --mutate and --filter.
Data load_data(const std::string& path, const ReadArguments& arguments);

/// What the arguments mean together with --fit. Throws Error for what is missing, unknown or not supported
/// yet.
Problem load(ModelArguments model, const EngineArguments& engine);

/// Reads a JSON file; Error (io) if it cannot be read, Error with its line if it is not JSON.
nlohmann::ordered_json read_json(const std::string& path);

}  // namespace cuglmm::cli
