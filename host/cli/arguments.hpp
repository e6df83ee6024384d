/// The options of the command line, as given: one struct per table of interface.md.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cuglmm::cli {

struct ReadArguments {
  std::vector<std::string> mutate, factor, ordered, numeric, levels;
  std::string filter;
};

struct ModelArguments {
  std::string formula, data, fit;
  ReadArguments read;
  std::string family, link, weights, offset, start;
  std::string se, missing;  ///< "": the default, or what --fit says
  std::string hessian = "auto", dispersion = "ml";
  std::vector<std::string> contrasts;
  std::optional<int> nagq;
  bool ml = false, reml = false;  ///< neither: the default, or what --fit says
};

struct EngineArguments {
  std::string device = "auto", simd = "auto", memory_limit;
  int threads = 0, max_evaluations = 200;
  std::optional<double> tolerance;  ///< else a fit's or a bootstrap's own
};

struct OutputArguments {
  std::string json;
  bool quiet = false, verbose = false;
};

void add_options(CLI::App& command, ReadArguments& arguments);
void add_options(CLI::App& command, ModelArguments& arguments);
void add_options(CLI::App& command, EngineArguments& arguments);
void add_options(CLI::App& command, OutputArguments& arguments);

/// "500M", "2G", "1.5GiB", "4096": bytes; units are powers of 1024.
std::uint64_t parse_size(const std::string& text, const std::string& option);

}  // namespace cuglmm::cli
