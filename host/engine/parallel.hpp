/// Threads: a loop whose iterations are independent.
#pragma once

#include <functional>

namespace cuglmm {

int hardware_threads();

/// `wanted` <= 0: as many as the machine has.
int thread_count(int wanted);

/// body(thread) on `threads` threads, thread 0 being the caller's. The first exception is thrown again here.
void on_threads(int threads, const std::function<void(int thread)>& body);

}  // namespace cuglmm
