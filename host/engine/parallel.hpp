/// Threads: a loop whose iterations are independent.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>

namespace cuglmm {

int hardware_threads();

/// `wanted` <= 0: as many as the machine has.
int thread_count(int wanted);

/// body(thread) on `threads` threads, thread 0 being the caller's. The first exception is thrown again here.
void on_threads(int threads, const std::function<void(int thread)>& body);

/// body(i, thread) for i in [0, n) on so many threads, in any order.
template <class Body>
void parallel_for(int threads, int n, const Body& body) {
  if (threads > n) threads = n;
  if (threads <= 1) {
    for (int i = 0; i < n; ++i) body(i, 0);
    return;
  }
  std::atomic<int> next{0};
  on_threads(threads, [&](int thread) {
    for (int i = next++; i < n; i = next++) body(i, thread);
  });
}

/// f(first, count) for stretches of [0, n) that do not depend on the threads, nor then the bits of sums in
/// them.
constexpr int kStretch = 128;
template <class F>
void by_stretches(int n, int threads, const F& f) {
  parallel_for(threads, (n + kStretch - 1) / kStretch,
               [&](int stretch, int) { f(stretch * kStretch, std::min(kStretch, n - stretch * kStretch)); });
}

}  // namespace cuglmm
