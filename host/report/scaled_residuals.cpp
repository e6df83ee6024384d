#include <host/report/scaled_residuals.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <host/inference/quantile.hpp>

namespace cuglmm {

std::array<double, 5> scaled_quartiles(const Fit& fit) {
  std::vector<double> sorted;
  for (const double residual : fit.pearson) {
    const double scaled = residual / fit.sigma;
    if (!std::isnan(scaled)) sorted.push_back(scaled);
  }
  std::sort(sorted.begin(), sorted.end());
  std::array<double, 5> out{};
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = quantile(sorted, 0.25 * static_cast<double>(k));
  return out;
}

}  // namespace cuglmm
