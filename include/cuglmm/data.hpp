/// Data: named columns, read from CSV, aware of missing values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cuglmm {

/// One column. Numeric and logical (0, 1) columns hold `numbers`, NaN where missing; factors hold `codes`
/// into `levels`, -1 where missing.
struct Column {
  enum class Type { numeric, logical, factor, ordered };

  std::string name;
  Type type = Type::numeric;
  std::vector<double> numbers;
  std::vector<int> codes;
  std::vector<std::string> levels;

  bool is_factor() const { return type == Type::factor || type == Type::ordered; }
  std::size_t size() const { return is_factor() ? codes.size() : numbers.size(); }
  bool missing(std::size_t row) const { return is_factor() ? codes[row] < 0 : numbers[row] != numbers[row]; }
};

/// A table of columns of equal length.
class Data {
 public:
  Data() = default;
  /// Throws Error if the columns differ in length or a name occurs twice.
  explicit Data(std::vector<Column> columns, std::string source = "data");

  std::size_t rows() const { return row_numbers_.size(); }
  const std::vector<Column>& columns() const { return columns_; }
  /// nullptr if there is none.
  const Column* find(const std::string& name) const;
  /// Throws Error "no column 'ages' in pupils.csv; did you mean 'age'?".
  const Column& column(const std::string& name) const;
  /// Adds the column, or replaces the one of that name in its place.
  void set(Column column);
  /// The rows where keep is true.
  Data subset(const std::vector<char>& keep) const;

  /// File name, or "data".
  const std::string& source() const { return source_; }
  /// For each row its number among the data rows of the file, from 1; kept by subset().
  const std::vector<std::int64_t>& row_numbers() const { return row_numbers_; }
  /// CRC-32 of the bytes that were read (after decompression); 0 for data made in memory.
  std::uint32_t checksum() const { return checksum_; }
  void set_checksum(std::uint32_t value) { checksum_ = value; }

 private:
  std::vector<Column> columns_;
  std::string source_ = "data";
  std::vector<std::int64_t> row_numbers_;
  std::uint32_t checksum_ = 0;
};

/// How columns are read (interface.md: --factor, --ordered, --numeric, --levels).
struct ReadOptions {
  std::vector<std::string> factor =
      {};  ///< read as factor, levels sorted (numbers as numbers, text by bytes)
  std::vector<std::string> ordered = {};  ///< read as ordered factor
  std::vector<std::string> numeric = {};  ///< must be numbers: text is an error with its line
  std::map<std::string, std::vector<std::string>> levels =
      {};  ///< the levels in order; another value is an error
};

/// Reads RFC 4180 CSV with a header line; "-" is standard input, *.gz is decompressed; "" and NA are missing.
/// Throws Error with file, line and column (Kind::io if the file cannot be read).
Data read_table(const std::string& path, const ReadOptions& options = {});

/// "success = normexam >= 0": a new or changed column.
void mutate(Data& data, const std::string& definition);

/// The rows where the expression holds (NA: not kept, as R's subset()).
Data filter(const Data& data, const std::string& expression);

/// What the columns hold, laid out as R's summary() of a data frame.
std::string summary(const Data& data);

}  // namespace cuglmm
