/// A fiber: a function on a stack of its own (Boost.Context), known to AddressSanitizer. Whoever resumes it
/// goes on when it parks.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <functional>

namespace cuglmm::emulation {

class Fiber {
 public:
  /// The function must not return: it parks for ever.
  explicit Fiber(std::function<void()> function);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  void resume();
  /// Called on the fiber.
  void park();

 private:
  static void enter(boost::context::detail::transfer_t from);

  std::function<void()> function_;
  char* stack_;
  boost::context::detail::fcontext_t other_;  ///< the fiber while it is parked, else who resumed it
  const void* caller_stack_ = nullptr;
  std::size_t caller_bytes_ = 0;
};

}  // namespace cuglmm::emulation
