/// What a kernel may use: built-in variables, barriers, full-mask warp functions, integer atomics, shared
/// memory. Threads of a block are fibers of one host thread, and only one runs at a time.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

// Variables, not macros (the toolkit has members of these names); built with -fno-extern-tls-init.
extern thread_local uint3 threadIdx, blockIdx;
extern thread_local dim3 blockDim, gridDim;
constexpr int warpSize = 32;

namespace cuglmm::emulation {

/// Parks the thread until all of its block are here. Ends the program where that cannot happen.
void block_barrier();
bool block_vote(bool predicate);  ///< any of the block's
/// Every thread of the warp gives a word; then each may read all of them: words[lane]. Valid until the
/// thread's next but one exchange.
struct Exchange {
  const std::uint64_t* words;
  int lane, count;  ///< mine; of the warp
};
Exchange warp_exchange(unsigned mask, std::uint64_t word, const char* function);
/// The block's dynamic shared memory.
void* dynamic_shared_memory();

template <class T>
std::uint64_t to_word(T value) {
  static_assert(sizeof(T) <= 8);
  std::uint64_t word = 0;
  std::memcpy(&word, &value, sizeof value);
  return word;
}

/// The value of the lane `source(lane, first)`, where `first` is the first lane of my segment of `width`;
/// mine where that leaves the segment.
template <class T, class Source>
T shuffle(unsigned mask, T value, int width, const char* function, Source source) {
  const Exchange all = warp_exchange(mask, to_word(value), function);
  const int first = all.lane / width * width, from = source(all.lane, first);
  if (from < first || from >= first + width) return value;
  const std::uint64_t word = from < all.count ? all.words[from] : ~std::uint64_t{0};  // no such thread
  T result;
  std::memcpy(&result, &word, sizeof result);
  return result;
}

inline unsigned ballot(unsigned mask, bool predicate, const char* function) {
  const Exchange all = warp_exchange(mask, predicate, function);
  unsigned bits = 0;
  for (int i = 0; i < all.count; ++i) bits |= static_cast<unsigned>(all.words[i] != 0) << i;
  return bits;
}

}  // namespace cuglmm::emulation

inline void __syncthreads() { cuglmm::emulation::block_barrier(); }
inline int __syncthreads_or(int predicate) { return cuglmm::emulation::block_vote(predicate != 0); }
inline void __syncwarp(unsigned mask = 0xffffffffu) {
  cuglmm::emulation::warp_exchange(mask, 0, "__syncwarp");
}
inline void __threadfence() {}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = warpSize) {
  return cuglmm::emulation::shuffle(mask, value, width, "__shfl_sync",
                                    [&](int, int first) { return first + (source & (width - 1)); });
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize) {
  return cuglmm::emulation::shuffle(mask, value, width, "__shfl_down_sync",
                                    [&](int lane, int) { return lane + static_cast<int>(delta); });
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize) {
  return cuglmm::emulation::shuffle(mask, value, width, "__shfl_up_sync",
                                    [&](int lane, int) { return lane - static_cast<int>(delta); });
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = warpSize) {
  return cuglmm::emulation::shuffle(mask, value, width, "__shfl_xor_sync",
                                    [&](int lane, int) { return lane ^ bits; });
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  return cuglmm::emulation::ballot(mask, predicate != 0, "__ballot_sync");
}
inline int __any_sync(unsigned mask, int predicate) {
  return cuglmm::emulation::ballot(mask, predicate != 0, "__any_sync") != 0;
}
inline int __all_sync(unsigned mask, int predicate) {
  return cuglmm::emulation::ballot(mask, predicate == 0, "__all_sync") == 0;
}
inline int __popc(unsigned word) { return __builtin_popcount(word); }

// Integers only: a sum of doubles would depend on the order of the threads.
inline int atomicAdd(int* at, int value) {
  const int old = *at;
  *at = static_cast<int>(static_cast<unsigned>(old) + static_cast<unsigned>(value));
  return old;
}
inline unsigned atomicAdd(unsigned* at, unsigned value) {
  const unsigned old = *at;
  *at = old + value;
  return old;
}
inline unsigned long long atomicAdd(unsigned long long* at, unsigned long long value) {
  const unsigned long long old = *at;
  *at = old + value;
  return old;
}
