// Allocation, copies and fills of the runtime.
#include <cstring>
#include <string>

#include "calls.hpp"
#include "memory.hpp"
#include "streams.hpp"

namespace cuglmm::emulation {
namespace {

/// The kind says which of the two is device memory.
bool kind_fits(cudaMemcpyKind kind, const void* to, const void* from) {
  const bool to_device = space_of(to) == Space::device, from_device = space_of(from) == Space::device;
  switch (kind) {
    case cudaMemcpyHostToHost:
      return !to_device && !from_device;
    case cudaMemcpyHostToDevice:
      return to_device && !from_device;
    case cudaMemcpyDeviceToHost:
      return !to_device && from_device;
    case cudaMemcpyDeviceToDevice:
      return to_device && from_device;
    case cudaMemcpyDefault:
      return true;
  }
  return false;
}

cudaError_t copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  if (bytes == 0) return cudaSuccess;
  if (!kind_fits(kind, to, from)) {
    const auto name = [](const void* p) { return space_of(p) == Space::device ? "device" : "host"; };
    fault(std::string("the kind of the copy does not fit: it goes from ") + name(from) + " to " + name(to) +
          " memory");
    return cudaErrorInvalidValue;
  }
  if (!whole(to, bytes, "the copy's destination") || !whole(from, bytes, "the copy's source"))
    return cudaErrorInvalidValue;
  return enqueue(stream, [=] { std::memmove(to, from, bytes); });
}

cudaError_t fill(void* at, int byte, std::size_t bytes, cudaStream_t stream) {
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  if (!on_device(at, bytes, "what is filled")) return cudaErrorInvalidValue;
  return enqueue(stream, [=] { std::memset(at, byte, bytes); });
}

cudaError_t fill_rows(void* at, std::size_t pitch, int byte, std::size_t bytes, std::size_t rows,
                      cudaStream_t stream) {
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  if (rows > 0 && !on_device(at, (rows - 1) * pitch + bytes, "what is filled")) return cudaErrorInvalidValue;
  return enqueue(stream, [=] {
    for (std::size_t i = 0; i < rows; ++i) std::memset(static_cast<char*>(at) + i * pitch, byte, bytes);
  });
}

struct Rows {
  std::size_t pitch;
  std::size_t extent(std::size_t bytes, std::size_t rows) const {
    return rows == 0 ? 0 : (rows - 1) * pitch + bytes;
  }
};

cudaError_t copy_rows(void* to, Rows to_rows, const void* from, Rows from_rows, std::size_t bytes,
                      std::size_t rows, cudaMemcpyKind kind, cudaStream_t stream) {
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  if (bytes > to_rows.pitch || bytes > from_rows.pitch) return cudaErrorInvalidPitchValue;
  if (!kind_fits(kind, to, from)) {
    fault("the kind of the copy does not fit");
    return cudaErrorInvalidValue;
  }
  if (!whole(to, to_rows.extent(bytes, rows), "the copy's destination") ||
      !whole(from, from_rows.extent(bytes, rows), "the copy's source"))
    return cudaErrorInvalidValue;
  return enqueue(stream, [=] {
    for (std::size_t i = 0; i < rows; ++i)
      std::memmove(static_cast<char*>(to) + i * to_rows.pitch,
                   static_cast<const char*>(from) + i * from_rows.pitch, bytes);
  });
}

/// As on a device, waits for all that may still use it.
cudaError_t free_block(Space space, void* pointer) {
  if (pointer == nullptr) return cudaSuccess;
  if (!is_block(space, pointer)) return cudaErrorInvalidValue;
  run_device();
  release(pointer);
  return cudaSuccess;
}

cudaError_t free_in_stream(void* pointer, cudaStream_t stream) {
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  if (pointer == nullptr) return cudaSuccess;
  if (!is_block(Space::device, pointer)) return cudaErrorInvalidValue;
  if (device_is_lost()) return release(pointer), cudaSuccess;
  return enqueue(
      stream, [=] { release(pointer); }, true);
}

cudaError_t allocate_in_stream(void** pointer, std::size_t bytes, cudaStream_t stream) {
  if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
  const cudaError_t error = allocate(Space::device, pointer, bytes, false);
  if (error != cudaSuccess || *pointer == nullptr) return error;
  return enqueue(stream, [p = *pointer] { make_ready(p); });
}

}  // namespace
}  // namespace cuglmm::emulation

using namespace cuglmm::emulation;

extern "C" {

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return call("cudaMalloc", cudaErrorMemoryAllocation,
              [&] { return allocate(Space::device, pointer, bytes); });
}
cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t stream) {
  return call("cudaMallocAsync", cudaErrorMemoryAllocation,
              [&] { return allocate_in_stream(pointer, bytes, stream); });
}
cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  return call("cudaMallocHost", cudaErrorMemoryAllocation,
              [&] { return allocate(Space::pinned, pointer, bytes); });
}
cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned) {
  return call("cudaHostAlloc", cudaErrorMemoryAllocation,
              [&] { return allocate(Space::pinned, pointer, bytes); });
}
cudaError_t cudaFree(void* pointer) {
  return release_call("cudaFree", [&] { return free_block(Space::device, pointer); });
}
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  return release_call("cudaFreeAsync", [&] { return free_in_stream(pointer, stream); });
}
cudaError_t cudaFreeHost(void* pointer) {
  return release_call("cudaFreeHost", [&] { return free_block(Space::pinned, pointer); });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return call("cudaMemcpyAsync", cudaErrorLaunchFailure, [&] { return copy(to, from, bytes, kind, stream); });
}
/// In the default stream: what lies in streams made with cudaStreamNonBlocking it does not wait for.
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return call("cudaMemcpy", cudaErrorLaunchFailure, [&] {
    const cudaError_t error = copy(to, from, bytes, kind, nullptr);
    if (error == cudaSuccess) run_stream(nullptr);
    return error;
  });
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                              std::size_t bytes, std::size_t rows, cudaMemcpyKind kind, cudaStream_t stream) {
  return call("cudaMemcpy2DAsync", cudaErrorLaunchFailure,
              [&] { return copy_rows(to, {to_pitch}, from, {from_pitch}, bytes, rows, kind, stream); });
}
cudaError_t cudaMemset(void* at, int byte, std::size_t bytes) {
  return call("cudaMemset", cudaErrorLaunchFailure, [&] { return fill(at, byte, bytes, nullptr); });
}
cudaError_t cudaMemsetAsync(void* at, int byte, std::size_t bytes, cudaStream_t stream) {
  return call("cudaMemsetAsync", cudaErrorLaunchFailure, [&] { return fill(at, byte, bytes, stream); });
}
cudaError_t cudaMemset2DAsync(void* at, std::size_t pitch, int byte, std::size_t bytes, std::size_t rows,
                              cudaStream_t stream) {
  return call("cudaMemset2DAsync", cudaErrorLaunchFailure,
              [&] { return fill_rows(at, pitch, byte, bytes, rows, stream); });
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return call("cudaMemGetInfo", cudaErrorLaunchFailure, [&] {
    *total = settings().memory;
    *free = settings().memory - std::min(settings().memory, device_bytes_in_use());
    return cudaSuccess;
  });
}

/// The pool of stream-ordered allocation has no properties that could be seen here.
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  return call("cudaDeviceGetDefaultMemPool", cudaErrorInvalidDevice,
              [&] { return *pool = nullptr, cudaSuccess; });
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  return call("cudaMemPoolSetAttribute", cudaErrorInvalidValue, [] { return cudaSuccess; });
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, std::size_t) {
  return call("cudaMemPoolTrimTo", cudaErrorInvalidValue, [] { return cudaSuccess; });
}

}  // extern "C"
