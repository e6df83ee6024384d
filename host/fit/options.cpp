#include <cuglmm/options.hpp>

#include <fmt/format.h>

namespace cuglmm {
namespace {

std::optional<std::string> invalid_common(double tolerance, int max_evaluations) {
  if (!(tolerance > 0 && tolerance < 1))
    return fmt::format("the tolerance must be between 0 and 1, such as 1e-8 (it is {})", tolerance);
  if (max_evaluations < 1)
    return fmt::format("the number of evaluations must be at least 1 (it is {})", max_evaluations);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> FitOptions::invalid() const {
  if (nagq < 0) return fmt::format("the number of quadrature points must be 0 or more (it is {})", nagq);
  if (nagq > 1)
    return fmt::format("adaptive quadrature (nagq {}) is not supported yet; 1 (Laplace) and 0 are", nagq);
  return invalid_common(tolerance, max_evaluations);
}

std::optional<std::string> BootstrapOptions::invalid() const {
  if (replicates < 0)
    return fmt::format("the number of replicates cannot be negative (it is {})", replicates);
  if (first < 1) return fmt::format("replicates are numbered from 1 (the first is {})", first);
  return invalid_common(tolerance, max_evaluations);
}

}  // namespace cuglmm
