/// Memory for packs: aligned to 64 bytes, the widest register.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace cuglmm {

template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, kAlignment); }
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
