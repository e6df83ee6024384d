#include <host/engine/parallel.hpp>

#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace cuglmm {

int hardware_threads() {
  const unsigned n = std::thread::hardware_concurrency();
  return n == 0 ? 1 : static_cast<int>(n);
}

int thread_count(int wanted) { return wanted > 0 ? wanted : hardware_threads(); }

void on_threads(int threads, const std::function<void(int)>& body) {
  std::exception_ptr failure;
  std::mutex mutex;
  const auto guarded = [&](int thread) {
    try {
      body(thread);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int thread = 1; thread < threads; ++thread) workers.emplace_back(guarded, thread);
    guarded(0);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace cuglmm
