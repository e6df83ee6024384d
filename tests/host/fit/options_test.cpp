#include <cuglmm/options.hpp>

#include <gtest/gtest.h>

namespace cuglmm {
namespace {

TEST(FitOptions, NagqIs0Or1) {
  FitOptions options;
  for (const int nagq : {0, 1}) {
    options.nagq = nagq;
    EXPECT_FALSE(options.invalid()) << nagq;
  }
  options.nagq = -1;
  EXPECT_EQ(options.invalid(), "the number of quadrature points must be 0 or more (it is -1)");
  options.nagq = 9;
  EXPECT_EQ(options.invalid(), "adaptive quadrature (nagq 9) is not supported yet; 1 (Laplace) and 0 are");
}

}  // namespace
}  // namespace cuglmm
