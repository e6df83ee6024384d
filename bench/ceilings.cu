/// What this GPU can do: double-precision multiply-adds per second and bytes copied per second, measured, as
/// a JSON line.
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kThreads = 256, kChains = 8, kSteps = 4096;

void check(cudaError_t status, int line) {
  if (status == cudaSuccess) return;
  std::fprintf(stderr, "bench: the GPU failed: %s (ceilings.cu:%d)\n", cudaGetErrorString(status), line);
  std::exit(1);
}

/// Independent chains of multiply-adds in every thread.
__global__ void multiply_add(double* out, double a, double b) {
  double x[kChains];
  for (int c = 0; c < kChains; ++c) x[c] = threadIdx.x + c;
  for (int i = 0; i < kSteps; ++i)
    for (int c = 0; c < kChains; ++c) x[c] = fma(x[c], a, b);
  double sum = 0;
  for (int c = 0; c < kChains; ++c) sum += x[c];
  out[blockIdx.x * kThreads + threadIdx.x] = sum;
}

/// Best of several runs, in seconds.
template <class Work>
double seconds(Work work) {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin), __LINE__);
  check(cudaEventCreate(&end), __LINE__);
  float best = 1e30f;
  for (int run = 0; run < 6; ++run) {
    check(cudaEventRecord(begin), __LINE__);
    work();
    check(cudaEventRecord(end), __LINE__);
    check(cudaEventSynchronize(end), __LINE__);
    float ms = 0;
    check(cudaEventElapsedTime(&ms, begin, end), __LINE__);
    if (ms < best) best = ms;
  }
  check(cudaEventDestroy(begin), __LINE__);
  check(cudaEventDestroy(end), __LINE__);
  return best / 1e3;
}

}  // namespace

int main() {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), __LINE__);
  const int blocks = properties.multiProcessorCount * 16;
  const std::size_t bytes = std::size_t{1} << 30;
  double *out = nullptr, *from = nullptr, *to = nullptr;
  check(cudaMalloc(reinterpret_cast<void**>(&out), std::size_t(blocks) * kThreads * sizeof(double)),
        __LINE__);
  check(cudaMalloc(reinterpret_cast<void**>(&from), bytes), __LINE__);
  check(cudaMalloc(reinterpret_cast<void**>(&to), bytes), __LINE__);
  check(cudaMemset(from, 0, bytes), __LINE__);
  const double fma_time = seconds([&] {
    multiply_add<<<blocks, kThreads>>>(out, 0.999, 0.001);
    check(cudaGetLastError(), __LINE__);
  });
  const double copy_time =
      seconds([&] { check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice), __LINE__); });
  int driver = 0;
  check(cudaDriverGetVersion(&driver), __LINE__);
  std::printf(
      "{\"gpu\":\"%s\",\"driver_cuda\":\"%d.%d\",\"fma_per_second\":%.6g,\"bytes_per_second\":%.6g}\n",
      properties.name, driver / 1000, driver % 1000 / 10,
      double(blocks) * kThreads * kChains * kSteps / fma_time, 2.0 * double(bytes) / copy_time);
  for (double* block : {out, from, to}) check(cudaFree(block), __LINE__);
}
