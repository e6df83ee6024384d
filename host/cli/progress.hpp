/// Progress on standard error, and a clean stop on a signal.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace cuglmm::cli {

/// A bar with rate and time left on a terminal, a line every 10 seconds otherwise, nothing if quiet.
class Progress {
 public:
  Progress(std::int64_t total, bool quiet);
  void show(std::int64_t done);  ///< may be called from several threads at once
  void finish(std::int64_t done);

 private:
  using Clock = std::chrono::steady_clock;
  std::string text(std::int64_t done, double elapsed) const;

  std::int64_t total_;
  bool quiet_, terminal_;
  Clock::time_point start_ = Clock::now();
  std::atomic<Clock::time_point> last_{start_};
};

/// From here on SIGINT and SIGTERM ask for a stop; the second one ends the program at once.
void catch_signals();
/// The signal that came, 0 if none did.
int caught_signal();

/// "12 s", "3 min 20 s", "5 h 10 min"
std::string duration(double seconds);

}  // namespace cuglmm::cli
