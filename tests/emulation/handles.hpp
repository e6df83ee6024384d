/// Handles and descriptors of the libraries: counted, so that leaks and stale ones are seen; and how a
/// library call fails on order.
#pragma once

#include <string>
#include <vector>

#include <cuda_runtime_api.h>

namespace cuglmm::emulation {

void add_handle(const void* handle, const char* kind);
/// If it is no live handle of this kind, a fault.
bool is_handle(const void* handle, const char* kind);
void remove_handle(const void* handle);
std::vector<std::string> live_handles();
/// For reset(). The few bytes of each stay allocated.
void forget_handles();

}  // namespace cuglmm::emulation
