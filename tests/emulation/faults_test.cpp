// Planted faults are caught.
#include <cmath>
#include <cstring>
#include <memory>

#include <kernels/cuda/shared.hpp>

#include "support.hpp"

namespace cuglmm::emulation {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

__global__ void set_one(double* values, int i) { values[i] = 1.0; }
__global__ void get_one(const double* values, int i, double* out) { *out = values[i]; }

void write_at(int i) {
  double* block = nullptr;
  cudaMalloc(&block, 4 * sizeof(double));
  launch(1, 1, 0, nullptr, set_one, block, i);
  cudaDeviceSynchronize();
}

TEST(FaultsDeathTest, AKernelWritesBehindABlock) {
  EXPECT_DEATH(write_at(4),
               "byte 32 of a device block of 32 bytes from call 1: the block is too short for that");
}
TEST(FaultsDeathTest, AKernelWritesFarBehindABlock) { EXPECT_DEATH(write_at(1000), "AddressSanitizer"); }
TEST(FaultsDeathTest, AKernelWritesBeforeABlock) { EXPECT_DEATH(write_at(-1), "AddressSanitizer"); }
TEST(FaultsDeathTest, AKernelReadsBehindABlock) {
  const OnDevice<double> in(3), out(1);
  const auto run = [&] {
    launch(1, 1, 0, nullptr, get_one, in.get(), 3, out.get());
    cudaDeviceSynchronize();
  };
  EXPECT_DEATH(run(), "READ of size 8");
}

TEST(FaultsDeathTest, TheHostReadsDeviceMemory) {
  const OnDevice<double> block(std::vector<double>{1.0, 2.0});
  EXPECT_DEATH(EXPECT_EQ(block.get()[1], 2.0),
               "byte 8 of a device block of 16 bytes .* was touched by the host");
}
TEST(FaultsDeathTest, TheHostWritesDeviceMemory) {
  const OnDevice<double> block(2);
  EXPECT_DEATH(std::memset(block.get(), 0, 16), "was touched by the host");
}

TEST(FaultsDeathTest, AKernelUsesWhatWasFreed) {
  double* block = nullptr;
  ASSERT_EQ(cudaMalloc(&block, 32), cudaSuccess);
  ASSERT_EQ(cudaFree(block), cudaSuccess);
  const auto run = [&] {
    launch(1, 1, 0, nullptr, set_one, block, 0);
    cudaDeviceSynchronize();
  };
  EXPECT_DEATH(run(), "byte 0 of a device block of 32 bytes from call 1: the block has been freed");
}

TEST(FaultsDeathTest, AStreamUsesWhatAnotherHasYetToAllocate) {
  const Stream one, two;
  double* block = nullptr;
  ASSERT_EQ(cudaMallocAsync(&block, 32, one.get()), cudaSuccess);
  const auto run = [&] {
    launch(1, 1, 0, two.get(), set_one, block, 0);
    cudaStreamSynchronize(two.get());
  };
  EXPECT_DEATH(run(), "is not allocated yet");
  EXPECT_EQ(cudaFreeAsync(block, one.get()), cudaSuccess);
}

__global__ void shared_beyond() { cuda::shared_memory<double>()[threadIdx.x] = 1.0; }

TEST(FaultsDeathTest, AKernelUsesMoreSharedMemoryThanLaunchedWith) {
  const auto run = [] {
    launch(1, 3, 2 * sizeof(double), nullptr, shared_beyond);
    cudaDeviceSynchronize();
  };
  EXPECT_DEATH(run(), "AddressSanitizer");
}

struct Pointers {
  int count;
  double* values;
};
__global__ void set_in(Pointers p) { p.values[0] = p.count; }

TEST(Faults, AKernelIsGivenAHostPointer) {
  const auto launched_with = [](double* values) {
    return launch(1, 1, 0, nullptr, set_in, Pointers{128, values});
  };
  double on_stack = 0.0;
  std::vector<double> on_heap(1);
  static double global;
  for (double* host : {&on_stack, on_heap.data(), &global}) {
    EXPECT_EQ(launched_with(host), cudaErrorInvalidValue);
    EXPECT_THAT(faults_found(),
                HasSubstr("argument 1 of the kernel holds, at byte 8, a pointer to host memory"));
    forget_faults();
  }
  double* pinned = nullptr;
  ASSERT_EQ(cudaMallocHost(&pinned, sizeof(double)), cudaSuccess);
  EXPECT_EQ(launched_with(pinned), cudaSuccess);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(*pinned, 128.0);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
}

TEST(Faults, TheKindOfACopyIsWrong) {
  const OnDevice<double> block(2);
  double host[2] = {1.0, 2.0};
  for (const auto kind : {cudaMemcpyDeviceToHost, cudaMemcpyHostToHost, cudaMemcpyDeviceToDevice})
    EXPECT_EQ(cudaMemcpy(block.get(), host, 16, kind), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host, block.get(), 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(report().faults.size(), 4u);
  EXPECT_THAT(faults_found(),
              HasSubstr("cudaMemcpy: the kind of the copy does not fit: it goes from host to device"));
  forget_faults();
}

TEST(Faults, ACopyLeavesItsBlock) {
  const OnDevice<double> block(2);
  double host[4] = {};
  EXPECT_EQ(cudaMemcpy(host, block.get() + 1, 16, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_THAT(faults_found(),
              HasSubstr("source: 16 bytes from byte 8 leave a device block of 16 bytes from call 1"));
  EXPECT_EQ(cudaMemset(block.get(), 0, 17), cudaErrorInvalidValue);
  EXPECT_EQ(report().faults.size(), 2u);
  forget_faults();
}

TEST(FaultsDeathTest, ACopyLeavesHostMemory) {
  const OnDevice<double> block(2);
  std::vector<double> host(1);
  EXPECT_DEATH(cudaMemcpy(host.data(), block.get(), 16, cudaMemcpyDeviceToHost), "heap-buffer-overflow");
}

TEST(FaultsDeathTest, TheHostGivesUpWhatACopyStillReads) {
  auto host = std::make_unique<double[]>(2);
  const OnDevice<double> block(2);
  const Stream stream;
  ASSERT_EQ(cudaMemcpyAsync(block.get(), host.get(), 16, cudaMemcpyHostToDevice, stream.get()), cudaSuccess);
  const auto run = [&] {
    host.reset();
    cudaStreamSynchronize(stream.get());
  };
  EXPECT_DEATH(run(), "heap-use-after-free");
}

TEST(Faults, ABlockIsFreedTwice) {
  double* block = nullptr;
  ASSERT_EQ(cudaMalloc(&block, 8), cudaSuccess);
  EXPECT_EQ(cudaFree(block + 1), cudaErrorInvalidValue);
  EXPECT_THAT(faults_found(), HasSubstr("frees what is not the start of a device block"));
  EXPECT_EQ(cudaFree(block), cudaSuccess);
  EXPECT_EQ(cudaFree(block), cudaErrorInvalidValue);
  EXPECT_THAT(faults_found(), HasSubstr("frees a second time a device block of 8 bytes from call 1"));
  ASSERT_EQ(cudaMalloc(&block, 8), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(block), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(block), cudaSuccess);
  EXPECT_EQ(report().faults.size(), 3u);
  forget_faults();
}

TEST(Faults, WhatIsNotReleasedIsReported) {
  double *block = nullptr, *pinned = nullptr;
  cudaStream_t stream = nullptr;
  cudaEvent_t event = nullptr;
  cudaMalloc(&block, 8);
  cudaMallocHost(&pinned, 16);
  cudaStreamCreate(&stream);
  cudaEventCreate(&event);
  const Report left = report();
  EXPECT_EQ(left.device_blocks + left.pinned_blocks + left.streams + left.events, 4);
  EXPECT_THAT(left.text(), HasSubstr("not released: device block of 8 bytes from call 1\n"));
  EXPECT_THAT(left.text(), HasSubstr("not released: stream from call 3\n"));
  reset();
  EXPECT_TRUE(report().clean());
}

TEST(Faults, HandlesAreOfThisDevice) {
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(launch(1, 1, 0, stream, set_one, nullptr, 0), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventSynchronize(reinterpret_cast<cudaEvent_t>(stream)), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(report().faults.size(), 4u);
  forget_faults();
}

// ---- synchronisation ----

TEST(Faults, AResultIsReadBeforeItIsThere) {
  const Stream stream;
  const OnDevice<double> block(1);
  ASSERT_EQ(launch(1, 1, 0, stream.get(), set_one, block.get(), 0), cudaSuccess);
  EXPECT_TRUE(
      std::isnan(block.peek()[0]));  // the stream does not wait for the default stream, nor that for it
  ASSERT_EQ(cudaStreamSynchronize(stream.get()), cudaSuccess);
  EXPECT_EQ(block.peek()[0], 1.0);
}

TEST(Faults, APinnedCopyIsReadBeforeItIsThere) {
  const Stream stream;
  const OnDevice<double> block(std::vector<double>{3.0});
  double* pinned = nullptr;
  ASSERT_EQ(cudaMallocHost(&pinned, 8), cudaSuccess);
  ASSERT_EQ(cudaMemcpyAsync(pinned, block.get(), 8, cudaMemcpyDeviceToHost, stream.get()), cudaSuccess);
  EXPECT_TRUE(std::isnan(*pinned));
  ASSERT_EQ(cudaStreamSynchronize(stream.get()), cudaSuccess);
  EXPECT_EQ(*pinned, 3.0);
  ASSERT_EQ(cudaFreeHost(pinned), cudaSuccess);
}

TEST(Faults, StreamsWithoutAnEventBetweenThemRunInEitherOrder) {
  std::vector<double> copied;
  in_both_orders([&] {
    const Stream writer, reader;
    const OnDevice<double> block(1), copy(1);
    ASSERT_EQ(launch(1, 1, 0, writer.get(), set_one, block.get(), 0), cudaSuccess);
    ASSERT_EQ(cudaMemcpyAsync(copy.get(), block.get(), 8, cudaMemcpyDeviceToDevice, reader.get()),
              cudaSuccess);
    copied.push_back(copy.read()[0]);
  });
  EXPECT_EQ(copied[0], 1.0);
  EXPECT_TRUE(std::isnan(copied[1]));
}

__global__ void sum_without_barrier(double* out) {
  double* partial = cuda::shared_memory<double>();
  partial[threadIdx.x] = 1.0;
  if (threadIdx.x != 0) return;
  double sum = 0.0;
  for (unsigned i = 0; i < blockDim.x; ++i) sum += partial[i];
  *out = sum;
}

TEST(Faults, AMissingBarrierShows) {
  const OnDevice<double> out(1);
  std::vector<double> sums;
  in_both_orders([&] {
    ASSERT_EQ(launch(1, 8, 64, nullptr, sum_without_barrier, out.get()), cudaSuccess);
    sums.push_back(out.read()[0]);
  });
  EXPECT_TRUE(std::isnan(sums[0]));
  EXPECT_EQ(sums[1], 8.0);
}

__global__ void barrier_for_some() {
  if (threadIdx.x >= 3) return;
  __syncthreads();
}
__global__ void barrier_or_shuffle() {
  if (threadIdx.x < 32) __syncthreads();
  __syncwarp();
}
__global__ void part_of_a_warp() { __syncwarp(1u); }

void run_block(void (*kernel)(), unsigned threads) {
  launch(1, threads, 0, nullptr, kernel);
  cudaDeviceSynchronize();
}

TEST(FaultsDeathTest, SomeThreadsMissABarrier) {
  EXPECT_DEATH(run_block(barrier_for_some, 5),
               "thread 0 waits at __syncthreads; thread 3 has left the kernel");
  EXPECT_DEATH(run_block(barrier_or_shuffle, 64),
               "thread 0 waits at __syncthreads; thread 32 has left the kernel");
  EXPECT_DEATH(run_block(part_of_a_warp, 32), "mask of some lanes only");
}

}  // namespace
}  // namespace cuglmm::emulation
