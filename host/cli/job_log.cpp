#include <host/cli/job_log.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>

#include <cuglmm/error.hpp>
#include <host/report/output_file.hpp>

namespace cuglmm::cli {

namespace {

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

/// The entries of [job], empty if there is no complete one.
std::map<std::string, std::string> read_job(const std::string& path) {
  std::map<std::string, std::string> out;
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line != "[job]") return {};
  while (std::getline(file, line)) {
    if (line.empty()) return out;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) out[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return {};
}

}  // namespace

std::string log_path(const std::string& csv) {
  std::string out = csv;
  for (const char* suffix : {".gz", ".csv"})
    if (out.ends_with(suffix)) out.resize(out.size() - std::strlen(suffix));
  return out + ".log";
}

std::string section(const std::string& name, const Entries& entries) {
  std::string out = fmt::format("[{}]\n", name);
  for (const auto& [key, value] : entries) out += fmt::format("{}: {}\n", key, one_line(value));
  return out + "\n";
}

void write_log(const std::string& path, const Entries& job) {
  const std::string part = path + ".part";
  OutputFile file(part);
  file.write(section("job", job));
  file.close();
  if (std::rename(part.c_str(), path.c_str()) != 0)
    throw Error(fmt::format("cannot write {}: {}", path, std::strerror(errno)), Error::Kind::io);
}

void append_log(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::app);
  if (!(file << text << std::flush)) throw Error(fmt::format("cannot write {}", path), Error::Kind::io);
}

void require_same_job(const std::string& path, const std::string& csv, const Entries& job) {
  const std::map<std::string, std::string> before = read_job(path);
  if (before.empty())
    throw Error(fmt::format(
        "--resume: {} is there, but {} does not say what made it; without --resume it is overwritten", csv,
        path));
  for (const auto& [key, value] : job) {
    const auto found = before.find(key);
    const std::string old = found == before.end() ? "" : found->second;
    if (old != one_line(value))
      throw Error(
          fmt::format("--resume: {} was made with another {}: '{}', now '{}'\n"
                      "resume with the same, or leave --resume out to overwrite it",
                      csv, key, old, one_line(value)));
  }
}

}  // namespace cuglmm::cli
