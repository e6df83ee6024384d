/// Formulas as R prints them.
#pragma once

#include <string>
#include <vector>

namespace cuglmm::r {

/// deparse(): the formula with R's spacing, broken after an operator or comma once a line is longer than 60
/// characters; further lines are indented by 4.
std::vector<std::string> deparse_lines(const std::string& formula);

/// The breaking alone, of text that is already deparsed.
std::vector<std::string> break_lines(const std::string& deparsed);

}  // namespace cuglmm::r
