// Devices, versions, errors; settings and the report.
#include <cstdlib>
#include <cstring>

#include "blocks.hpp"
#include "calls.hpp"
#include "handles.hpp"
#include "memory.hpp"
#include "streams.hpp"

namespace cuglmm::emulation {
namespace {

thread_local int current_device = 0;

Settings fresh_settings() {
  const char* order = std::getenv("CUGLMM_EMULATION_ORDER");
  if (order == nullptr || std::strcmp(order, "forwards") == 0) return {Order::forwards};
  if (std::strcmp(order, "backwards") == 0) return {Order::backwards};
  fatal("CUGLMM_EMULATION_ORDER must be forwards or backwards, not '" + std::string(order) + "'");
}

/// Without a device or with an old driver nothing works.
cudaError_t available(int device) {
  if (settings().driver_version < CUDART_VERSION) return cudaErrorInsufficientDriver;
  if (settings().devices == 0) return cudaErrorNoDevice;
  return device >= 0 && device < settings().devices ? cudaSuccess : cudaErrorInvalidDevice;
}

void describe(cudaDeviceProp& p, int device) {
  p = {};
  std::strcpy(p.name, "CUDA emulated on the host (no GPU)");
  p.totalGlobalMem = settings().memory;
  p.major = 9;
  p.minor = 0;
  p.multiProcessorCount = 4;  // few: tests reach more blocks than that
  p.warpSize = 32;
  p.maxThreadsPerBlock = 1024;
  p.maxThreadsPerMultiProcessor = 2048;
  p.maxBlocksPerMultiProcessor = 32;
  p.sharedMemPerBlock = 48 << 10;
  p.sharedMemPerBlockOptin = 227 << 10;
  p.sharedMemPerMultiprocessor = 228 << 10;
  p.regsPerBlock = p.regsPerMultiprocessor = 65536;
  p.maxGridSize[0] = 0x7fffffff;
  p.maxGridSize[1] = p.maxGridSize[2] = 65535;
  p.maxThreadsDim[0] = p.maxThreadsDim[1] = 1024;
  p.maxThreadsDim[2] = 64;
  p.unifiedAddressing = 1;
  p.memoryPoolsSupported = 1;
  p.asyncEngineCount = 2;
  p.pciDeviceID = device;
}

cudaError_t attribute(int* value, cudaDeviceAttr which, int device) {
  cudaDeviceProp p;
  describe(p, device);
  switch (which) {
    case cudaDevAttrComputeCapabilityMajor:
      *value = p.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = p.minor;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = p.multiProcessorCount;
      break;
    case cudaDevAttrWarpSize:
      *value = p.warpSize;
      break;
    case cudaDevAttrMaxThreadsPerBlock:
      *value = p.maxThreadsPerBlock;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *value = p.maxThreadsPerMultiProcessor;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = static_cast<int>(p.sharedMemPerBlock);
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(p.sharedMemPerBlockOptin);
      break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = static_cast<int>(p.sharedMemPerMultiprocessor);
      break;
    case cudaDevAttrMaxRegistersPerBlock:
      *value = p.regsPerBlock;
      break;
    case cudaDevAttrMemoryPoolsSupported:
      *value = p.memoryPoolsSupported;
      break;
    case cudaDevAttrClockRate:
      *value = 1'000'000;
      break;
    default:
      fault("attribute " + std::to_string(which) + " of a device is not emulated");
      return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

struct ErrorText {
  cudaError_t error;
  const char *name, *text;
};
constexpr ErrorText kErrors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInvalidPitchValue, "cudaErrorInvalidPitchValue", "invalid pitch argument"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorDevicesUnavailable, "cudaErrorDevicesUnavailable",
     "CUDA-capable device(s) is/are busy or unavailable"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources",
     "too many resources requested for launch"},
    {cudaErrorLaunchTimeout, "cudaErrorLaunchTimeout", "the launch timed out and was terminated"},
    {cudaErrorECCUncorrectable, "cudaErrorECCUncorrectable", "uncorrectable ECC error encountered"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const ErrorText& text_of(cudaError_t error) {
  static constexpr ErrorText unknown = {cudaErrorUnknown, "unrecognized error code",
                                        "unrecognized error code"};
  for (const ErrorText& e : kErrors)
    if (e.error == error) return e;
  return unknown;
}

}  // namespace

Settings& settings() {
  static Settings s = fresh_settings();
  return s;
}

Report report() {
  const std::lock_guard guard(lock());
  Report r;
  const auto add = [&](const std::vector<std::string>& found) {
    r.leaks.insert(r.leaks.end(), found.begin(), found.end());
    return static_cast<int>(found.size());
  };
  r.device_blocks = add(live_blocks(Space::device));
  r.pinned_blocks = add(live_blocks(Space::pinned));
  r.streams = add(live_streams());
  r.events = add(live_events());
  r.handles = add(live_handles());
  r.faults = faults();
  return r;
}

std::string Report::text() const {
  std::string result;
  for (const std::string& fault : faults) result += "fault: " + fault + "\n";
  for (const std::string& leak : leaks) result += "not released: " + leak + "\n";
  return result;
}

void reset() {
  const std::lock_guard guard(lock());
  forget_streams();
  forget_handles();
  forget_kernels();
  release_everything();
  reset_calls();
  settings() = fresh_settings();
}

}  // namespace cuglmm::emulation

using namespace cuglmm::emulation;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  return call("cudaGetDeviceCount", cudaErrorNoDevice, [&] {
    *count = 0;
    const cudaError_t error = available(0);
    if (error == cudaSuccess) *count = settings().devices;
    return error;
  });
}
cudaError_t cudaSetDevice(int device) {
  return call("cudaSetDevice", cudaErrorDevicesUnavailable, [&] {
    const cudaError_t error = available(device);
    if (error == cudaSuccess) current_device = device;
    return error;
  });
}
cudaError_t cudaGetDevice(int* device) {
  return call("cudaGetDevice", cudaErrorInitializationError,
              [&] { return *device = current_device, available(0); });
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return call("cudaGetDeviceProperties", cudaErrorInvalidDevice, [&] {
    const cudaError_t error = available(device);
    if (error == cudaSuccess) describe(*properties, device);
    return error;
  });
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
  return call("cudaDeviceGetAttribute", cudaErrorInvalidDevice, [&] {
    const cudaError_t error = available(device);
    return error == cudaSuccess ? attribute(value, which, device) : error;
  });
}
cudaError_t cudaDriverGetVersion(int* version) {
  return call("cudaDriverGetVersion", cudaErrorInvalidValue,
              [&] { return *version = settings().driver_version, cudaSuccess; });
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  return call("cudaRuntimeGetVersion", cudaErrorInvalidValue,
              [&] { return *version = CUDART_VERSION, cudaSuccess; });
}
cudaError_t cudaDeviceReset() {
  const std::lock_guard guard(lock());
  forget_streams();
  forget_handles();
  forget_kernels();
  release_everything();
  recover_device();
  return cudaSuccess;
}

cudaError_t cudaGetLastError() { return last_error(true); }
cudaError_t cudaPeekAtLastError() { return last_error(false); }
const char* cudaGetErrorName(cudaError_t error) { return text_of(error).name; }
const char* cudaGetErrorString(cudaError_t error) { return text_of(error).text; }

}  // extern "C"
