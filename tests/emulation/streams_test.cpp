// Streams, events and memory of correct programs.
#include "support.hpp"

namespace cuglmm::emulation {
namespace {

using ::testing::ElementsAre;

__global__ void add(double* to, const double* from, double value) { *to = *from + value; }

TEST(Streams, WorkOfAStreamIsInOrder) {
  in_both_orders([] {
    const Stream stream;
    const OnDevice<double> a(std::vector<double>{1.0});
    for (int i = 0; i < 5; ++i)
      ASSERT_EQ(launch(1, 1, 0, stream.get(), add, a.get(), a.get(), double(i)), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(stream.get()), cudaSuccess);
    EXPECT_THAT(a.peek(), ElementsAre(11.0));
  });
}

TEST(Streams, AnEventOrdersTwoStreams) {
  in_both_orders([] {
    const Stream first, second;
    const OnDevice<double> a(std::vector<double>{1.0}), b(1);
    cudaEvent_t event = nullptr;
    ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
    ASSERT_EQ(launch(1, 1, 0, first.get(), add, a.get(), a.get(), 1.0), cudaSuccess);
    ASSERT_EQ(cudaEventRecord(event, first.get()), cudaSuccess);
    ASSERT_EQ(launch(1, 1, 0, first.get(), add, a.get(), a.get(), 100.0), cudaSuccess);  // behind the event
    ASSERT_EQ(cudaStreamWaitEvent(second.get(), event, 0), cudaSuccess);
    ASSERT_EQ(launch(1, 1, 0, second.get(), add, b.get(), a.get(), 10.0), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(second.get()), cudaSuccess);
    EXPECT_THAT(b.peek(), ElementsAre(12.0));
    EXPECT_EQ(cudaEventQuery(event), cudaSuccess);
    EXPECT_THAT(a.peek(), ElementsAre(2.0));
    EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
    EXPECT_THAT(a.read(), ElementsAre(102.0));
  });
}

TEST(Streams, TheDefaultStreamWaitsForOrdinaryStreamsAndTheyForIt) {
  in_both_orders([] {
    const Stream stream(cudaStreamDefault);
    const OnDevice<double> a(std::vector<double>{1.0}), b(1);
    ASSERT_EQ(launch(1, 1, 0, stream.get(), add, a.get(), a.get(), 1.0), cudaSuccess);
    EXPECT_THAT(a.peek(), ElementsAre(2.0));
    ASSERT_EQ(launch(1, 1, 0, nullptr, add, a.get(), a.get(), 1.0), cudaSuccess);
    ASSERT_EQ(launch(1, 1, 0, stream.get(), add, b.get(), a.get(), 1.0), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(stream.get()), cudaSuccess);
    EXPECT_THAT(b.peek(), ElementsAre(4.0));
  });
}

TEST(Streams, APollingLoopEnds) {
  const Stream stream;
  const OnDevice<double> a(std::vector<double>{1.0});
  cudaEvent_t from = nullptr, to = nullptr;
  ASSERT_EQ(cudaEventCreate(&from), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&to), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(from, stream.get()), cudaSuccess);
  ASSERT_EQ(launch(1, 1, 0, stream.get(), add, a.get(), a.get(), 1.0), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(to, stream.get()), cudaSuccess);
  float milliseconds = -1.0f;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, from, to), cudaErrorNotReady);
  EXPECT_EQ(cudaEventQuery(to), cudaErrorNotReady);
  while (cudaStreamQuery(stream.get()) == cudaErrorNotReady) continue;
  EXPECT_EQ(cudaEventQuery(to), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, from, to), cudaSuccess);
  EXPECT_GE(milliseconds, 0.0f);
  EXPECT_EQ(cudaEventDestroy(from), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(to), cudaSuccess);
}

TEST(Streams, AHostFunctionRunsInOrder) {
  const Stream stream;
  int seen = 0;
  ASSERT_EQ(cudaLaunchHostFunc(
                stream.get(), [](void* p) { *static_cast<int*>(p) = 7; }, &seen),
            cudaSuccess);
  EXPECT_EQ(seen, 0);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(seen, 7);
}

TEST(Memory, OfAStreamLivesInItsOrder) {
  const Stream stream;
  double *a = nullptr, result = 0.0;
  ASSERT_EQ(cudaMallocAsync(&a, 8, stream.get()), cudaSuccess);
  ASSERT_EQ(cudaMemsetAsync(a, 0, 8, stream.get()), cudaSuccess);
  ASSERT_EQ(launch(1, 1, 0, stream.get(), add, a, a, 4.0), cudaSuccess);
  ASSERT_EQ(cudaMemcpyAsync(&result, a, 8, cudaMemcpyDeviceToHost, stream.get()), cudaSuccess);
  ASSERT_EQ(cudaFreeAsync(a, stream.get()), cudaSuccess);
  EXPECT_EQ(report().device_blocks, 1);
  ASSERT_EQ(cudaStreamSynchronize(stream.get()), cudaSuccess);
  EXPECT_EQ(report().device_blocks, 0);
  EXPECT_EQ(result, 4.0);
}

TEST(Memory, FreeWaitsForTheDevice) {
  const Stream stream;
  const OnDevice<double> a(1);
  double* b = nullptr;
  ASSERT_EQ(cudaMalloc(&b, 8), cudaSuccess);
  ASSERT_EQ(cudaMemsetAsync(b, 0, 8, stream.get()), cudaSuccess);
  ASSERT_EQ(launch(1, 1, 0, stream.get(), add, a.get(), b, 1.0), cudaSuccess);
  ASSERT_EQ(cudaFree(b), cudaSuccess);
  EXPECT_THAT(a.peek(), ElementsAre(1.0));
}

TEST(Memory, IsAsLargeAsTheTestSays) {
  settings().memory = 1000;
  std::size_t free = 0, total = 0;
  const OnDevice<char> block(600);
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, 400u);
  EXPECT_EQ(total, 1000u);
  char* more = nullptr;
  EXPECT_EQ(cudaMalloc(&more, 401), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&more, 400), cudaSuccess);
  EXPECT_EQ(cudaFree(more), cudaSuccess);
}

TEST(Memory, RowsAreCopiedWithTheirPitch) {
  const OnDevice<double> block(std::vector<double>{1, 2, 3, 4, 5, 6});
  double host[4] = {};
  ASSERT_EQ(cudaMemcpy2DAsync(host, 16, block.get(), 24, 16, 2, cudaMemcpyDeviceToHost, nullptr),
            cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(nullptr), cudaSuccess);
  EXPECT_THAT(host, ElementsAre(1, 2, 4, 5));
}

TEST(Device, IsDescribed) {
  int count = 0, major = 0;
  cudaDeviceProp properties;
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 1);
  ASSERT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
  EXPECT_THAT(properties.name, ::testing::HasSubstr("emulated"));
  ASSERT_EQ(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0), cudaSuccess);
  EXPECT_EQ(major, properties.major);
  EXPECT_EQ(cudaSetDevice(1), cudaErrorInvalidDevice);
}

TEST(Device, MayBeMissingOrItsDriverTooOld) {
  int count = 5;
  settings().devices = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
  EXPECT_EQ(count, 0);
  EXPECT_STREQ(cudaGetErrorString(cudaErrorNoDevice), "no CUDA-capable device is detected");
  settings().driver_version = 11000;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
}

}  // namespace
}  // namespace cuglmm::emulation
