/// The log beside a bootstrap's CSV: what the job is, the runs that worked on it, and their results.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cuglmm::cli {

using Entries = std::vector<std::pair<std::string, std::string>>;

/// boot.csv, boot.csv.gz -> boot.log
std::string log_path(const std::string& csv);

/// A section "[name]" with a line "key: value" for each entry.
std::string section(const std::string& name, const Entries& entries);

/// A log that begins with this job; there at once or not at all, so that a killed run leaves no half of it.
void write_log(const std::string& path, const Entries& job);
void append_log(const std::string& path, const std::string& text);

/// Throws Error that names what differs, or says that the log is missing, unless the log is of this very job.
void require_same_job(const std::string& path, const std::string& csv, const Entries& job);

}  // namespace cuglmm::cli
