#include "host/data/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "cuglmm/error.hpp"

namespace cuglmm {
namespace {

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

/// One pass over the text, a state machine unrolled into functions.
class Splitter {
 public:
  explicit Splitter(Csv& csv)
      : csv_(csv), at_(csv.text.data()), end_(at_ + csv.text.size()), line_start_(at_) {
    if (std::string_view(csv.text).substr(0, utf8_mark.size()) == utf8_mark) at_ += utf8_mark.size();
    line_start_ = at_;
  }

  void run() {
    std::vector<std::string_view>& header = csv_.header;
    while (at_ < end_ && header.empty()) row(header);
    if (header.empty())
      throw Error(
          fmt::format("{} is empty; a header line with the names of the columns is needed", csv_.source));
    guess_other_separator();
    const auto lines = static_cast<std::size_t>(std::count(at_, end_, '\n')) + 1;
    csv_.fields.reserve(lines * header.size());
    csv_.lines.reserve(lines);
    while (at_ < end_) {
      const std::size_t before = csv_.fields.size();
      const std::int64_t begins = line_;
      row(csv_.fields);
      const std::size_t found = csv_.fields.size() - before;
      if (found == 0) continue;
      if (found != header.size()) ragged(begins, found);
      csv_.lines.push_back(begins);
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what, const char* where) const {
    throw Error(fmt::format("{}, line {}, column {}: {}", csv_.source, line_, where - line_start_ + 1, what));
  }

  [[noreturn]] void ragged(std::int64_t line, std::size_t found) const {
    throw Error(fmt::format("{}, line {}: {} field{}, but the header names {} column{}{}", csv_.source, line,
                            found, found == 1 ? "" : "s", csv_.header.size(),
                            csv_.header.size() == 1 ? "" : "s",
                            found > csv_.header.size() ? "; a field that holds a comma must be quoted" : ""));
  }

  void guess_other_separator() const {
    if (csv_.header.size() != 1) return;
    const bool semicolon = csv_.header[0].find(';') != std::string_view::npos;
    if (!semicolon && csv_.header[0].find('\t') == std::string_view::npos) return;
    throw Error(fmt::format("{}, line 1: the fields seem to be separated by {}; separate them by commas",
                            csv_.source, semicolon ? "semicolons" : "tabs"));
  }

  /// Appends the fields of one row; none for a blank line.
  void row(std::vector<std::string_view>& out) {
    if (end_of_line()) return;
    for (;;) {
      out.push_back(*at_ == '"' ? quoted() : plain());
      if (at_ == end_ || end_of_line()) return;
      ++at_;  // the comma
      if (at_ == end_) {
        out.emplace_back();
        return;
      }
    }
  }

  /// Takes a line's end if there is one: LF, CR LF, or CR.
  bool end_of_line() {
    if (*at_ != '\n' && *at_ != '\r') return false;
    if (*at_ == '\r' && at_ + 1 < end_ && at_[1] == '\n') ++at_;
    ++at_;
    ++line_;
    line_start_ = at_;
    return true;
  }

  std::string_view plain() {
    const char* const begin = at_;
    while (at_ < end_ && *at_ != ',' && *at_ != '\n' && *at_ != '\r') {
      if (*at_ == '"') fail("a quote inside a field; quote the whole field and double the quotes in it", at_);
      ++at_;
    }
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

  std::string_view quoted() {
    const char* const opening = at_++;
    const std::int64_t opening_line = line_;
    const char* const opening_line_start = line_start_;
    char* const begin = at_;
    char* write = at_;
    for (;; ++at_) {
      if (at_ == end_) {
        throw Error(fmt::format("{}, line {}, column {}: the quote that opens here is never closed",
                                csv_.source, opening_line, opening - opening_line_start + 1));
      }
      if (*at_ == '"') {
        ++at_;
        if (at_ == end_ || *at_ != '"') break;  // else a doubled quote stands for one
      } else if (*at_ == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
      *write++ = *at_;
    }
    if (at_ < end_ && *at_ != ',' && *at_ != '\n' && *at_ != '\r') {
      fail("text after the closing quote of a field; a quote inside a field is doubled", at_);
    }
    return {begin, static_cast<std::size_t>(write - begin)};
  }

  Csv& csv_;
  char* at_;
  char* const end_;
  const char* line_start_;
  std::int64_t line_ = 1;
};

}  // namespace

void split_csv(Csv& csv) {
  const std::string_view text = csv.text;
  if (text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF") {
    throw Error(fmt::format("{} is encoded as UTF-16; save it as UTF-8", csv.source));
  }
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos) {
    const std::string_view before = text.substr(0, nul);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    throw Error(fmt::format("{}, line {}, column {}: a NUL byte; this is a binary file, not CSV", csv.source,
                            line, nul - line_start + 1));
  }
  Splitter(csv).run();
}

}  // namespace cuglmm
