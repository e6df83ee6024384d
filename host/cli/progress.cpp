#include <host/cli/progress.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>

namespace cuglmm::cli {

namespace {

/// Set on whichever thread the signal comes to, read by the others.
std::atomic<int> signal_number = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may not lock");

void remember(int number) { signal_number = number; }

}  // namespace

Progress::Progress(std::int64_t total, bool quiet)
    : total_(total), quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0) {}

std::string Progress::text(std::int64_t done, double elapsed) const {
  const double share = total_ > 0 ? static_cast<double>(done) / static_cast<double>(total_) : 1;
  const double rate = elapsed > 0 ? static_cast<double>(done) / elapsed : 0;
  std::string out = fmt::format("{} of {} ({:.0f} %), {:.0f}/s", done, total_, std::floor(100 * share), rate);
  if (rate > 0 && done < total_)
    out += fmt::format(", {} left", duration(static_cast<double>(total_ - done) / rate));
  return out;
}

void Progress::show(std::int64_t done) {
  const auto now = Clock::now();
  const double interval = terminal_ ? 0.1 : 10;  // seconds
  auto last = last_.load();
  if (quiet_ || std::chrono::duration<double>(now - last).count() < interval) return;
  if (!last_.compare_exchange_strong(last, now)) return;  // another thread shows it
  const std::string line = text(done, std::chrono::duration<double>(now - start_).count());
  if (!terminal_) return fmt::print(stderr, "{}\n", line);
  constexpr std::int64_t width = 24;
  const auto filled =
      static_cast<std::size_t>(std::min(width, width * done / std::max<std::int64_t>(1, total_)));
  fmt::print(stderr, "\r[{:<{}}] {}\033[K", std::string(filled, '#'), width, line);
  std::fflush(stderr);
}

void Progress::finish(std::int64_t done) {
  if (quiet_) return;
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  fmt::print(stderr, "{}{} replicates in {}, {:.0f}/s\n", terminal_ ? "\r\033[K" : "", done,
             duration(elapsed), elapsed > 0 ? static_cast<double>(done) / elapsed : 0);
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int caught_signal() { return signal_number; }

std::string duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  if (s < 120) return fmt::format("{} s", s);
  if (s < 7200) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
}

}  // namespace cuglmm::cli
