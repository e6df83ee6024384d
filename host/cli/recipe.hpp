/// What the JSON of a fit remembers so that it can be built again (--fit), and where it may start (--start).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include <cuglmm/model.hpp>
#include <cuglmm/options.hpp>
#include <host/cli/arguments.hpp>

namespace cuglmm::cli {

/// "options" of the JSON: the arguments that make the model.
nlohmann::ordered_json make_recipe(const ModelArguments& arguments, const Family& family);

/// Fills in what was not given on the command line from the JSON of an earlier fit or bootstrap.
void complete(ModelArguments& arguments, const nlohmann::ordered_json& earlier);

/// Starts at theta and beta of an earlier fit. Throws Error if its parameters are others.
void set_start(FitOptions& options, const Model& model, const nlohmann::ordered_json& earlier,
               const std::string& path);

}  // namespace cuglmm::cli
