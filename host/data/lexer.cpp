#include "host/data/lexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "cuglmm/error.hpp"
#include "host/data/expression.hpp"

namespace cuglmm {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Bytes of UTF-8 sequences count as letters, as in R in a UTF-8 locale.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool in_name(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '_'; }

class Lexer {
 public:
  Lexer(std::string_view source, std::size_t begin) : source_(source), at_(begin) {}

  std::vector<Token> tokens() {
    std::vector<Token> out;
    for (skip_space(); at_ < source_.size(); skip_space()) out.push_back(next());
    Token end;
    end.position = source_.size();
    out.push_back(end);
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& what, std::size_t position, std::size_t length = 1) const {
    throw Error(with_caret(what, source_, position, length));
  }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  void skip_space() {
    while (at_ < source_.size() && std::string_view(" \t\r\n\f").find(source_[at_]) != std::string_view::npos)
      ++at_;
  }

  Token next() {
    Token token;
    token.position = at_;
    const char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      number(token);
    } else if (is_letter(c) || c == '.') {
      while (in_name(peek())) ++at_;
      token.kind = Token::Kind::name;
      token.text = source_.substr(token.position, at_ - token.position);
    } else if (c == '"' || c == '\'' || c == '`') {
      quoted(token, c);
    } else {
      sign(token);
    }
    token.length = at_ - token.position;
    return token;
  }

  void number(Token& token) {
    token.kind = Token::Kind::number;
    const char* first = source_.data() + at_;
    const char* last = source_.data() + source_.size();
    std::from_chars_result result{};
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      std::uint64_t value = 0;
      result = std::from_chars(first + 2, last, value, 16);
      token.number = static_cast<double>(value);
    } else {
      result = std::from_chars(first, last, token.number);
    }
    if (result.ec != std::errc()) fail("this number cannot be represented", at_);
    at_ += static_cast<std::size_t>(result.ptr - first);
    if (peek() == 'L') {
      token.text = "L";
      ++at_;
    }
    if (in_name(peek())) {
      fail(fmt::format("'{}' cannot follow a number; a product needs '*'", peek()), at_);
    }
  }

  void quoted(Token& token, char quote) {
    token.kind = quote == '`' ? Token::Kind::name : Token::Kind::string;
    for (++at_; peek() != quote; ++at_) {
      if (at_ >= source_.size())
        fail(fmt::format("the quote {} that opens here is never closed", quote), token.position);
      if (peek() == '\\') {
        ++at_;
        token.text += escaped();
      } else {
        token.text += peek();
      }
    }
    ++at_;
    if (quote == '`' && token.text.empty()) fail("an empty name", token.position, 2);
  }

  char escaped() const {
    switch (peek()) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case '\\':
      case '"':
      case '\'':
      case '`':
        return peek();
      default:
        fail("an unknown escape in a string; a backslash is written \\\\", at_ - 1, 2);
    }
  }

  void sign(Token& token) {
    token.kind = Token::Kind::sign;
    if (peek() == '%') return user_operator(token);
    static constexpr std::array<std::string_view, 25> signs = {
        "**", "||", "&&", "<=", ">=", "==", "!=", "+", "-", "*", "/", "^", ":",
        "(",  ")",  ",",  "~",  "|",  "&",  "!",  "<", ">", "=", "[", "$"};
    const std::string_view rest = source_.substr(at_);
    const auto found = std::find_if(signs.begin(), signs.end(), [rest](std::string_view sign) {
      return rest.substr(0, sign.size()) == sign;
    });
    if (found == signs.end()) fail(fmt::format("'{}' has no meaning here", peek()), at_);
    if (*found == "[" || *found == "$") {
      fail(fmt::format("'{}' is not supported; name a column of the data", *found), at_);
    }
    token.text = *found == "**" ? "^" : *found;
    at_ += found->size();
  }

  void user_operator(Token& token) {
    const std::size_t close = source_.find('%', at_ + 1);
    const std::string_view text =
        close == std::string_view::npos ? source_.substr(at_, 1) : source_.substr(at_, close - at_ + 1);
    if (text != "%in%" && text != "%%" && text != "%/%") {
      fail("an unknown operator; those with % are %in%, %% and %/%", at_, text.size());
    }
    token.text = text;
    at_ += text.size();
  }

  std::string_view source_;
  std::size_t at_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source, std::size_t begin) {
  return Lexer(source, begin).tokens();
}

bool is_syntactic_name(std::string_view name) {
  static constexpr std::array<std::string_view, 14> reserved = {"if",   "else", "repeat", "while", "function",
                                                                "for",  "next", "break",  "TRUE",  "FALSE",
                                                                "NULL", "Inf",  "NaN",    "NA"};
  if (name.empty() || !std::all_of(name.begin(), name.end(), in_name)) return false;
  const bool good_start = is_letter(name[0]) || (name[0] == '.' && !(name.size() > 1 && is_digit(name[1])));
  return good_start && std::find(reserved.begin(), reserved.end(), name) == reserved.end();
}

}  // namespace cuglmm
