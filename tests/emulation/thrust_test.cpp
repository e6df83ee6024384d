// Thrust on device memory, through the alias that the kernels use.
#include <kernels/cuda/thrust_policy.hpp>

#include <thrust/copy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>

#include "support.hpp"

namespace cuglmm::emulation {
namespace {

using cuda::policy;
using ::testing::ElementsAre;

__global__ void negate(int* values) { values[threadIdx.x] = -values[threadIdx.x]; }

struct Odd {
  __host__ __device__ bool operator()(int i) const { return i % 2 != 0; }
};

TEST(Thrust, SortsBehindTheWorkOfItsStream) {
  const Stream stream;
  const OnDevice<int> keys(std::vector<int>{3, 1, 2}), values(std::vector<int>{30, 10, 20});
  ASSERT_EQ(launch(1, 3, 0, stream.get(), negate, keys.get()), cudaSuccess);
  thrust::sort_by_key(policy(stream.get()), keys.get(), keys.get() + 3, values.get());
  EXPECT_THAT(keys.read(), ElementsAre(-3, -2, -1));
  EXPECT_THAT(values.read(), ElementsAre(30, 20, 10));
}

TEST(Thrust, ScansCompactsAndReduces) {
  const OnDevice<int> values(std::vector<int>{1, 2, 3, 4, 5}), sums(5), kept(5);
  thrust::exclusive_scan(policy(nullptr), values.get(), values.get() + 5, sums.get());
  EXPECT_THAT(sums.read(), ElementsAre(0, 1, 3, 6, 10));
  const int* end = thrust::copy_if(policy(nullptr), thrust::counting_iterator<int>(0),
                                   thrust::counting_iterator<int>(5), values.get(), kept.get(), Odd());
  EXPECT_EQ(end, kept.get() + 3);
  EXPECT_EQ(thrust::reduce(policy(nullptr), kept.get(), kept.get() + 3), 6);
}

TEST(Thrust, ReducesByKey) {
  const OnDevice<int> keys(std::vector<int>{0, 0, 1, 1, 1}), out_keys(2);
  const OnDevice<double> values(std::vector<double>{1, 2, 3, 4, 5}), sums(2);
  thrust::reduce_by_key(policy(nullptr), keys.get(), keys.get() + 5, values.get(), out_keys.get(),
                        sums.get());
  EXPECT_THAT(sums.read(), ElementsAre(3.0, 12.0));
}

TEST(ThrustDeathTest, BehindABlockIsCaught) {
  const OnDevice<int> values(std::vector<int>{1, 2, 3});
  EXPECT_DEATH(thrust::reduce(policy(nullptr), values.get(), values.get() + 4), "AddressSanitizer");
}

TEST(Thrust, ThrowsWhenItsCallFails) {
  const OnDevice<int> values(std::vector<int>{1, 2, 3});
  const auto reduce = [&] { return thrust::reduce(policy(nullptr), values.get(), values.get() + 3); };
  fail_call(calls() + 1);
  EXPECT_THROW(reduce(), std::bad_alloc);
  fail_call(calls() + 1, cudaErrorNotSupported);
  EXPECT_THROW(reduce(), thrust::system_error);
  EXPECT_EQ(reduce(), 6);
}

}  // namespace
}  // namespace cuglmm::emulation
