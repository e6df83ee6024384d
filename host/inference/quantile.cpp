#include <host/inference/quantile.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cuglmm {

double quantile(const std::vector<double>& sorted, double p) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double index = static_cast<double>(sorted.size() - 1) * p;
  const auto low = static_cast<std::size_t>(std::floor(index));
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  const double share = index - std::floor(index);
  if (share == 0 || sorted[low] == sorted[high]) return sorted[low];
  return (1 - share) * sorted[low] + share * sorted[high];
}

}  // namespace cuglmm
