#define __annotate_test
#define cudaLaunchKernelEx tk
#include <cuda_runtime.h>
#undef cudaLaunchKernelEx
#include <cusolverDn.h>
#include <cusparse.h>
extern thread_local uint3 threadIdx;
__device__ int f() { return threadIdx.x; }
__global__ void k(double* p) { p[0] = nan(""); }
int main() {
  double* p;
  cudaMalloc(&p, 8);
}
