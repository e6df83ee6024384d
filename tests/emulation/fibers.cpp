#include "fibers.hpp"

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sys/mman.h>

#include "calls.hpp"

namespace cuglmm::emulation {
namespace {

// Frames are larger under AddressSanitizer; pages that nobody touches cost nothing. The lowest page is a
// guard.
constexpr std::size_t kStack = 512 << 10, kGuard = 4096;

}  // namespace

Fiber::Fiber(std::function<void()> function) : function_(std::move(function)) {
  void* memory =
      mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, kGuard, PROT_NONE) != 0)
    fatal("no memory for the stack of a thread");
  stack_ = static_cast<char*>(memory);
  other_ = boost::context::detail::make_fcontext(stack_ + kStack, kStack - kGuard, enter);
}

Fiber::~Fiber() {
  __asan_unpoison_memory_region(stack_, kStack);  // frames that never end; the addresses may be used again
  munmap(stack_, kStack);
}

void Fiber::resume() {
  void* frames = nullptr;
  __sanitizer_start_switch_fiber(&frames, stack_ + kGuard, kStack - kGuard);
  other_ = boost::context::detail::jump_fcontext(other_, this).fctx;
  __sanitizer_finish_switch_fiber(frames, nullptr, nullptr);
}

void Fiber::park() {
  void* frames = nullptr;
  __sanitizer_start_switch_fiber(&frames, caller_stack_, caller_bytes_);
  other_ = boost::context::detail::jump_fcontext(other_, nullptr).fctx;
  __sanitizer_finish_switch_fiber(frames, &caller_stack_, &caller_bytes_);
}

void Fiber::enter(boost::context::detail::transfer_t from) {
  Fiber& fiber = *static_cast<Fiber*>(from.data);
  __sanitizer_finish_switch_fiber(nullptr, &fiber.caller_stack_, &fiber.caller_bytes_);
  fiber.other_ = from.fctx;
  fiber.function_();
  fatal("a fiber ended");
}

}  // namespace cuglmm::emulation
