/// CSV of results (interface.md 3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cuglmm/fit.hpp>
#include <host/report/output_file.hpp>

namespace cuglmm {

/// RFC 4180: quoted where it holds a comma, a quote or a line break.
std::string csv_field(const std::string& text);

/// The shortest text that reads back as x; nothing for NaN.
void append_number(std::string& out, double x);
void append_number(std::string& out, std::int64_t x);

/// group,level,term,mode,sd
void write_ranef(OutputFile& file, const Fit& fit);
/// row,fitted,eta,residual
void write_fitted(OutputFile& file, const Fit& fit);

/// Rows of a bootstrap: text from Fits and Fits from text.
class ReplicateRows {
 public:
  explicit ReplicateRows(const Model& model);

  std::string header() const;  ///< with its newline
  void append(std::string& out, const Fits& fits, std::int64_t column) const;
  /// A row without its newline becomes the next column of fits, which has room for it. False if it is not a
  /// row that append() could have written for that replicate.
  bool parse(std::string_view row, std::int64_t replicate, Fits& fits, std::int64_t column) const;
  Fits make(std::int64_t first, std::int64_t size) const;  ///< room for so many

 private:
  const Model& model_;
  std::vector<std::string> derived_names_;
};

}  // namespace cuglmm
