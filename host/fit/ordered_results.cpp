#include <host/fit/ordered_results.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace cuglmm {

OrderedResults::OrderedResults(std::int64_t first, std::int64_t count, int m, int p,
                               std::function<void(const Fits&)> sink)
    : first_(first), count_(count), m_(m), p_(p), sink_(std::move(sink)) {}

int OrderedResults::claim(int wanted, std::int64_t& number) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return 0;
  const int got = static_cast<int>(std::min<std::int64_t>(wanted, count_ - next_));
  number = first_ + next_;
  next_ += got;
  return got;
}

Fits OrderedResults::empty_block(std::int64_t at) const {
  const std::int64_t size = std::min(kBlock, count_ - at);
  Fits fits;
  fits.first = first_ + at;
  fits.status.assign(size, Status::failed);
  fits.evaluations.assign(size, 0);
  fits.gradient_norm = fits.minus2_log_likelihood = fits.sigma =
      Eigen::VectorXd::Constant(size, std::numeric_limits<double>::quiet_NaN());
  fits.theta = Eigen::MatrixXd::Constant(m_, size, std::numeric_limits<double>::quiet_NaN());
  fits.beta = Eigen::MatrixXd::Constant(p_, size, std::numeric_limits<double>::quiet_NaN());
  return fits;
}

void OrderedResults::finished(const Finished& replicate, Status status) {
  std::unique_lock lock(mutex_);
  const std::int64_t at = replicate.number - first_, start = at / kBlock * kBlock, column = at - start;
  const std::size_t place = static_cast<std::size_t>((start - passed_on_) / kBlock);
  if (place >= blocks_.size()) blocks_.resize(place + 1);
  Block& block = blocks_[place];
  if (block.finished.empty()) {
    block.fits = empty_block(start);
    block.missing = block.fits.size();
    block.finished.resize(block.missing);
  }
  Fits& fits = block.fits;
  fits.status[column] = status;
  fits.evaluations[column] = replicate.evaluations;
  if (status != Status::failed) {
    fits.gradient_norm[column] = replicate.gradient_norm;
    fits.minus2_log_likelihood[column] = replicate.objective;
    fits.theta.col(column) = Eigen::Map<const Eigen::VectorXd>(replicate.psi, m_);
    fits.beta.col(column) = Eigen::Map<const Eigen::VectorXd>(replicate.psi + m_, p_);
    fits.sigma[column] = replicate.sigma;
  }
  --block.missing;
  block.finished[column] = true;
  ++done_;
  flush(lock);
}

/// Passes on the blocks that are complete and next in order; one thread at a time, outside the lock. Where
/// the sink throws, flushing_ stays set: nothing more is passed on.
void OrderedResults::flush(std::unique_lock<std::mutex>& lock) {
  if (flushing_) return;
  flushing_ = true;
  while (!blocks_.empty() && !blocks_.front().finished.empty() && blocks_.front().missing == 0) {
    const Fits fits = std::move(blocks_.front().fits);
    blocks_.pop_front();
    passed_on_ += fits.size();
    lock.unlock();
    sink_(fits);
    lock.lock();
  }
  flushing_ = false;
}

void OrderedResults::pass_on_rest() {
  if (blocks_.empty() || flushing_) return;  // still flushing: the sink has thrown
  Fits& fits = blocks_.front().fits;
  const std::vector<bool>& finished = blocks_.front().finished;
  const std::int64_t done = std::find(finished.begin(), finished.end(), false) - finished.begin();
  if (done == 0) return;
  fits.status.resize(done);
  fits.evaluations.resize(done);
  fits.gradient_norm.conservativeResize(done);
  fits.minus2_log_likelihood.conservativeResize(done);
  fits.sigma.conservativeResize(done);
  fits.theta.conservativeResize(Eigen::NoChange, done);
  fits.beta.conservativeResize(Eigen::NoChange, done);
  passed_on_ += done;
  sink_(fits);
}

void OrderedResults::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

bool OrderedResults::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

std::int64_t OrderedResults::done() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

}  // namespace cuglmm
