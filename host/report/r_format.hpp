/// Numbers as R formats them: format(), round(), zapsmall(), format.pval().
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace cuglmm::r {

/// R 4's round(): of the two neighbours with that many decimals the one nearer to x, ties to even.
double round(double x, int decimals);

/// Small numbers beside large ones become 0.
std::vector<double> zapsmall(std::vector<double> x, int digits);

/// format(x, digits, nsmall): one layout for all of x, as many decimals as the neediest element wants to show
/// `digits` significant ones, fixed notation unless scientific is narrower; padded on the left to one width.
std::vector<std::string> format(const std::vector<double>& x, int digits = 7, int nsmall = 0);

/// format() of a single number.
std::string format(double x, int digits = 7, int nsmall = 0);

/// format.pval(): below eps "<2e-16" or "< 2e-16". Missing ones must have been taken out.
std::vector<std::string> format_p_values(const std::vector<double>& p, int digits,
                                         double eps = std::numeric_limits<double>::epsilon());

}  // namespace cuglmm::r
