/// A file that is written from front to back, compressed if its name ends in .gz.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace cuglmm {

/// Every failure throws Error (Kind::io) that names the file. The same text and checkpoints give the same
/// bytes.
class OutputFile {
 public:
  /// Creates or empties the file; with keep > 0 its first `keep` bytes stay and writing goes on behind them
  /// (not .gz).
  explicit OutputFile(const std::string& path, std::uint64_t keep = 0);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view text);
  /// What was written so far reaches the operating system, as far as that leaves the bytes of a .gz file
  /// alone.
  void flush();
  /// For .gz: all that was written so far can be read even if the program is killed; costs some compression.
  void checkpoint();
  void close();

  const std::string& path() const { return path_; }
  static bool compressed(const std::string& path) { return path.ends_with(".gz"); }

 private:
  struct Deflate;
  void write_bytes(const void* bytes, std::size_t size);
  void deflate(std::string_view text, int how);
  [[noreturn]] void fail() const;

  std::string path_;
  std::FILE* file_ = nullptr;
  std::unique_ptr<Deflate> deflate_;
};

}  // namespace cuglmm
