/// Where a library's call could stand in a batch of crossed models, beside the loop that stands there: Z
/// times many problems' effects by cuSPARSE, and many small borders factored by cuSOLVER, on VerbAgg's sizes.
/// A Markdown table (script/gpu runs it).
#include <cuda_runtime.h>
#include <cusolverDn.h>
#include <cusparse.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <kernels/border.hpp>
#include <kernels/cuda/launch.hpp>

namespace {

using namespace cuglmm;

template <class Status>
void check(Status status, int line) {
  if (static_cast<int>(status) == 0) return;
  std::fprintf(stderr, "bench: a call failed with status %d (libraries.cu:%d)\n", static_cast<int>(status),
               line);
  std::exit(1);
}
#define CHECK(call) check(call, __LINE__)

template <class T>
T* device(std::size_t n) {
  T* at = nullptr;
  CHECK(cudaMalloc(reinterpret_cast<void**>(&at), n * sizeof(T)));
  CHECK(cudaMemset(at, 0, n * sizeof(T)));
  return at;
}
template <class T>
T* device(const std::vector<T>& values) {
  T* at = device<T>(values.size());
  CHECK(cudaMemcpy(at, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return at;
}

/// Best of several runs, in milliseconds; `before` each run is not timed.
template <class Before, class Work>
double milliseconds(Before before, Work work) {
  cudaEvent_t begin, end;
  CHECK(cudaEventCreate(&begin));
  CHECK(cudaEventCreate(&end));
  float best = 1e30f;
  for (int run = 0; run < 6; ++run) {
    before();
    CHECK(cudaEventRecord(begin));
    work();
    CHECK(cudaEventRecord(end));
    CHECK(cudaEventSynchronize(end));
    float ms = 0;
    CHECK(cudaEventElapsedTime(&ms, begin, end));
    if (ms < best) best = ms;
  }
  CHECK(cudaEventDestroy(begin));
  CHECK(cudaEventDestroy(end));
  return best;
}

double uniform() {
  static unsigned long long state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<double>(state >> 11) * 0x1p-53;
}

void print(const char* what, double loop, const char* library, double other) {
  std::printf("| %s | %.3g | %s | %.3g | %.3g |\n", what, loop, library, other, other / loop);
}

// ---- eta = Z b for many problems: rows x lanes, lane fastest, two effects per row ----

__global__ void add_effects(const int* effects, const double* b, double* eta, int rows, int lanes) {
  const int lane = cuda::thread();
  if (lane >= lanes) return;
  for (int i = blockIdx.y; i < rows; i += gridDim.y)
    eta[Index{i} * lanes + lane] =
        b[Index{effects[2 * i]} * lanes + lane] + b[Index{effects[2 * i + 1]} * lanes + lane];
}
/// As the evaluators do it: eta lives in a register, what becomes of it is added up.
__global__ void use_effects(const int* effects, const double* b, double* sums, int rows, int lanes) {
  const int lane = cuda::thread();
  if (lane >= lanes) return;
  double sum = 0;
  for (int i = blockIdx.y; i < rows; i += gridDim.y)
    sum += b[Index{effects[2 * i]} * lanes + lane] + b[Index{effects[2 * i + 1]} * lanes + lane];
  sums[Index{blockIdx.y} * lanes + lane] = sum;
}

void products(int persons, int items, int lanes) {
  const int rows = persons * items, effects = persons + items, rounds = 64;
  std::vector<int> offsets, columns;
  for (int i = 0; i <= rows; ++i) offsets.push_back(2 * i);
  for (int i = 0; i < rows; ++i) {
    columns.push_back(i / items);
    columns.push_back(persons + i % items);
  }
  std::vector<double> values(std::size_t(effects) * lanes);
  for (double& value : values) value = uniform() - 0.5;
  int *d_offsets = device(offsets), *d_columns = device(columns);
  double *ones = device(std::vector<double>(columns.size(), 1.0)), *b = device(values),
         *eta = device<double>(std::size_t(rows) * lanes),
         *sums = device<double>(std::size_t(rounds) * lanes);
  const auto nothing = [] {};
  const dim3 grid(cuda::blocks(lanes), rounds);
  const double loop = milliseconds(
      nothing, [&] { CHECK(cuda::launch(add_effects, grid, 0, nullptr, d_columns, b, eta, rows, lanes)); });
  const double fused = milliseconds(
      nothing, [&] { CHECK(cuda::launch(use_effects, grid, 0, nullptr, d_columns, b, sums, rows, lanes)); });

  cusparseHandle_t handle;
  CHECK(cusparseCreate(&handle));
  cusparseSpMatDescr_t Z;
  cusparseDnMatDescr_t B, Eta;
  CHECK(cusparseCreateCsr(&Z, rows, effects, Index(columns.size()), d_offsets, d_columns, ones,
                          CUSPARSE_INDEX_32I, CUSPARSE_INDEX_32I, CUSPARSE_INDEX_BASE_ZERO, CUDA_R_64F));
  CHECK(cusparseCreateDnMat(&B, effects, lanes, lanes, b, CUDA_R_64F, CUSPARSE_ORDER_ROW));
  CHECK(cusparseCreateDnMat(&Eta, rows, lanes, lanes, eta, CUDA_R_64F, CUSPARSE_ORDER_ROW));
  const double one = 1, zero = 0;
  constexpr auto kPlain = CUSPARSE_OPERATION_NON_TRANSPOSE;
  std::size_t bytes = 0;
  CHECK(cusparseSpMM_bufferSize(handle, kPlain, kPlain, &one, Z, B, &zero, Eta, CUDA_R_64F,
                                CUSPARSE_SPMM_CSR_ALG2, &bytes));
  unsigned char* buffer = device<unsigned char>(bytes + 1);
  const double spmm = milliseconds(nothing, [&] {
    CHECK(cusparseSpMM(handle, kPlain, kPlain, &one, Z, B, &zero, Eta, CUDA_R_64F, CUSPARSE_SPMM_CSR_ALG2,
                       buffer));
  });
  char what[160];
  std::snprintf(what, sizeof what, "Z b, %d rows, %d effects, %d problems", rows, effects, lanes);
  print(what, loop, "cuSPARSE SpMM", spmm);
  std::snprintf(what, sizeof what, "the same, eta used at once, not stored");
  print(what, fused, "cuSPARSE SpMM", spmm);
  CHECK(cusparseDestroyDnMat(B));
  CHECK(cusparseDestroyDnMat(Eta));
  CHECK(cusparseDestroySpMat(Z));
  CHECK(cusparseDestroy(handle));
  for (void* block :
       {static_cast<void*>(d_offsets), static_cast<void*>(d_columns), static_cast<void*>(ones),
        static_cast<void*>(b), static_cast<void*>(eta), static_cast<void*>(sums), static_cast<void*>(buffer)})
    CHECK(cudaFree(block));
}

// ---- borders ----

__global__ void factor_lanes(double* A, int n, int lanes) {
  const int lane = cuda::thread();
  if (lane >= lanes) return;
  LogProduct<double> log_inverse;
  factor_border(cuda::entries(A, lane, lanes), n, Alone{}, log_inverse);
}

/// Positive definite: a random symmetric matrix, diagonally dominant.
std::vector<double> matrix(int n) {
  std::vector<double> A(std::size_t(n) * n);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j <= i; ++j) A[i * n + j] = A[j * n + i] = i == j ? n : uniform() - 0.5;
  return A;
}

void factors(int n, int lanes) {
  const std::vector<double> one = matrix(n);
  std::vector<double> by_lane(one.size() * lanes), by_matrix(by_lane.size());
  for (std::size_t i = 0; i < one.size(); ++i)
    for (int lane = 0; lane < lanes; ++lane)
      by_lane[i * lanes + lane] = by_matrix[lane * one.size() + i] = one[i];
  const std::size_t bytes = by_lane.size() * sizeof(double);
  double *source_lane = device(by_lane), *source_matrix = device(by_matrix),
         *A = device<double>(by_lane.size());
  std::vector<double*> pointers;
  for (int lane = 0; lane < lanes; ++lane) pointers.push_back(A + lane * one.size());
  double** d_pointers = device(pointers);
  int* info = device<int>(lanes);
  cusolverDnHandle_t handle;
  CHECK(cusolverDnCreate(&handle));
  const auto set = [&](const double* from) {
    return [=] { CHECK(cudaMemcpy(A, from, bytes, cudaMemcpyDeviceToDevice)); };
  };
  const double loop = milliseconds(set(source_lane), [&] {
    CHECK(cuda::launch(factor_lanes, dim3(cuda::blocks(lanes)), 0, nullptr, A, n, lanes));
  });
  const double library = milliseconds(set(source_matrix), [&] {
    CHECK(cusolverDnDpotrfBatched(handle, CUBLAS_FILL_MODE_LOWER, n, d_pointers, n, info, lanes));
  });
  char what[160];
  std::snprintf(what, sizeof what, "Cholesky of %d x %d, %d problems", n, n, lanes);
  print(what, loop, "cuSOLVER potrfBatched", library);
  CHECK(cusolverDnDestroy(handle));
  for (void* block : {static_cast<void*>(source_lane), static_cast<void*>(source_matrix),
                      static_cast<void*>(A), static_cast<void*>(d_pointers), static_cast<void*>(info)})
    CHECK(cudaFree(block));
}

}  // namespace

int main() {
  std::printf("| work | our loop, ms | library | its call, ms | times the loop |\n");
  std::printf("| --- | ---: | --- | ---: | ---: |\n");
  products(316, 24, 10'000);
  for (const int lanes : {1000, 10'000})
    for (const int n : {8, 24, 64}) factors(n, lanes);
}
