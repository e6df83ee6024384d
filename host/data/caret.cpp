/// Messages that point: a caret under the place in a formula, the name that was probably meant.
#include <algorithm>
#include <numeric>

#include "host/data/expression.hpp"

namespace cuglmm {
namespace {

constexpr std::size_t longest_shown = 160;  // of a formula, around the place in question

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t characters(std::string_view utf8) {
  return utf8.size() - static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), continues_character));
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Insertions, deletions, substitutions and swaps of neighbours that turn a into b; a difference of case
/// counts 0.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::string with_caret(const std::string& what, std::string_view source, std::size_t position,
                       std::size_t length) {
  position = std::min(position, source.size());
  std::size_t first =
      position > longest_shown / 2 && source.size() > longest_shown ? position - longest_shown / 2 : 0;
  while (first < position && continues_character(source[first])) ++first;
  std::size_t last =
      source.size() > longest_shown ? std::min(source.size(), first + longest_shown) : source.size();
  while (last < source.size() && continues_character(source[last])) ++last;

  std::string shown(source.substr(first, last - first));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  const std::string before = first > 0 ? "..." : "", after = last < source.size() ? "..." : "";
  const std::size_t blanks = before.size() + characters(source.substr(first, position - first));
  const std::size_t carets = std::max<std::size_t>(1, characters(source.substr(position, length)));
  return what + "\n  " + before + shown + after + "\n  " + std::string(blanks, ' ') +
         std::string(carets, '^');
}

std::string nearest(const std::string& name, const std::vector<std::string>& candidates) {
  std::string best;
  // A name of two letters is within two edits of any other: demand that half of it is left.
  std::size_t limit = std::min<std::size_t>(2, name.size() / 2);
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(candidate.size(), name.size());
    if (candidate == name || longer - std::min(candidate.size(), name.size()) > 2) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance > limit || distance >= longer || (!best.empty() && distance == limit)) continue;
    best = candidate;
    limit = distance;
  }
  return best;
}

}  // namespace cuglmm
