/// What the tests of the emulation share: a launch in one line, and a block that frees itself.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include <cuda_runtime.h>
#include <emulation/emulation.hpp>

namespace cuglmm::emulation {

template <class... Parameters, class... Arguments>
cudaError_t launch(dim3 blocks, dim3 threads, std::size_t shared_bytes, cudaStream_t stream,
                   void (*kernel)(Parameters...), const Arguments&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = blocks;
  config.blockDim = threads;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

template <class T>
class OnDevice {
 public:
  explicit OnDevice(std::size_t count) : count_(count) {
    EXPECT_EQ(cudaMalloc(reinterpret_cast<void**>(&values_), count * sizeof(T)), cudaSuccess);
  }
  explicit OnDevice(const std::vector<T>& values) : OnDevice(values.size()) {
    EXPECT_EQ(cudaMemcpy(values_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice), cudaSuccess);
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  ~OnDevice() { EXPECT_EQ(cudaFree(values_), cudaSuccess); }

  T* get() const { return values_; }
  /// After all work.
  std::vector<T> read() const {
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    return peek();
  }
  /// After the work of the default stream.
  std::vector<T> peek() const {
    std::vector<T> result(count_);
    EXPECT_EQ(cudaMemcpy(result.data(), values_, count_ * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
    return result;
  }

 private:
  std::size_t count_;
  T* values_ = nullptr;
};

class Stream {
 public:
  explicit Stream(unsigned flags = cudaStreamNonBlocking) {
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream_, flags), cudaSuccess);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess); }
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

/// For tests that plant faults: they are expected, and forgotten.
inline std::string faults_found() {
  std::string result;
  for (const std::string& fault : report().faults) result += fault + "\n";
  return result;
}

/// Runs the body forwards and backwards.
template <class Body>
void in_both_orders(Body body) {
  for (const Order order : {Order::forwards, Order::backwards}) {
    SCOPED_TRACE(order == Order::forwards ? "forwards" : "backwards");
    settings().order = order;
    body();
  }
}

}  // namespace cuglmm::emulation
