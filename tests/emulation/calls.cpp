#include "calls.hpp"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "streams.hpp"

namespace cuglmm::emulation {
namespace {

struct Failure {
  long call = 0;
  std::optional<cudaError_t> error;
};

struct State {
  std::vector<const char*> names;
  Failure failure;
  bool failed = false;
  cudaError_t lost = cudaSuccess;
  std::vector<std::string> faults;
};
State& state() {
  static State s;
  return s;
}

thread_local cudaError_t last = cudaSuccess;

bool stays(cudaError_t error) {
  switch (error) {
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorIllegalAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorHardwareStackError:
    case cudaErrorECCUncorrectable:
    case cudaErrorAssert:
    case cudaErrorUnknown:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::recursive_mutex& lock() {
  static std::recursive_mutex mutex;
  return mutex;
}

cudaError_t next_call(const char* name, cudaError_t usual) {
  State& s = state();
  s.names.push_back(name);
  if (s.lost != cudaSuccess) return s.lost;
  if (current_call() != s.failure.call) return cudaSuccess;
  s.failed = true;
  const cudaError_t error = s.failure.error.value_or(usual);
  if (stays(error)) {
    s.lost = error;
    abandon_streams();
  }
  return error;
}

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) last = error;
  return error;
}

cudaError_t last_error(bool clear) {
  const std::lock_guard guard(lock());
  if (device_is_lost()) return state().lost;
  const cudaError_t error = last;
  if (clear) last = cudaSuccess;
  return error;
}

long current_call() { return static_cast<long>(state().names.size()); }
bool device_is_lost() { return state().lost != cudaSuccess; }

void recover_device() { state().lost = last = cudaSuccess; }

void reset_calls() {
  state() = State{};
  last = cudaSuccess;
}

void fault(const std::string& what) {
  state().faults.push_back("call " + std::to_string(current_call()) + ", " +
                           (state().names.empty() ? "none" : state().names.back()) + ": " + what);
}
const std::vector<std::string>& faults() { return state().faults; }

void fatal(const std::string& what) {
  std::fprintf(stderr, "CUDA emulation: %s\n", what.c_str());
  std::abort();
}

long calls() {
  const std::lock_guard guard(lock());
  return current_call();
}
std::string call_name(long n) {
  const std::lock_guard guard(lock());
  return state().names.at(static_cast<std::size_t>(n - 1));
}
void fail_call(long n) {
  const std::lock_guard guard(lock());
  state().failure = {n, {}};
}
void fail_call(long n, cudaError_t error) {
  const std::lock_guard guard(lock());
  state().failure = {n, error};
}
void forget_faults() {
  const std::lock_guard guard(lock());
  state().faults.clear();
}
bool call_failed() {
  const std::lock_guard guard(lock());
  return state().failed;
}

}  // namespace cuglmm::emulation
