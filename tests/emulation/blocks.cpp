#include "blocks.hpp"

#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <emulation/emulation.hpp>

#include "calls.hpp"
#include "fibers.hpp"

thread_local uint3 threadIdx, blockIdx;
thread_local dim3 blockDim, gridDim;

namespace cuglmm::emulation {
namespace {

// One grid runs at a time (calls.hpp: lock), so what belongs to "the" block is static.
alignas(256) char dynamic_memory[kSharedLimit];

enum class At { barrier, warp, end };

struct Thread {
  At at = At::end;
  const char* function = "";  ///< where it waits
  Fiber* fiber = nullptr;     ///< on which
  unsigned exchanges = 0;
};

/// One block while it runs. A fiber takes one thread after the other until one parks; then another fiber goes
/// on with the rest. So a kernel without barriers needs one fiber.
class Block {
 public:
  explicit Block(const Grid& grid)
      : grid_(grid),
        threads_(grid.threads.x * grid.threads.y * grid.threads.z),
        words_(2 * threads_.size()) {}

  void run();
  void wait(At at, const char* function);
  bool vote(bool predicate, const char* function);
  Exchange exchange(std::uint64_t word, const char* function);
  void take_threads();  ///< on a fiber

 private:
  std::size_t in_order(std::size_t i) const {
    return settings().order == Order::forwards ? i : threads_.size() - 1 - i;
  }
  void enter(std::size_t thread);
  void switch_to(Fiber& fiber);
  bool release_barrier();
  bool release_warps();
  bool all(std::size_t first, std::size_t last, At at) const;
  [[noreturn]] void stuck() const;

  const Grid& grid_;
  std::vector<Thread> threads_;
  std::vector<std::uint64_t>
      words_;           ///< two sets: a thread may give its next word before others read this one
  bool votes_[2] = {};  ///< of this barrier and the next, which some may reach before others go on
  unsigned barriers_ = 0;
  std::size_t started_ = 0, current_ = 0;
};

Block* block = nullptr;

/// Fibers that run no thread. They stay with their host thread: the compiler may keep addresses of
/// thread_local variables while a fiber is parked.
std::vector<std::unique_ptr<Fiber>>& idle_fibers() {
  static thread_local std::vector<std::unique_ptr<Fiber>> fibers;
  return fibers;
}
Fiber* running = nullptr;

Fiber& idle_fiber() {
  auto& idle = idle_fibers();
  if (idle.empty())
    idle.push_back(std::make_unique<Fiber>([] {
      for (;;) {
        block->take_threads();
        idle_fibers().emplace_back(running);
        running->park();
      }
    }));
  Fiber* fiber = idle.back().release();
  idle.pop_back();
  return *fiber;
}

void Block::run() {
  block = this;
  while (started_ < threads_.size()) switch_to(idle_fiber());
  while (!all(0, threads_.size(), At::end))
    if (!release_barrier() && !release_warps()) stuck();
  block = nullptr;
}

void Block::take_threads() {
  while (started_ < threads_.size()) {
    const std::size_t thread = in_order(started_++);
    enter(thread);
    grid_.thread();
    threads_[current_].at = At::end;
  }
}

void Block::enter(std::size_t thread) {
  current_ = thread;
  const unsigned i = static_cast<unsigned>(thread), x = grid_.threads.x, y = grid_.threads.y;
  threadIdx = {i % x, i / x % y, i / x / y};
}

void Block::switch_to(Fiber& fiber) {
  running = &fiber;
  fiber.resume();
}

void Block::wait(At at, const char* function) {
  Thread& me = threads_[current_];
  const std::size_t thread = current_;
  me.at = at;
  me.function = function;
  me.fiber = running;
  running->park();
  enter(thread);
}

bool Block::vote(bool predicate, const char* function) {
  bool& any = votes_[barriers_ % 2];
  any = any || predicate;
  wait(At::barrier, function);
  return any;
}

Exchange Block::exchange(std::uint64_t word, const char* function) {
  const std::size_t first = current_ / warpSize * warpSize, thread = current_;
  std::uint64_t* words = words_.data() + threads_[thread].exchanges++ % 2 * threads_.size();
  words[thread] = word;
  wait(At::warp, function);
  return {words + first, static_cast<int>(thread - first),
          static_cast<int>(std::min<std::size_t>(warpSize, threads_.size() - first))};
}

bool Block::all(std::size_t first, std::size_t last, At at) const {
  return std::all_of(threads_.begin() + static_cast<std::ptrdiff_t>(first),
                     threads_.begin() + static_cast<std::ptrdiff_t>(last), [&](const Thread& thread) {
                       return thread.at == at &&
                              (at == At::end || thread.function == threads_[first].function);
                     });
}

bool Block::release_barrier() {
  if (!all(0, threads_.size(), At::barrier)) return false;
  votes_[++barriers_ % 2] = false;
  for (std::size_t i = 0; i < threads_.size(); ++i) switch_to(*threads_[in_order(i)].fiber);
  return true;
}

/// The warps whose threads all wait at the same function.
bool Block::release_warps() {
  std::vector<bool> released(threads_.size());
  bool any = false;
  for (std::size_t first = 0; first < threads_.size(); first += warpSize) {
    const std::size_t last = std::min<std::size_t>(first + warpSize, threads_.size());
    if (!all(first, last, At::warp)) continue;
    any = true;
    for (std::size_t i = first; i < last; ++i) released[i] = true;
  }
  for (std::size_t i = 0; i < threads_.size(); ++i)
    if (released[in_order(i)]) switch_to(*threads_[in_order(i)].fiber);
  return any;
}

void Block::stuck() const {
  std::string text, before;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    const std::string state =
        threads_[i].at == At::end ? "has left the kernel" : std::string("waits at ") + threads_[i].function;
    if (state != before) text += (i == 0 ? "thread " : "; thread ") + std::to_string(i) + " " + state;
    before = state;
  }
  fatal("the threads of a block part at a barrier: " + text);
}

void run_block(const Grid& grid) {
  std::memset(dynamic_memory, 0xff, grid.dynamic_bytes);
  if (grid.shared != grid.shared_end)
    std::memset(grid.shared, 0xff, static_cast<std::size_t>(grid.shared_end - grid.shared));
  Block(grid).run();
}

const char* const kBarrier = "__syncthreads";

}  // namespace

void run_grid(const Grid& grid) {
  if (block != nullptr) fatal("a kernel within a kernel");
  gridDim = grid.blocks;
  blockDim = grid.threads;
  __asan_poison_memory_region(dynamic_memory, sizeof dynamic_memory);
  __asan_unpoison_memory_region(dynamic_memory, grid.dynamic_bytes);
  const unsigned count = grid.blocks.x * grid.blocks.y * grid.blocks.z;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned b = settings().order == Order::forwards ? i : count - 1 - i;
    blockIdx = {b % grid.blocks.x, b / grid.blocks.x % grid.blocks.y, b / grid.blocks.x / grid.blocks.y};
    run_block(grid);
  }
  __asan_poison_memory_region(dynamic_memory, sizeof dynamic_memory);
}

void block_barrier() {
  if (block == nullptr) fatal("__syncthreads outside a kernel");
  block->wait(At::barrier, kBarrier);
}

bool block_vote(bool predicate) {
  if (block == nullptr) fatal("__syncthreads_or outside a kernel");
  return block->vote(predicate, "__syncthreads_or");
}

Exchange warp_exchange(unsigned mask, std::uint64_t word, const char* function) {
  if (block == nullptr) fatal(std::string(function) + " outside a kernel");
  if (mask != 0xffffffffu) fatal(std::string(function) + " with a mask of some lanes only");
  return block->exchange(word, function);
}

void* dynamic_shared_memory() { return dynamic_memory; }

}  // namespace cuglmm::emulation
