/// R's terms(): what the operators of a formula mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/data/expression.hpp"

namespace cuglmm {

/// Terms over variables: `a * b` has the variables a, b and the terms {a}, {b}, {a, b}.
struct Terms {
  std::vector<ExpressionPtr> variables;  ///< in order of appearance, also those that `-` removed again
  std::vector<std::string> names;        ///< of the variables, as R deparses them
  std::vector<std::vector<int>>
      terms;  ///< variables of each term, ascending; terms by degree, else as written
  bool intercept = true;
};

/// Expands + - : * / ^ %in% and parentheses. `source` is the formula as written, for carets. Throws Error.
Terms expand_terms(const ExpressionPtr& right_side, std::string_view source);

/// coding[t][v]: true where factor v of `terms[t]` needs a column for every level, because the model lacks
/// the term's margin without v; false where contrasts do.
std::vector<std::vector<bool>> full_coding(const Terms& terms, const std::vector<bool>& is_factor);

}  // namespace cuglmm
