#include <host/engine/aligned.hpp>

#include <sys/mman.h>
#include <new>

namespace cuglmm {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::align_val_t alignment(std::size_t bytes) {
  return std::align_val_t{bytes >= 2 * kHugePage ? kHugePage : 64};
}

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  void* const at = ::operator new(bytes, alignment(bytes));
  if (bytes >= 2 * kHugePage) madvise(at, bytes, MADV_HUGEPAGE);  // if the system has any
  return at;
}

void deallocate_aligned(void* at, std::size_t bytes) { ::operator delete(at, alignment(bytes)); }

}  // namespace cuglmm
