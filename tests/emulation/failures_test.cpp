// Calls fail when a test orders it, and the device then behaves as a real one.
#include <cusolverDn.h>

#include "support.hpp"

namespace cuglmm::emulation {
namespace {

__global__ void set(double* out, double value) { *out = value; }

struct Outcome {
  cudaError_t error;
  double result;
};

/// A small program that checks every call and gives everything back.
Outcome small_program() {
  double *block = nullptr, *pinned = nullptr;
  cudaStream_t stream = nullptr;
  cusolverDnHandle_t solver = nullptr;
  Outcome outcome{cudaSuccess, 0.0};
  const auto good = [&](cudaError_t error) { return (outcome.error = error) == cudaSuccess; };
  const auto create = [&] {
    return cusolverDnCreate(&solver) == CUSOLVER_STATUS_SUCCESS ? cudaSuccess : cudaErrorUnknown;
  };
  if (good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking)) && good(cudaMalloc(&block, 8)) &&
      good(cudaMallocHost(&pinned, 8)) && good(create()) && good(launch(1, 1, 0, stream, set, block, 5.0)) &&
      good(cudaMemcpyAsync(pinned, block, 8, cudaMemcpyDeviceToHost, stream)) &&
      good(cudaStreamSynchronize(stream)))
    outcome.result = *pinned;
  if (solver != nullptr) cusolverDnDestroy(solver);
  cudaFreeHost(pinned);
  cudaFree(block);
  if (stream != nullptr) cudaStreamDestroy(stream);
  return outcome;
}

TEST(Failures, EveryCallCanFailAndNothingIsLeft) {
  ASSERT_EQ(small_program().result, 5.0);
  const long count = calls();
  ASSERT_EQ(count, 11);
  EXPECT_EQ(call_name(2), "cudaMalloc");
  for (long n = 1; n <= count; ++n) {
    SCOPED_TRACE(n);
    reset();
    fail_call(n);
    const Outcome outcome = small_program();
    EXPECT_TRUE(call_failed());
    EXPECT_EQ(outcome.error == cudaSuccess, n > 7) << call_name(n);
    EXPECT_EQ(outcome.result, outcome.error == cudaSuccess ? 5.0 : 0.0);
    EXPECT_TRUE(report().clean()) << report().text();
  }
}

TEST(Failures, AnAllocationFailsOnce) {
  double* block = nullptr;
  fail_call(1);
  EXPECT_EQ(cudaMalloc(&block, 8), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&block, 8), cudaSuccess);
  EXPECT_EQ(cudaFree(block), cudaSuccess);
}

TEST(Failures, ALaunchFailureStays) {
  double* block = nullptr;
  ASSERT_EQ(cudaMalloc(&block, 8), cudaSuccess);
  fail_call(2);
  EXPECT_EQ(launch(1, 1, 0, nullptr, set, block, 1.0), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaFree(block), cudaErrorLaunchFailure);
  EXPECT_EQ(report().device_blocks, 0);
  double* again = nullptr;
  EXPECT_EQ(cudaMalloc(&again, 8), cudaErrorLaunchFailure);
  cusolverDnHandle_t solver = nullptr;
  EXPECT_EQ(cusolverDnCreate(&solver), CUSOLVER_STATUS_NOT_INITIALIZED);
  EXPECT_EQ(cudaDeviceReset(), cudaSuccess);
  EXPECT_EQ(cudaMalloc(&again, 8), cudaSuccess);
  EXPECT_EQ(cudaFree(again), cudaSuccess);
}

TEST(Failures, WorkBeforeALostDeviceIsLost) {
  double* pinned = nullptr;
  ASSERT_EQ(cudaMallocHost(&pinned, 8), cudaSuccess);
  *pinned = 0.0;
  ASSERT_EQ(launch(1, 1, 0, nullptr, set, pinned, 1.0), cudaSuccess);
  fail_call(3, cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorECCUncorrectable);
  EXPECT_EQ(*pinned, 0.0);
  EXPECT_EQ(cudaFreeHost(pinned), cudaErrorECCUncorrectable);
}

TEST(Failures, ALibraryAnswersWithItsOwnStatus) {
  cusolverDnHandle_t solver = nullptr;
  fail_call(1);
  EXPECT_EQ(cusolverDnCreate(&solver), CUSOLVER_STATUS_ALLOC_FAILED);
  EXPECT_EQ(cusolverDnSetStream(solver, nullptr), CUSOLVER_STATUS_NOT_INITIALIZED);
  forget_faults();
}

}  // namespace
}  // namespace cuglmm::emulation
