/// Times and memory, as the benchmark programs report them.
#pragma once

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bench {

using Json = nlohmann::ordered_json;

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Median, fastest and slowest of several times, each divided by `per`.
inline Json spread(std::vector<double> seconds, double per = 1) {
  std::sort(seconds.begin(), seconds.end());
  return {{"seconds", seconds[seconds.size() / 2] / per},
          {"fastest", seconds.front() / per},
          {"slowest", seconds.back() / per}};
}

/// Runs `work` once to warm up, then `runs` times; what takes longer than `patience` seconds to warm up is
/// not run again.
template <class Work>
std::vector<double> times(int runs, Work work, double patience = 1e9) {
  std::vector<double> seconds;
  for (int i = 0; i <= runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    seconds.push_back(seconds_since(start));
    if (seconds.front() > patience) return seconds;
  }
  seconds.erase(seconds.begin());
  return seconds;
}

/// "AMD EPYC ..."
std::string processor();
/// The largest resident set of this process so far.
double peak_megabytes();
/// One JSON line on standard output.
void print(Json line, const Json& more = Json::object());

}  // namespace bench
