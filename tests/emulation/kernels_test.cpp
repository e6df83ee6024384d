// Correct kernels do on the emulated device what they do on a real one, in both orders of threads and blocks.
#include <cmath>
#include <thread>

#include <kernels/cuda/shared.hpp>

#include "support.hpp"

namespace cuglmm::emulation {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

__global__ void number_threads(unsigned* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const unsigned i = block * blockDim.x * blockDim.y * blockDim.z + thread;
  out[i] = i;
}

TEST(Kernels, EveryThreadOfEveryBlockRunsOnce) {
  in_both_orders([] {
    const OnDevice<unsigned> out(3 * 2 * 2 * 4 * 3 * 2);
    ASSERT_EQ(launch({3, 2, 2}, {4, 3, 2}, 0, nullptr, number_threads, out.get()), cudaSuccess);
    const auto numbers = out.read();
    for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], i);
  });
}

__global__ void block_sum(const double* in, double* out, int n) {
  double* partial = cuda::shared_memory<double>();
  const int i = static_cast<int>(threadIdx.x);
  double sum = 0.0;
  for (int j = i; j < n; j += static_cast<int>(blockDim.x)) sum += in[j];
  partial[i] = sum;
  for (int half = static_cast<int>(blockDim.x) / 2; half > 0; half /= 2) {
    __syncthreads();
    if (i < half) partial[i] += partial[i + half];
  }
  if (i == 0) *out = partial[0];
}

TEST(Kernels, BarriersOrderAReductionInSharedMemory) {
  in_both_orders([] {
    std::vector<double> values(1000);
    for (int i = 0; i < 1000; ++i) values[static_cast<std::size_t>(i)] = i + 1;
    const OnDevice<double> in(values), out(1);
    ASSERT_EQ(launch(1, 256, 256 * sizeof(double), nullptr, block_sum, in.get(), out.get(), 1000),
              cudaSuccess);
    EXPECT_THAT(out.read(), ElementsAre(500500.0));
  });
}

template <class T>
__global__ void reverse_block(T* values) {
  __shared__ T copy[64];
  copy[threadIdx.x] = values[threadIdx.x];
  __syncthreads();
  values[threadIdx.x] = copy[blockDim.x - 1 - threadIdx.x];
}

__global__ void read_shared_unset(double* out) {
  __shared__ double copy[4];
  out[blockIdx.x] = copy[2];
  copy[2] = 1.0;
}

TEST(Kernels, SharedVariablesBelongToTheBlock) {
  in_both_orders([] {
    const OnDevice<int> values(std::vector<int>{1, 2, 3, 4});
    ASSERT_EQ(launch(1, 4, 0, nullptr, reverse_block<int>, values.get()), cudaSuccess);
    EXPECT_THAT(values.read(), ElementsAre(4, 3, 2, 1));
    const OnDevice<double> unset(2);
    ASSERT_EQ(launch(2, 1, 0, nullptr, read_shared_unset, unset.get()), cudaSuccess);
    EXPECT_THAT(unset.read(), Each(::testing::NanSensitiveDoubleEq(std::nan(""))));
  });
}

__global__ void warp_functions(double* sums, unsigned* bits, int* flags) {
  const int lane = static_cast<int>(threadIdx.x) % warpSize;
  double sum = static_cast<double>(threadIdx.x);
  for (int delta = warpSize / 2; delta > 0; delta /= 2) sum += __shfl_down_sync(0xffffffffu, sum, delta);
  double all = static_cast<double>(threadIdx.x);
  for (int bit = 1; bit < warpSize; bit *= 2) all += __shfl_xor_sync(0xffffffffu, all, bit);
  sums[threadIdx.x] = __shfl_sync(0xffffffffu, sum, 0) - all;  // 0: both are the warp's sum
  bits[threadIdx.x] = __ballot_sync(0xffffffffu, lane % 2);
  flags[threadIdx.x] = __any_sync(0xffffffffu, lane == 31) + 2 * __all_sync(0xffffffffu, lane < 31);
}

TEST(Kernels, WarpFunctionsSeeTheirWarp) {
  in_both_orders([] {
    const OnDevice<double> sums(96);
    const OnDevice<unsigned> bits(96);
    const OnDevice<int> flags(96);
    ASSERT_EQ(launch(1, 96, 0, nullptr, warp_functions, sums.get(), bits.get(), flags.get()), cudaSuccess);
    EXPECT_THAT(sums.read(), Each(0.0));
    EXPECT_THAT(bits.read(), Each(0xaaaaaaaau));
    EXPECT_THAT(flags.read(), Each(1));
  });
}

/// Round r: does any thread have a number of r or more?
__global__ void vote_rounds(int* rounds) {
  int round = 0;
  while (__syncthreads_or(static_cast<int>(threadIdx.x) >= round)) ++round;
  rounds[threadIdx.x] = round;
}

TEST(Kernels, ABlockVotes) {
  in_both_orders([] {
    const OnDevice<int> rounds(70);
    ASSERT_EQ(launch(1, 70, 0, nullptr, vote_rounds, rounds.get()), cudaSuccess);
    EXPECT_THAT(rounds.read(), Each(70));
  });
}

/// Two levels: warps alone, then the first warp on what they left.
__global__ void two_level_sum(double* out) {
  double* partial = cuda::shared_memory<double>();
  const int lane = static_cast<int>(threadIdx.x) % warpSize, warp = static_cast<int>(threadIdx.x) / warpSize;
  double sum = 1.0 + threadIdx.x;
  for (int delta = warpSize / 2; delta > 0; delta /= 2) sum += __shfl_down_sync(0xffffffffu, sum, delta);
  if (lane == 0) partial[warp] = sum;
  __syncthreads();
  if (warp != 0) return;
  sum = lane < static_cast<int>(blockDim.x) / warpSize ? partial[lane] : 0.0;
  for (int delta = warpSize / 2; delta > 0; delta /= 2) sum += __shfl_down_sync(0xffffffffu, sum, delta);
  if (lane == 0) out[blockIdx.x] = sum;
}

TEST(Kernels, OneWarpMayGoOnAlone) {
  in_both_orders([] {
    const OnDevice<double> out(3);
    ASSERT_EQ(launch(3, 256, 8 * sizeof(double), nullptr, two_level_sum, out.get()), cudaSuccess);
    EXPECT_THAT(out.read(), Each(256.0 * 257.0 / 2.0));
  });
}

TEST(Kernels, HostThreadsShareTheDevice) {
  const OnDevice<double> out(12);
  const auto work = [&](int i) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      const Stream stream;
      launch(3, 256, 8 * sizeof(double), stream.get(), two_level_sum, out.get() + 3 * i);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(out.read(), Each(256.0 * 257.0 / 2.0));
}

__global__ void count(int* i, unsigned* u, unsigned long long* l) {
  atomicAdd(i, -1);
  atomicAdd(u, 1u);
  atomicAdd(l, 1ull << 33);
}

TEST(Kernels, AtomicsAdd) {
  const OnDevice<int> i(std::vector<int>{0});
  const OnDevice<unsigned> u(std::vector<unsigned>{0});
  const OnDevice<unsigned long long> l(std::vector<unsigned long long>{0});
  ASSERT_EQ(launch(5, 7, 0, nullptr, count, i.get(), u.get(), l.get()), cudaSuccess);
  EXPECT_THAT(i.read(), ElementsAre(-35));
  EXPECT_THAT(u.read(), ElementsAre(35u));
  EXPECT_THAT(l.read(), ElementsAre(35ull << 33));
}

TEST(Kernels, ALaunchHasTheLimitsOfADevice) {
  EXPECT_EQ(launch(1, 1025, 0, nullptr, count, nullptr, nullptr, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(0, 1, 0, nullptr, count, nullptr, nullptr, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1, 70000}, 1, 0, nullptr, count, nullptr, nullptr, nullptr),
            cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(1, 1, 50000, nullptr, two_level_sum, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaFuncSetAttribute(two_level_sum, cudaFuncAttributeMaxDynamicSharedMemorySize, 50000),
            cudaSuccess);
  const OnDevice<double> out(1);
  EXPECT_EQ(launch(1, 256, 50000, nullptr, two_level_sum, out.get()), cudaSuccess);
  EXPECT_THAT(out.read(), ElementsAre(256.0 * 257.0 / 2.0));
}

}  // namespace
}  // namespace cuglmm::emulation
