#include <host/report/r_deparse.hpp>

#include <cstring>

#include <host/data/expression.hpp>

namespace cuglmm::r {

namespace {

constexpr std::size_t cutoff = 60;  // deparse(width.cutoff = 60L)

/// A line may end behind this space: it follows an operator that has spaces around it, or a comma.
bool may_break(const std::string& text, std::size_t space) {
  if (text[space] != ' ' || space == 0) return false;
  const char before = text[space - 1];
  return before == ',' || std::strchr("+-*~|&<>=%", before) != nullptr;
}

}  // namespace

std::vector<std::string> break_lines(const std::string& deparsed) {
  std::vector<std::string> lines{""};
  char quote = 0;
  for (std::size_t i = 0; i < deparsed.size(); ++i) {
    const char c = deparsed[i];
    lines.back() += c;
    if (quote == 0 && std::strchr("\"'`", c) != nullptr)
      quote = c;
    else if (c == quote)
      quote = 0;
    if (quote == 0 && may_break(deparsed, i) && lines.back().size() > cutoff) lines.emplace_back("    ");
  }
  return lines;
}

std::vector<std::string> deparse_lines(const std::string& formula) {
  return break_lines(deparse(*parse_expression(formula)));
}

}  // namespace cuglmm::r
