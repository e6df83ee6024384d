/// R's abbreviate().
#include <algorithm>
#include <cctype>
#include <functional>
#include <set>

#include <host/report/r_layout.hpp>

namespace cuglmm::r {

namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_lower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }
bool is_vowel(char c) { return std::string("aeiou").find(c) != std::string::npos; }

/// Ends a word that has more than one letter.
bool ends_word(const std::string& s, std::size_t i) {
  return !is_space(s[i - 1]) && (i + 1 == s.size() || is_space(s[i + 1]));
}

bool starts_word(const std::string& s, std::size_t i) { return is_space(s[i - 1]); }

/// One name; spaces separate words, do not count and go in the end.
std::string shorten(std::string s, std::size_t minlength) {
  using Rule = std::function<bool(const std::string&, std::size_t)>;
  const Rule rules[] = {
      [](const std::string& t, std::size_t i) { return is_vowel(t[i]) && ends_word(t, i); },
      [](const std::string& t, std::size_t i) { return is_vowel(t[i]) && !starts_word(t, i); },
      [](const std::string& t, std::size_t i) { return is_lower(t[i]) && ends_word(t, i); },
      [](const std::string& t, std::size_t i) { return is_lower(t[i]) && !starts_word(t, i); },
      [](const std::string& t, std::size_t i) { return !starts_word(t, i) && !is_space(t[i]); },
  };
  const auto spaces = static_cast<std::size_t>(std::count_if(s.begin(), s.end(), is_space));
  const auto short_enough = [&] { return s.size() - spaces <= minlength; };
  for (const Rule& drop : rules)
    for (std::size_t i = s.size(); i-- > 1 && !short_enough();)
      if (drop(s, i)) s.erase(i, 1);
  if (s.size() > minlength) s.erase(std::remove_if(s.begin() + 1, s.end(), is_space), s.end());
  return s;
}

}  // namespace

std::vector<std::string> abbreviate(const std::vector<std::string>& names, std::size_t minlength) {
  std::vector<std::string> out(names.size());
  std::vector<bool> open(names.size(), true);
  // Names that come out equal are tried again, longer, until each has its own; the longest there is ends the
  // loop.
  std::size_t longest = minlength;
  for (const std::string& name : names) longest = std::max(longest, name.size());
  for (; minlength <= longest; ++minlength) {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (open[i]) out[i] = shorten(names[i], minlength);
    std::set<std::string> twice, seen;
    for (const std::string& text : out)
      if (!seen.insert(text).second) twice.insert(text);
    if (twice.empty()) break;
    for (std::size_t i = 0; i < names.size(); ++i) open[i] = twice.count(out[i]) > 0;
  }
  return out;
}

}  // namespace cuglmm::r
