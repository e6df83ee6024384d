/// What tests ask of the emulated device: settings, failures on order, and what is left over. The program
/// under test includes none of this.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

namespace cuglmm::emulation {

enum class Order { forwards, backwards };

struct Settings {
  /// Of the threads of a block, the blocks of a grid and the streams at a synchronisation of the device. A
  /// missing barrier or dependency shows as a difference. From CUGLMM_EMULATION_ORDER, else forwards.
  Order order;
  int devices = 1;                            ///< 0: cudaErrorNoDevice
  std::size_t memory = std::size_t{4} << 30;  ///< bytes of the device
  int driver_version = CUDART_VERSION;        ///< lower: cudaErrorInsufficientDriver
};
Settings& settings();

/// Calls of the runtime and the libraries since reset(), all that can fail.
long calls();
/// The name of the n-th call (from 1).
std::string call_name(long n);
/// The n-th call since reset() fails (n from 1): with the error usual for it (cudaErrorMemoryAllocation where
/// it allocates, cudaErrorLaunchFailure, which stays, where it launches, copies or waits), or with this one.
/// A library call answers with the status that corresponds. A call that releases still releases. After an
/// error that stays (launch failure, illegal address ..) the device is lost: nothing runs and everything
/// fails, until reset() or cudaDeviceReset().
void fail_call(long n);
void fail_call(long n, cudaError_t error);
/// Whether a call was made to fail since reset().
bool call_failed();

struct Report {
  int device_blocks = 0, pinned_blocks = 0, streams = 0, events = 0;
  int handles = 0;                 ///< of the libraries, and their descriptors
  std::vector<std::string> leaks;  ///< a sentence for each of these
  std::vector<std::string>
      faults;  ///< misuse of a call since reset(): wrong kind, beyond a block, twice freed ..
  bool clean() const { return leaks.empty() && faults.empty(); }
  std::string text() const;
};
Report report();
/// For tests that plant one.
void forget_faults();

/// A device as new: default settings, nothing allocated, queues empty, no error, calls counted from 1.
void reset();

}  // namespace cuglmm::emulation
