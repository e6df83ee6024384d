#include <host/cli/bootstrap_job.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <cuglmm/error.hpp>
#include <host/engine/engine.hpp>
#include <host/report/json.hpp>

namespace cuglmm::cli {

namespace {

std::string text(const Eigen::VectorXd& x) {
  std::string out;
  for (const double value : x) out += fmt::format("{}{:.17g}", out.empty() ? "" : " ", value);
  return out;
}

std::string now() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

BootstrapJob::BootstrapJob(JobFacts facts, const Fit& fit, const BootstrapOptions& options)
    : facts_(std::move(facts)),
      fit_(fit),
      options_(options),
      log_(log_path(facts_.out)),
      file_(facts_.out, *fit.model, options.first) {}

/// What must agree for a row of this run to equal one of an earlier run. The number of replicates, the
/// threads and the memory limit are not among it; the estimates are, because every replicate is simulated
/// from them.
Entries BootstrapJob::identity() const {
  Entries out{{"cuglmm", "bootstrap"},
              {"version", version()},
              {"data checksum", fmt::format("crc32 {:08x}", facts_.checksum)}};
  for (const auto& [key, value] : facts_.recipe.items())
    if (key != "data") out.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  out.emplace_back("seed", fmt::format("{}", options_.seed));
  out.emplace_back("first", fmt::format("{}", options_.first));
  out.emplace_back("tolerance", fmt::format("{:.17g}", options_.tolerance));
  out.emplace_back("max evaluations", fmt::format("{}", options_.max_evaluations));
  out.emplace_back("SIMD level", simd_level(options_.simd));
  out.emplace_back("theta", text(fit_.theta));
  out.emplace_back("beta", text(fit_.beta));
  return out;
}

std::int64_t BootstrapJob::start(const std::function<void(const Fits&)>& sink) {
  const Entries job = identity();
  std::int64_t before = 0;
  if (facts_.resume && std::filesystem::exists(facts_.out)) {
    require_same_job(log_, facts_.out, job);
    before = file_.resume(options_.replicates, sink);
  } else {
    // In this order, so that at no moment a CSV lies beside the log of another job.
    std::filesystem::remove(facts_.out);
    write_log(log_, job);
    file_.create();
  }
  append_log(
      log_,
      section("run",
              {{"command", facts_.command_line},
               {"data", fit_.model->data_source},
               {"device", fit_.device},
               {"threads", fmt::format("{}", options_.threads > 0 ? options_.threads : hardware_threads())},
               {"memory limit",
                options_.memory_limit > 0 ? fmt::format("{} bytes", options_.memory_limit) : "none"},
               {"started", now()},
               {"replicates asked for", fmt::format("{}", options_.replicates)},
               {"replicates there already", fmt::format("{}", before)}}));
  return before;
}

void BootstrapJob::finish(const BootstrapReport& report, const std::array<std::int64_t, 5>& counts) {
  file_.close();
  Entries result{{"ended", now()}};
  std::int64_t done = 0;
  for (std::size_t s = 0; s < counts.size(); ++s) {
    result.emplace_back(name(static_cast<Status>(s)), fmt::format("{}", counts[s]));
    done += counts[s];
  }
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  result.emplace_back("replicates in the file", fmt::format("{}", done));
  result.emplace_back("complete", done == options_.replicates ? "yes" : "no");
  result.emplace_back("elapsed", fmt::format("{:.3f} s", elapsed));
  result.emplace_back("engine", fmt::format("{:.3f} s", report.seconds));
  result.emplace_back("memory per replicate in flight", fmt::format("{} bytes", report.bytes_per_replicate));
  result.emplace_back("memory in flight", fmt::format("{} bytes", report.bytes_in_flight));
  result.emplace_back("peak resident memory", fmt::format("{:.1f} MB", peak_megabytes()));
  append_log(log_, section("result", result));
}

void require_writable(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "ab");
  if (file == nullptr)
    throw Error(fmt::format("cannot write {}: {}", path, std::strerror(errno)), Error::Kind::io);
  std::fclose(file);
}

}  // namespace cuglmm::cli
