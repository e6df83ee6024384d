/// The device's memory, and pinned host memory: blocks in an address range of their own, each between pages
/// that nobody may touch. An address is never given out again, so a use after free is always seen. Device
/// blocks are poisoned for AddressSanitizer except while an `Open` lives.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

namespace cuglmm::emulation {

enum class Space { host, pinned, device };

/// Filled with 0xFF. `ready` false: not to be touched until make_ready() (stream-ordered allocation).
cudaError_t allocate(Space space, void** pointer, std::size_t bytes, bool ready = true);
void make_ready(void* pointer);
/// The start of a live block of this space? If not, a fault.
bool is_block(Space space, void* pointer);
void release(void* pointer);
void release_everything();

/// Where a pointer lies; device and pinned mean the address range, whatever is there.
Space space_of(const void* pointer);
/// Whether all bytes lie in one live block, or outside the range of blocks; if not, a fault.
bool whole(const void* pointer, std::size_t bytes, const std::string& what);
/// The same, and in device memory; for the libraries.
bool on_device(const void* pointer, std::size_t bytes, const std::string& what);

std::size_t device_bytes_in_use();
std::vector<std::string> live_blocks(Space space);

/// Lets this thread touch device memory.
class Open {
 public:
  Open() { begin(); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  ~Open() { end(); }
  static void begin();
  static void end();
};
/// Inside an Open, forbids it again: a host function in a stream.
class Closed {
 public:
  Closed();
  Closed(const Closed&) = delete;
  Closed& operator=(const Closed&) = delete;
  ~Closed();

 private:
  int depth_;
};

}  // namespace cuglmm::emulation
