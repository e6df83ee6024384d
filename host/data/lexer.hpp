/// The words of an R expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cuglmm {

struct Token {
  enum class Kind { number, string, name, sign, end };
  Kind kind = Kind::end;
  std::string text;  ///< name or string without quotes; the sign; "L" of 1L
  double number = 0;
  std::size_t position = 0, length = 0;  ///< in the source
};

/// The tokens from `begin` on; the last one is of kind end. Throws Error with a caret.
std::vector<Token> tokenize(std::string_view source, std::size_t begin = 0);

/// Whether R needs no backticks for this name: letters, digits, dots and underscores, and no reserved word.
bool is_syntactic_name(std::string_view name);

}  // namespace cuglmm
