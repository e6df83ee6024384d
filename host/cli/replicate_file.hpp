/// The CSV of a bootstrap: written as the replicates come, and gone on with after an interruption.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <host/report/csv.hpp>
#include <host/report/output_file.hpp>

namespace cuglmm::cli {

class ReplicateFile {
 public:
  /// `first` is the number of the first replicate of the file. Opens nothing yet.
  ReplicateFile(std::string path, const Model& model, std::int64_t first);

  /// An empty file but for the header.
  void create();
  /// Keeps the complete rows of the file, at most `most`, and hands them to sink; what follows them (the half
  /// row of a killed run) goes. Returns their number. Throws Error where the file is not one of this
  /// bootstrap.
  std::int64_t resume(std::int64_t most, const std::function<void(const Fits&)>& sink);
  void append(const Fits& fits);
  void close();

 private:
  struct Kept {
    std::int64_t rows = 0;
    std::uint64_t bytes = 0;
  };
  Kept read(std::int64_t most, const std::function<void(const Fits&)>& sink);
  void rewrite(const Kept& kept);
  void add_row(std::string_view row);
  void checkpoint();  ///< after every row

  std::string path_;
  ReplicateRows rows_;
  std::int64_t first_;
  bool compressed_;
  std::unique_ptr<OutputFile> file_;
  std::string pending_;            ///< rows not yet handed to file_
  std::int64_t rows_written_ = 0;  ///< pending ones included
};

}  // namespace cuglmm::cli
