/// A bootstrap with files: the CSV, the log beside it, and going on after an interruption.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include <cuglmm/fit.hpp>
#include <cuglmm/options.hpp>
#include <host/cli/job_log.hpp>
#include <host/cli/replicate_file.hpp>

namespace cuglmm::cli {

struct JobFacts {
  std::string out, command_line;
  bool resume = false;
  std::uint32_t checksum = 0;     ///< of the data
  nlohmann::ordered_json recipe;  ///< what makes the model
};

class BootstrapJob {
 public:
  BootstrapJob(JobFacts facts, const Fit& fit, const BootstrapOptions& options);

  /// Opens the files; replicates that are there already go to sink. Returns their number.
  std::int64_t start(const std::function<void(const Fits&)>& sink);
  void add(const Fits& block) { file_.append(block); }
  /// Closes the CSV and adds the results to the log.
  void finish(const BootstrapReport& report, const std::array<std::int64_t, 5>& counts);

 private:
  Entries identity() const;

  JobFacts facts_;
  const Fit& fit_;
  BootstrapOptions options_;
  std::string log_;
  ReplicateFile file_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// Throws Error (io) if the file cannot be written.
void require_writable(const std::string& path);

}  // namespace cuglmm::cli
