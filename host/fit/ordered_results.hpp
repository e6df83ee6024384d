/// Replicates end in any order and are handed on in order, in blocks.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include <cuglmm/fit.hpp>
#include <kernels/launch.hpp>

namespace cuglmm {

/// Numbers replicates out to threads and passes their results on in order. Thread safe.
class OrderedResults {
 public:
  /// Replicates first .. first + count - 1; m values of theta, p of beta each.
  OrderedResults(std::int64_t first, std::int64_t count, int m, int p, std::function<void(const Fits&)> sink);

  /// Up to `wanted` numbers nobody has yet, consecutive from the result; returns how many (0: none are left,
  /// or stopped).
  int claim(int wanted, std::int64_t& number);
  void finished(const Finished& replicate, Status status);
  /// No more numbers are handed out.
  void stop();
  bool stopped() const;
  /// When nobody works any more, after a stop or a failure of the device: of the next block, what is done
  /// without a gap.
  void pass_on_rest();
  std::int64_t done() const;

 private:
  Fits empty_block(std::int64_t number) const;
  void flush(std::unique_lock<std::mutex>& lock);

  /// Replicates per block handed to the sink: a killed run loses no more than a few of these.
  static constexpr std::int64_t kBlock = 64;

  const std::int64_t first_, count_;
  const int m_, p_;
  const std::function<void(const Fits&)> sink_;
  mutable std::mutex mutex_;
  std::int64_t next_ = 0, passed_on_ = 0, done_ = 0;  ///< counted from first_
  bool stopped_ = false, flushing_ = false;
  struct Block {
    Fits fits;
    std::int64_t missing = 0;
    std::vector<bool> finished;
  };
  std::deque<Block>
      blocks_;  ///< not passed on yet, the first of them begins at passed_on_; unset until something is done
};

}  // namespace cuglmm
