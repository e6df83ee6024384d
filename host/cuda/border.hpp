/// The dense border of one large fit by cuSOLVER: DenseFunctions for the CPU engine, whose threads keep the
/// rows and the trees.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include <host/cuda/solver.hpp>
#include <kernels/border.hpp>

namespace cuglmm::cuda {

/// From this size on the GPU serves. On paper, measured on no GPU: of a border of 512, factored and inverted,
/// the three copies of 2 MB take 0.6 ms at 10 GB/s, the n^3 flops 3.7 ms on a core of 36 GF.
/// Many cores would do with a larger one.
constexpr int kDeviceBorder = 512;

/// A symmetric positive definite matrix on the device, n x n row-major, lower triangle, with cuSOLVER's
/// workspace.
class DeviceMatrix {
 public:
  DeviceMatrix(int n, const Stream& stream);

  int size() const { return n_; }
  void set(const double* A) { upload(A_.data(), A, A_.size(), stream_); }
  void get(double* A) const { download(A, A_.data(), A_.size(), stream_); }
  /// Cholesky, L L'; false: not positive definite.
  bool factor();
  /// L by A^-1.
  void invert();

 private:
  const int n_;
  const Stream& stream_;
  const SolverHandle handle_;
  const SolverParameters parameters_;
  const DeviceArray<double> A_;
  const DeviceArray<int> info_;
  int inverse_size_ = 0;  ///< doubles of work_ that it takes
  DeviceArray<double> work_;
  std::vector<std::byte> host_work_;
};

/// Where the device has no room for the matrix, the CPU's functions serve from then on. Other failures are
/// thrown, through the kernels of the CPU.
class Border {
 public:
  /// smallest: the n from which it serves.
  Border(int smallest, const Stream& stream);
  Border(const Border&) = delete;
  Border& operator=(const Border&) = delete;

  /// Null: n is left to the CPU's functions.
  const DenseFunctions* functions(int n) const;

 private:
  double factor(double* A, int n, int threads);
  void invert(double* L, int n, int threads);
  template <class Work>
  bool on_device(int n, Work work);

  const DenseFunctions functions_;
  const Stream& stream_;
  std::mutex mutex_;
  std::optional<DeviceMatrix> matrix_;
  const double* factored_ = nullptr;  ///< the host's matrix whose factor is on the device
  bool no_room_ = false;
};

}  // namespace cuglmm::cuda
