/// Memory for packs: aligned to 64 bytes, the widest register; what is large is asked for in huge pages,
/// since a border's matrix is read and written here and there.
#pragma once

#include <cstddef>
#include <vector>

namespace cuglmm {

/// Throws std::bad_alloc.
void* allocate_aligned(std::size_t bytes);
void deallocate_aligned(void* at, std::size_t bytes);

template <class T>
struct AlignedAllocator {
  using value_type = T;

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_aligned(n * sizeof(T))); }
  void deallocate(T* p, std::size_t n) { deallocate_aligned(p, n * sizeof(T)); }
  template <class U>
  bool operator==(const AlignedAllocator<U>&) const {
    return true;
  }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

/// A block of scratch for a lane function. Zeroed: what a lane without a problem reads is then at least a
/// number.
class ScratchBlock {
 public:
  explicit ScratchBlock(std::size_t bytes) : bytes_(bytes + 64) {}
  void* data() { return bytes_.data(); }

 private:
  AlignedVector<unsigned char> bytes_;
};

}  // namespace cuglmm
