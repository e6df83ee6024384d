/// A command run as a user runs it, timed from start to end.
#pragma once

#include <string>

namespace bench {

struct Run {
  double seconds = 0;         ///< wall clock
  double peak_megabytes = 0;  ///< largest resident set
};

/// Runs it in the shell; throws std::runtime_error with the command if it ends with anything but 0.
Run run(const std::string& command);

/// 'word', for the shell.
std::string quoted(const std::string& word);

}  // namespace bench
