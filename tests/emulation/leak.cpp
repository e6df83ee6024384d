// A program whose test leaks; CMakeLists.txt expects it to fail.
#include <gtest/gtest.h>

#include <cuda_runtime.h>

TEST(Leak, FailsItsTest) {
  double* block = nullptr;
  cudaMalloc(&block, 8);
}
