/// Making factors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cuglmm/data.hpp>

namespace cuglmm {

/// A number as R's read.csv() takes it: blanks around it, a sign, Inf and NaN allowed.
std::optional<double> parse_number(std::string_view text);

/// Levels in order: as numbers if all of them are numbers, else by bytes.
void sort_levels(std::vector<std::string>& levels);

/// A factor with the same values and sorted levels that are all in use. `levels` and `codes` as in Column.
void sort_and_drop_levels(Column& factor);

/// Numbers (R's as.character() of them) or logicals as a factor; a factor is left as it is.
Column as_factor(const Column& column);

}  // namespace cuglmm
