/// Every call of the runtime or a library passes here: it is locked, counted and may be made to fail.
#pragma once

#include <mutex>
#include <string>

#include <emulation/emulation.hpp>

namespace cuglmm::emulation {

/// One lock for everything; recursive, because a call may lead to others.
std::recursive_mutex& lock();

/// Counts; what an ordered failure or a lost device makes of this call, else cudaSuccess.
cudaError_t next_call(const char* name, cudaError_t usual);
/// Kept for cudaGetLastError.
cudaError_t remember(cudaError_t error);
cudaError_t last_error(bool clear);
/// The number of the call going on.
long current_call();
bool device_is_lost();
void recover_device();
void reset_calls();

/// Misuse: for the report.
void fault(const std::string& what);
const std::vector<std::string>& faults();
/// Prints and aborts: what a kernel cannot go on from.
[[noreturn]] void fatal(const std::string& what);

/// A call whose body answers with an error.
template <class Body>
cudaError_t call(const char* name, cudaError_t usual, Body body) {
  const std::lock_guard guard(lock());
  const cudaError_t error = next_call(name, usual);
  return remember(error == cudaSuccess ? body() : error);
}

/// A call that gives something back, which it does in any case: on a device it would report the error of
/// something earlier.
template <class Body>
cudaError_t release_call(const char* name, Body body) {
  const std::lock_guard guard(lock());
  const cudaError_t error = next_call(name, cudaErrorLaunchFailure), own = body();
  return remember(error == cudaSuccess ? own : error);
}

}  // namespace cuglmm::emulation
