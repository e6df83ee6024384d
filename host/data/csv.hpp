/// RFC 4180: a buffer of bytes becomes fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cuglmm {

/// The fields of a CSV file, row by row. They are views of `text`.
struct Csv {
  std::string source;  ///< for messages
  std::string text;    ///< the file; quoted fields are unquoted in place
  std::vector<std::string_view> header;
  std::vector<std::string_view> fields;  ///< header.size() per row
  std::vector<std::int64_t> lines;       ///< the line in which each row begins, from 1

  std::size_t rows() const { return lines.size(); }
  std::string_view field(std::size_t row, std::size_t column) const {
    return fields[row * header.size() + column];
  }
};

/// Splits; blank lines are skipped. Throws Error with source, line and column.
void split_csv(Csv& csv);

/// All bytes of a file ("-": standard input), decompressed if they are gzip's. Throws Error of Kind::io.
std::string read_bytes(const std::string& path);

}  // namespace cuglmm
