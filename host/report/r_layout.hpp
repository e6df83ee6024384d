/// Tables as R prints them: matrices of text, named vectors, printCoefmat(), abbreviate().
#pragma once

#include <string>
#include <vector>

namespace cuglmm::r {

inline constexpr int line_width = 80;  ///< getOption("width")

/// A matrix of text: cells row by row.
struct TextMatrix {
  std::vector<std::string> row_names, column_names;
  std::vector<std::vector<std::string>> cells;  ///< rows x columns
};

/// print(matrix, quote = FALSE, right): wide ones continue below, a block of columns at a time.
std::string print(const TextMatrix& matrix, bool right);

/// print() of a named vector: the names above the values.
std::string print_named(const std::vector<std::string>& names, const std::vector<std::string>& values);

/// cat(items, fill = TRUE): separated by a space, a new line where an item would pass the width.
std::string cat_filled(const std::vector<std::string>& items);

/// What printCoefmat() shows.
struct Coefficients {
  std::vector<std::string> names;
  std::vector<double> estimate, std_error, statistic;
  std::vector<double> p_value;  ///< NaN where missing; none at all: no such column
  std::string statistic_name = "z value", p_value_name = "Pr(>|z|)";
};

/// printCoefmat(): estimates and errors with common digits, p-values with stars and their legend.
std::string print(const Coefficients& coefficients, int digits);

/// abbreviate(names, minlength): lower-case vowels go first, then lower-case letters, from the end; unique
/// ones stay unique.
std::vector<std::string> abbreviate(const std::vector<std::string>& names, std::size_t minlength);

/// Number of characters (code points) of UTF-8 text.
std::size_t width(const std::string& text);

}  // namespace cuglmm::r
