/// Streams are queues. Work runs only when something waits for it: a synchronisation of the stream, of the
/// device, of an event behind it, or of a stream that waits for such an event. So what the program forgot to
/// wait for has not happened, every time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

namespace cuglmm::emulation {

/// A live stream, or the default one? If not, a fault.
bool is_stream(cudaStream_t stream);
/// Work that may touch device memory. `releases`: done even where the device is lost.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work, bool releases = false);
/// All that is in the stream's queue now.
void run_stream(cudaStream_t stream);
void run_device();
/// The queues empty, nothing run but releases.
void abandon_streams();
/// For reset(): no streams, no events.
void forget_streams();

std::vector<std::string> live_streams();
std::vector<std::string> live_events();

}  // namespace cuglmm::emulation
