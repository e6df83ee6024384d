/// What cuglmm throws: a sentence for a person, and the exit status the command line ends with.
#pragma once

#include <stdexcept>
#include <string>

namespace cuglmm {

/// A mistake of the user's or of the outside world: what was wrong, where, what to do. One or two lines.
/// A replicate that fails never throws: it has a Status (status.hpp).
class Error : public std::runtime_error {
 public:
  /// The values are the exit statuses of the command line.
  enum class Kind { usage = 2, io = 3, device = 4 };

  explicit Error(const std::string& what, Kind kind = Kind::usage) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }
  int exit_status() const { return static_cast<int>(kind_); }

 private:
  Kind kind_;
};

}  // namespace cuglmm
