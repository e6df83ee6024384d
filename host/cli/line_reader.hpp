/// Lines of a file that may be compressed, and may end in the middle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct gzFile_s;

namespace cuglmm::cli {

/// Gives complete lines only: what has no newline, or cannot be decompressed, is as good as not there.
class LineReader {
 public:
  explicit LineReader(const std::string& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Without its newline; valid until the next call.
  std::optional<std::string_view> next();
  /// Bytes (decompressed) of the lines given so far, newlines included.
  std::uint64_t bytes() const { return bytes_; }

 private:
  bool fill();

  gzFile_s* file_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace cuglmm::cli
