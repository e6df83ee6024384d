/// Numbers as R prints them.
#pragma once

#include <string>
#include <vector>

namespace cuglmm {

/// R's format(): all values with as many decimals as the one that needs most to show `digits` significant
/// digits; fixed notation unless scientific is narrower. NaN is "NA". Padded on the left to one width.
std::vector<std::string> format_real(const std::vector<double>& values, int digits);

/// One number with up to 15 significant digits, as as.character() and deparse() write it: "0.1", "1e+05".
std::string number_text(double value);

}  // namespace cuglmm
