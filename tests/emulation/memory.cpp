#include "memory.hpp"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>

#include "calls.hpp"

namespace cuglmm::emulation {
namespace {

constexpr std::size_t kPage = 4096 * 8, kGap = 2 * kPage;  // its shadow is a page
constexpr std::size_t kRange = std::size_t{1} << 42;       // of addresses; pages are given to blocks alone

std::size_t pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

struct Block {
  Space space;
  std::size_t bytes;
  long call;
  bool ready, freed = false;
};

struct Memory {
  std::uintptr_t first = 0, next = 0, end = 0;  ///< addresses; from `next` on never used
  std::map<std::uintptr_t, Block> blocks;
  std::size_t device_bytes = 0;
  int open = 0;
};

void explain(const char*);

Memory& memory() {
  static Memory m = [] {
    Memory created;
    void* range = mmap(nullptr, kRange, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) fatal("no addresses for the device's memory");
    created.first = created.next = pages(reinterpret_cast<std::uintptr_t>(range));
    created.end = reinterpret_cast<std::uintptr_t>(range) + kRange;
    __asan_set_error_report_callback(explain);
    return created;
  }();
  return m;
}

std::uintptr_t number(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

/// The last block that starts at or before the address, freed or not.
std::map<std::uintptr_t, Block>::iterator block_before(std::uintptr_t address) {
  auto after = memory().blocks.upper_bound(address);
  return after == memory().blocks.begin() ? memory().blocks.end() : std::prev(after);
}

std::string describe(const Block& block) {
  return std::string(block.space == Space::device ? "device" : "pinned") + " block of " +
         std::to_string(block.bytes) + " bytes from call " + std::to_string(block.call);
}

/// Added to AddressSanitizer's report: what the address in it is to the program.
void explain(const char* text) {
  unsigned long long address = 0;  // __asan_get_report_address does not know that of a SEGV
  const char* word = std::strstr(text, "address 0x");
  if (word == nullptr || std::sscanf(word, "address %llx", &address) != 1) return;
  if (space_of(reinterpret_cast<void*>(address)) == Space::host) return;
  const auto found = block_before(address);
  if (found == memory().blocks.end()) return;
  const auto& [start, block] = *found;
  const std::size_t offset = address - start;
  const char* why = block.freed             ? "has been freed"
                    : offset >= block.bytes ? "is too short for that"
                    : !block.ready          ? "is not allocated yet, in the order of its stream"
                                            : "was touched by the host, or by work of another kind";
  std::fprintf(stderr, "CUDA emulation: byte %zu of a %s: the block %s\n", offset, describe(block).c_str(),
               why);
}

/// Device blocks as the present depth of Open wants them; the rest of a block's last page never.
void protect(std::uintptr_t start, const Block& block) {
  void* at = reinterpret_cast<void*>(start);
  __asan_poison_memory_region(at, pages(block.bytes));
  if (block.space == Space::pinned || (memory().open > 0 && block.ready))
    __asan_unpoison_memory_region(at, block.bytes);
}

void protect_all() {
  for (const auto& [start, block] : memory().blocks)
    if (block.space == Space::device && !block.freed) protect(start, block);
}

/// Gives the pages back, and those of their shadow; what touches them then is a SEGV.
void discard(std::uintptr_t start, std::size_t bytes) {
  std::size_t scale, offset;
  __asan_get_shadow_mapping(&scale, &offset);
  madvise(reinterpret_cast<void*>((start >> scale) + offset), bytes >> scale, MADV_DONTNEED);
  madvise(reinterpret_cast<void*>(start), bytes, MADV_DONTNEED);
  mprotect(reinterpret_cast<void*>(start), bytes, PROT_NONE);
}

void set_open(int depth) {
  const bool changes = (depth > 0) != (memory().open > 0);
  memory().open = depth;
  if (changes) protect_all();
}

}  // namespace

cudaError_t allocate(Space space, void** pointer, std::size_t bytes, bool ready) {
  Memory& m = memory();
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (bytes > kRange / 4) return cudaErrorMemoryAllocation;
  if (space == Space::device && (bytes > settings().memory || m.device_bytes > settings().memory - bytes))
    return cudaErrorMemoryAllocation;
  const std::size_t gap = std::max(kGap, pages(bytes));
  const std::uintptr_t start = m.next + gap;
  if (start + 2 * gap > m.end) return cudaErrorMemoryAllocation;
  void* at = reinterpret_cast<void*>(start);
  if (mprotect(at, pages(bytes), PROT_READ | PROT_WRITE) != 0) return cudaErrorMemoryAllocation;
  m.next = start + pages(bytes);
  __asan_unpoison_memory_region(at, pages(bytes));
  std::memset(at, 0xff, bytes);
  if (space == Space::device) m.device_bytes += bytes;
  protect(start, m.blocks[start] = {space, bytes, current_call(), ready});
  *pointer = at;
  return cudaSuccess;
}

void make_ready(void* pointer) {
  Block& block = memory().blocks.at(number(pointer));
  block.ready = true;
  protect(number(pointer), block);
}

bool is_block(Space space, void* pointer) {
  const auto found = memory().blocks.find(number(pointer));
  if (found == memory().blocks.end() || found->second.space != space) {
    fault(std::string("frees what is not the start of a ") + (space == Space::device ? "device" : "pinned") +
          " block");
    return false;
  }
  if (found->second.freed) fault("frees a second time a " + describe(found->second));
  return !found->second.freed;
}

void release(void* pointer) {
  Block& block = memory().blocks.at(number(pointer));
  if (block.freed) return;
  block.freed = true;
  if (block.space == Space::device) memory().device_bytes -= block.bytes;
  discard(number(pointer), pages(block.bytes));
}

void release_everything() {
  for (auto& entry : memory().blocks) release(reinterpret_cast<void*>(entry.first));
  if (memory().open == 0) memory().blocks.clear();
}

Space space_of(const void* pointer) {
  const std::uintptr_t address = number(pointer);
  const Memory& m = memory();
  if (address < m.first || address >= m.end) return Space::host;
  const auto found = block_before(address);
  return found == memory().blocks.end() ? Space::device : found->second.space;
}

bool whole(const void* pointer, std::size_t bytes, const std::string& what) {
  if (space_of(pointer) == Space::host || bytes == 0) return true;
  const auto found = block_before(number(pointer));
  if (found == memory().blocks.end()) {
    fault(what + " is before all blocks");
    return false;
  }
  const auto& [start, block] = *found;
  const std::size_t offset = number(pointer) - start;
  const bool inside = offset <= block.bytes && bytes <= block.bytes - offset;
  if (block.freed)
    fault(what + " is in a freed " + describe(block));
  else if (!inside)
    fault(what + ": " + std::to_string(bytes) + " bytes from byte " + std::to_string(offset) + " leave a " +
          describe(block));
  return inside && !block.freed;
}

bool on_device(const void* pointer, std::size_t bytes, const std::string& what) {
  if (bytes == 0) return true;
  if (pointer != nullptr && space_of(pointer) == Space::device) return whole(pointer, bytes, what);
  fault(what + (pointer == nullptr ? " is null" : " is not in device memory"));
  return false;
}

std::size_t device_bytes_in_use() { return memory().device_bytes; }

std::vector<std::string> live_blocks(Space space) {
  std::vector<std::string> result;
  for (const auto& entry : memory().blocks)
    if (!entry.second.freed && entry.second.space == space) result.push_back(describe(entry.second));
  return result;
}

void Open::begin() { set_open(memory().open + 1); }
void Open::end() { set_open(memory().open - 1); }
Closed::Closed() : depth_(memory().open) { set_open(0); }
Closed::~Closed() { set_open(depth_); }

}  // namespace cuglmm::emulation
