#include <host/fit/ordered_results.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace cuglmm {

OrderedResults::OrderedResults(std::int64_t first, std::int64_t count, int m, int p, std::int64_t block,
                               std::function<void(const Fits&)> sink)
    : first_(first), count_(count), block_(block), m_(m), p_(p), sink_(std::move(sink)) {}

int OrderedResults::claim(int wanted, std::int64_t& number) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return 0;
  const int got = static_cast<int>(std::min<std::int64_t>(wanted, count_ - next_));
  number = first_ + next_;
  next_ += got;
  return got;
}

Fits OrderedResults::empty_block(std::int64_t at) const {
  const std::int64_t size = std::min(block_, count_ - at);
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
  const std::int64_t at = replicate.number - first_, start = at / block_ * block_, column = at - start;
  auto place = blocks_.find(start);
  if (place == blocks_.end()) {
    Fits fits = empty_block(start);
    const std::int64_t size = fits.size();
    place = blocks_.emplace(start, Block{std::move(fits), size, std::vector<bool>(size)}).first;
  }
  Fits& fits = place->second.fits;
  fits.status[column] = status;
  fits.evaluations[column] = replicate.evaluations;
  if (status != Status::failed) {
    fits.gradient_norm[column] = replicate.gradient_norm;
    fits.minus2_log_likelihood[column] = replicate.objective;
    fits.theta.col(column) = Eigen::Map<const Eigen::VectorXd>(replicate.psi, m_);
    fits.beta.col(column) = Eigen::Map<const Eigen::VectorXd>(replicate.psi + m_, p_);
    fits.sigma[column] = replicate.sigma;
  }
  --place->second.missing;
  place->second.finished[column] = true;
  ++done_;
  flush(lock);
}

/// Passes on the blocks that are complete and next in order; one thread at a time, outside the lock. Where
/// the sink throws, flushing_ stays set: nothing more is passed on.
void OrderedResults::flush(std::unique_lock<std::mutex>& lock) {
  if (flushing_) return;
  flushing_ = true;
  for (auto next = blocks_.find(passed_on_); next != blocks_.end() && next->second.missing == 0;
       next = blocks_.find(passed_on_)) {
    const Fits fits = std::move(next->second.fits);
    blocks_.erase(next);
    lock.unlock();
    sink_(fits);
    lock.lock();
    passed_on_ += fits.size();
  }
  flushing_ = false;
}

void OrderedResults::pass_on_rest() {
  const auto last = blocks_.find(passed_on_);
  if (last == blocks_.end() || flushing_) return;  // still flushing: the sink has thrown
  Fits& fits = last->second.fits;
  const std::vector<bool>& finished = last->second.finished;
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
